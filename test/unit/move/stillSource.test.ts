import assert from 'node:assert/strict';
import { digestOf } from '../../../src/core/digest.ts';
import type { Engine } from '../../../src/core/engine/engine.ts';
import { StillSource } from '../../../src/core/move/stillSource.ts';
import { unattended } from '../../../src/core/progress.ts';
import type { PlannedVolume } from '../../../src/core/restore/restorePlan.ts';
import { failureOf } from '../../support/failureOf.ts';
import { SteadyEngine, type SteadyContainer } from '../../support/steadyEngine.ts';
import { container, mountOf } from '../inventory/records.ts';

const data: PlannedVolume = {
  ...{ target: 'data', action: 'create' },
  volume: {
    descriptor: { mediaType: '', digest: digestOf('data'), size: 0 },
    document: {
      ...{ formatVersion: 1, name: 'data', kind: 'volume', driver: 'local', options: {}, labels: {} },
      ...{ isAnonymous: false, root: '', entryCount: 0, plainBytes: 0, remarks: [] },
    },
    parts: [],
  },
};

describe('what stands still for the last pass', () => {
  /** All of them may write to the volume. */
  function stillOf(containers: Readonly<Record<string, SteadyContainer>>): {
    readonly still: StillSource;
    readonly steady: SteadyEngine;
  } {
    const steady = new SteadyEngine(containers);
    const list: Engine['containers']['list'] = () =>
      Promise.resolve(
        Object.entries(steady.states()).map(([id, state]) =>
          container(id, { id, state, mounts: [mountOf('data')] }),
        ),
      );
    const engine = { ...steady.engine, containers: { ...steady.engine.containers, list } };
    let notes = 0;
    const undo = { note: () => Promise.resolve(notes++), settle: () => Promise.resolve() };
    const still = new StillSource({
      plan: { made: { volumes: [data] } },
      source: { engine, undo },
      operation: unattended(),
      warnings: [],
    });
    return { still, steady };
  }

  it('is nothing that ran meanwhile and has ended again: one that stood, one that is new, one that ended as it was stopped', async () => {
    const { still, steady } = stillOf({ web: {}, job: { state: 'exited' }, brief: {} });
    steady.fails = (call) => {
      const held = steady.containers.get('brief');
      if (call === 'stop brief' && held !== undefined) held.state = 'exited';
      return undefined;
    };
    await still.stop(['web', 'job', 'brief']);
    await still.requireStill();
    for (const name of ['job', 'brief']) {
      const held = steady.containers.get(name);
      assert.ok(held);
      held.starts += 1;
      assert.equal((await failureOf(still.requireStill())).details['name'], name);
      held.starts -= 1;
    }
    const made = { starts: 1, labels: {}, isRemovedAtStop: false };
    steady.containers.set('new', { ...made, state: 'created' });
    await still.requireStill();
    steady.containers.set('new', { ...made, state: 'exited' });
    assert.equal((await failureOf(still.requireStill())).code, 'moveNotStill');
  });

  it('is asked of what goes on here no more, once the volumes were read', async () => {
    const { still, steady } = stillOf({ web: {}, job: { state: 'exited' } });
    await still.stop(['web', 'job']);
    await still.goOn((id) => id !== 'web');
    const job = steady.containers.get('job');
    assert.ok(job);
    job.starts += 1;
    await still.requireStill();
    await steady.engine.containers.start('web');
    assert.equal((await failureOf(still.requireStill())).details['name'], 'web');
  });
});
