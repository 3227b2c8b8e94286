import {
  inspectIfThere,
  isActive,
  putBack,
  standingOf,
  standStill,
  startedAtOf,
  stoodStill,
  type Standing,
} from '../backup/standstill.ts';
import { startWaves } from '../backup/startOrder.ts';
import type { Engine } from '../engine/engine.ts';
import type { ContainerDetails } from '../engine/records.ts';
import { failure } from '../errors.ts';
import type { EngineUndo } from '../restore/engineUndo.ts';
import type { RestorePlan } from '../restore/restorePlan.ts';
import type { MoveRun } from './moveRun.ts';
import { otherWriters } from './sourceProblems.ts';

interface StillDeps extends Pick<MoveRun, 'operation' | 'warnings'> {
  readonly plan: { readonly made: Pick<RestorePlan, 'volumes'> };
  readonly source: {
    readonly engine: Engine;
    readonly undo: Pick<EngineUndo, 'note' | 'settle'>;
  };
}

interface Held {
  readonly standing: Standing;
  readonly note: number;
}

/** Containers of the source that were stopped for the last pass, each noted before. */
export class StillSource {
  readonly #run: StillDeps;
  readonly #held = new Map<string, Held>();
  /** Those that were stopped and run again, as the plan says: they are not moved, and what they write now stays here. */
  readonly #goneOn = new Set<string>();
  /** Those that did not run when the others were stopped. */
  #idle: readonly ContainerDetails[] = [];
  /** All that were there to be stopped, or stood still already. */
  readonly #known = new Set<string>();
  #isPassOver = false;

  constructor(run: StillDeps) {
    this.#run = run;
  }

  /**
   * Stops those of all writers that run, those first on which no other depends. What failure undoes is noted before
   * each.
   */
  async stop(ids: readonly string[]): Promise<void> {
    const { source, operation } = this.#run;
    const { signal } = operation;
    const found = [];
    for (const id of ids) {
      this.#known.add(id);
      found.push(await source.engine.containers.inspect(id, { signal }));
    }
    const active = found.filter(isActive);
    this.#idle = found.filter((details) => !isActive(details));
    const waves = startWaves(active, ({ config }) => config.labels);
    for (const wave of [...waves].reverse())
      for (const details of [...wave].reverse()) {
        signal.throwIfAborted();
        operation.progress.report({ phase: 'stopping', item: details.name });
        const standing = standingOf(details, 'stop');
        const note = await source.undo.note({ kind: 'start', container: details.id });
        this.#held.set(details.id, { standing, note });
        if ((await standStill(source.engine, standing)) === 'asked') continue;
        // It ended by itself in that moment, and stays as it is.
        this.#held.delete(details.id);
        await source.undo.settle(note);
        const ended = await inspectIfThere(source.engine, details.id);
        if (ended !== undefined) this.#idle = [...this.#idle, ended];
      }
  }

  /**
   * Rejects with `moveNotStill` where one of them, or another one that may write to the volumes, runs by now; and, until
   * some go on, where one ran meanwhile. One that was made and is gone again can't be seen.
   */
  async requireStill(): Promise<void> {
    const { source, plan } = this.#run;
    for (const { standing } of this.#held.values())
      if (!(await stoodStill(source.engine, standing)))
        throw failure('moveNotStill', { name: standing.name });
    for (const before of this.#idle) {
      const now = await inspectIfThere(source.engine, before.id);
      if (now?.state !== before.state || startedAtOf(now) !== startedAtOf(before))
        throw failure('moveNotStill', { name: before.name });
    }
    const containers = await source.engine.containers.list();
    const late = otherWriters(plan.made.volumes, { containers }, this.#goneOn).find(
      ({ container: { id, state } }) =>
        isActive({ state }) || (!this.#isPassOver && !this.#known.has(id) && state !== 'created'),
    );
    if (late !== undefined)
      throw failure('moveNotStill', { name: late.container.names[0] ?? late.container.id });
  }

  /** Starts those again for which `goesOn` says so, in the order in which they may start. */
  async goOn(goesOn: (id: string) => boolean): Promise<void> {
    const { source, warnings } = this.#run;
    this.#isPassOver = true;
    this.#idle = this.#idle.filter(({ id }) => !goesOn(id));
    for (const [id, { standing, note }] of [...this.#held].reverse()) {
      if (!goesOn(id)) continue;
      const outcome = await putBack(source.engine, standing);
      if (outcome !== 'running')
        warnings.push({ kind: 'notRunning', name: standing.name, text: 'it was started again and ended' });
      this.#held.delete(id);
      this.#goneOn.add(id);
      await source.undo.settle(note);
    }
  }
}
