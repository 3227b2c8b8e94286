import type { Engine } from '../engine/engine.ts';
import type { Operation } from '../progress.ts';
import type { Wait } from '../restore/awaitSteady.ts';
import type { EngineUndo } from '../restore/engineUndo.ts';
import type { KeptThing, RestoreWarning } from '../restore/restoreResult.ts';
import type { MoveSession } from './moveSession.ts';
import type { MovePlan } from './planMove.ts';
import type { VolumeListing } from './volumeListing.ts';

/** One end of a move. */
export interface MoveEnd {
  readonly engine: Engine;
  /** See `engineKey`. */
  readonly engineId: string;
  /** For its notes, and for those of helper containers. */
  readonly session: Pick<MoveSession, 'journal' | 'operationId'>;
  readonly undo: EngineUndo;
}

/** What every part of one move works with. */
export interface MoveRun {
  readonly plan: MovePlan;
  readonly source: MoveEnd;
  readonly target: MoveEnd;
  /** The target's address, for people. */
  readonly to: string;
  readonly operation: Operation;
  readonly warnings: RestoreWarning[];
  readonly kept: KeptThing[];
  readonly wait: Wait;
  /** What volumes of the target held after their first pass, by their names there. */
  readonly listed: Map<string, VolumeListing>;
}
