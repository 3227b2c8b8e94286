import type { Digest } from '../digest.ts';
import type { RestoreChoices } from '../restore/restorePlan.ts';

/** What is moved. */
export type MovedThing =
  | {
      readonly kind: 'image';
      /** With the names that they are to have there. */
      readonly images: readonly { readonly id: Digest; readonly tags: readonly string[] }[];
    }
  | {
      readonly kind: 'container';
      /** Its ID. */
      readonly id: string;
    }
  | {
      readonly kind: 'project';
      /** The name, as its containers' label says it. */
      readonly name: string;
    };

/**
 * What becomes of it here once it stands there: it goes on as before (a copy), it stays and stands still, or it is
 * removed. Of images the first two are the same.
 */
export type Afterwards = 'keep' | 'stop' | 'remove';

export interface MoveInput {
  readonly thing: MovedThing;
  readonly choices: RestoreChoices;
  readonly afterwards: Afterwards;
  /** Now, for names under which something is kept; the clock's time when left out. */
  readonly nowMs?: number;
}
