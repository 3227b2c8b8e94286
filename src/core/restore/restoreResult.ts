import type { RestoreItem } from './restorePlan.ts';

/** What was replaced and is kept: a tag's image under another name, a volume's old data as a snapshot. */
export interface KeptThing {
  readonly what: 'tag' | 'volume';
  readonly name: string;
  readonly keptAs: string;
}

/** Something that is not as it was, or that the engine said. */
export interface RestoreWarning {
  /** `engine`: its own words. The others: a container that ended again, an old one that could not be removed. */
  readonly kind: 'engine' | 'notRunning' | 'oldLeft';
  readonly name: string;
  readonly text: string;
}

/** What a restore did; all of it was looked up on the engine afterwards. */
export interface RestoreResult {
  /** As in the plan, with the names that the engine gave. */
  readonly items: readonly RestoreItem[];
  readonly kept: readonly KeptThing[];
  readonly warnings: readonly RestoreWarning[];
  /** Bytes of images and volumes that went to the engine, those that went twice included. */
  readonly sentBytes: number;
  /** Why images were sent whole after all: what the engine said to the tar without the layers that it had. */
  readonly sentAgain?: string;
}
