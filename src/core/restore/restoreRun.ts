import type { Engine } from '../engine/engine.ts';
import { DrydockError } from '../errors.ts';
import type { Operation } from '../progress.ts';
import type { SnapshotVolume } from '../snapshot/snapshot.ts';
import type { ReplacedVolume } from '../volumes/replaceVolume.ts';
import type { Wait } from './awaitSteady.ts';
import type { EngineUndo } from './engineUndo.ts';
import type { RestorePlan } from './restorePlan.ts';
import type { KeptThing, RestoreWarning } from './restoreResult.ts';

/** What every part of one restore works with. */
export interface RestoreRun {
  readonly engine: Engine;
  readonly plan: RestorePlan;
  readonly operation: Operation;
  readonly undo: EngineUndo;
  readonly warnings: RestoreWarning[];
  readonly kept: KeptThing[];
  readonly wait: Wait;
  /** Fills a volume that was just made and is empty. */
  readonly fill: (volume: SnapshotVolume, target: string) => Promise<void>;
  /** Puts a volume's data in the place of what is in `target` now; see `replaceVolume`. */
  readonly replace: (volume: SnapshotVolume, target: string) => Promise<ReplacedVolume>;
}

/** What `ask` gives, or undefined where the engine has no such thing. */
export async function ifThere<T>(ask: Promise<T>): Promise<T | undefined> {
  try {
    return await ask;
  } catch (error) {
    if (error instanceof DrydockError && error.code === 'engineNotFound') return undefined;
    throw error;
  }
}
