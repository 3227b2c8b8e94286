import type { Digest } from '../digest.ts';

/** Where a file or folder of an image of the engine lies. */
export interface FilePlace {
  readonly imageId: Digest;
  readonly tag?: string;
  /** The layer's place, from 0, the bottom one; absent for the files as a container sees them. */
  readonly layer?: number;
  /** As `entryNames.ts` writes paths. */
  readonly path: string;
}
