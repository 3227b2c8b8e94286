import assert from 'node:assert/strict';
import { withConsistency, type Consistency } from '../../../src/core/backup/withConsistency.ts';
import { failure } from '../../../src/core/errors.ts';
import { unattended } from '../../../src/core/progress.ts';
import { undoEngineNotes } from '../../../src/core/recovery/engineNotes.ts';
import type { RunningOperation } from '../../../src/core/vault/journal.ts';
import type { JournalNote } from '../../../src/core/vault/journalFile.ts';
import { failureOf } from '../../support/failureOf.ts';
import { SteadyEngine, type SteadyContainer } from '../../support/steadyEngine.ts';

/** A journal in memory, and what is open in it. */
class Notes implements RunningOperation {
  readonly id = 'test';
  readonly open = new Map<number, JournalNote>();
  /** What was open when each note was written, to see that it came first. */
  written = 0;
  get openNotes(): readonly JournalNote[] {
    return [...this.open.values()];
  }
  note(kind: string, data: unknown): Promise<number> {
    this.open.set(this.written, { number: this.written, kind, data });
    return Promise.resolve(this.written++);
  }
  settle(note: number): Promise<void> {
    this.open.delete(note);
    return Promise.resolve();
  }
  end(): Promise<void> {
    return Promise.resolve();
  }
}

const compose = (service: string, dependsOn = ''): SteadyContainer => ({
  labels: {
    'com.docker.compose.project': 'shop',
    'com.docker.compose.service': service,
    'com.docker.compose.depends_on': dependsOn,
  },
});
const hooks = (before: string, after = '', timeout = ''): SteadyContainer => ({
  labels: {
    'dev.drydock.hook.before': before,
    'dev.drydock.hook.after': after,
    ...(timeout === '' ? {} : { 'dev.drydock.hook.timeout': timeout }),
  },
});

function setUp(containers: Readonly<Record<string, SteadyContainer>>) {
  const steady = new SteadyEngine(containers);
  const journal = new Notes();
  const deps = { engine: steady.engine, engineId: 'E1', session: { journal } };
  const run = <T>(
    mode: Consistency,
    work: (window: { readonly isStill: boolean }) => Promise<T>,
    operation = unattended(),
  ): Promise<{
    readonly value: T;
    readonly remarks: readonly { readonly kind: string; readonly subject: string }[];
  }> =>
    withConsistency(
      deps,
      { containers: Object.keys(containers).map((id) => ({ id })), mode },
      operation,
      work,
    );
  return { steady, journal, run };
}

describe('keeping containers still while they are read', () => {
  it('pauses what runs, and nothing else', async () => {
    const { steady, journal, run } = setUp({
      runs: {},
      waits: { state: 'paused' },
      ended: { state: 'exited' },
      made: { state: 'created' },
    });
    const before = steady.states();
    const { value, remarks } = await run('pause', ({ isStill }) => {
      assert.equal(isStill, true);
      return Promise.resolve(steady.states());
    });
    assert.deepEqual(value, { ...before, runs: 'paused' });
    assert.deepEqual(steady.states(), before);
    assert.deepEqual(steady.done, ['pause runs', 'unpause runs']);
    assert.equal(journal.openNotes.length, 0);
    assert.deepEqual(remarks, []);
  });

  it('touches nothing without consistency, and says that things may be written meanwhile', async () => {
    const { steady, run } = setUp({ runs: {} });
    const { value } = await run('none', ({ isStill }) => Promise.resolve(isStill));
    assert.equal(value, false);
    assert.deepEqual(steady.done, []);
  });

  it('stops what depends on others first, and starts it last', async () => {
    const { steady, run } = setUp({
      web: compose('web', 'api:service_started:false'),
      api: compose('api', 'db:service_healthy:true,cache:service_started:false'),
      db: compose('db'),
      cache: compose('cache'),
    });
    await run('stop', () => Promise.resolve());
    assert.deepEqual(steady.done, [
      ...['stop web', 'stop api', 'stop db', 'stop cache'],
      ...['start db', 'start cache', 'start api', 'start web'],
    ]);
  });

  it('notes everything before it touches anything', async () => {
    const { steady, journal, run } = setUp({ a: {}, b: {} });
    let open: readonly unknown[] = [];
    steady.fails = (call) => {
      if (call === 'pause a') open = [...journal.open.values()].map(({ kind }) => kind);
      return undefined;
    };
    await run('pause', () => Promise.resolve());
    assert.deepEqual(open, ['unpause', 'unpause']);
  });

  it('leaves enough behind for the next start when the process dies', async () => {
    for (const [mode, state] of [
      ['pause', 'paused'],
      ['stop', 'exited'],
    ] as const) {
      const { steady, journal, run } = setUp({ a: hooks('lock', 'unlock'), b: {} });
      const notes = await run(mode, () => {
        assert.deepEqual(steady.states(), { a: state, b: state });
        return Promise.resolve([...journal.open.values()]);
      });
      const dead = setUp({ a: { ...hooks('', ''), state }, b: { state } });
      const undo = undoEngineNotes(dead.steady.engine, 'E1');
      const head = { id: '', kind: '', subject: '', claimId: '', since: '', owner: owner };
      for (const { kind, data } of notes.value.reverse())
        assert.equal(await undo.get(kind)?.(data, head, new AbortController().signal), 'settled');
      assert.deepEqual(dead.steady.states(), { a: 'running', b: 'running' });
      assert.equal(dead.steady.done.at(-1), 'exec a unlock');
    }
  });

  it('keeps a hook after for later while its container could not be put back', async () => {
    const { steady } = setUp({ a: { ...hooks('', 'unlock'), state: 'paused' } });
    const undo = undoEngineNotes(steady.engine, 'E1').get('runAfter');
    assert.ok(undo);
    const data = { engineId: 'E1', atMs: 0, container: 'a', command: ['unlock'], timeoutMs: 1000 };
    const head = { id: '', kind: '', subject: '', claimId: '', since: '', owner };
    const { signal } = new AbortController();
    const error = await failureOf(Promise.resolve(undo(data, { ...head, hasLeft: true }, signal)));
    assert.equal(error.code, 'engineConflict');
    assert.equal(await undo(data, head, signal), 'settled');
    assert.deepEqual(steady.done, []);
  });

  it('puts everything back when the work fails', async () => {
    const { steady, journal, run } = setUp({ a: {}, b: {} });
    const error = failure('streamCut', { call: 'x', bytes: 1 });
    assert.equal(await failureOf(run('stop', () => Promise.reject(error))), error);
    assert.deepEqual(steady.states(), { a: 'running', b: 'running' });
    assert.equal(journal.openNotes.length, 0);
  });

  for (const mode of ['pause', 'stop'] as const)
    it(`puts everything back when ${mode} is cancelled in its middle`, async () => {
      const { steady, journal, run } = setUp({ a: {}, b: compose('b', 'a:x:y'), c: {} });
      const controller = new AbortController();
      steady.fails = () => {
        controller.abort();
        return undefined;
      };
      let hasWorked = false;
      const work = (): Promise<void> => {
        hasWorked = true;
        return Promise.resolve();
      };
      const operation = { ...unattended(), signal: controller.signal };
      await assert.rejects(run(mode, work, operation), { name: 'AbortError' });
      assert.equal(hasWorked, false);
      assert.deepEqual(steady.states(), { a: 'running', b: 'running', c: 'running' });
      assert.equal(journal.openNotes.length, 0);
    });

  it('puts back what it had paused when the engine refuses another', async () => {
    const { steady, run } = setUp({ a: {}, b: {} });
    const refusal = failure('engineRefused', { call: 'container pause', reason: 'no cgroup' });
    steady.fails = (call) => (call === 'pause b' ? refusal : undefined);
    assert.equal(await failureOf(run('pause', () => Promise.resolve())), refusal);
    assert.deepEqual(steady.states(), { a: 'running', b: 'running' });
  });

  it('takes one that ends by itself just then for what it is', async () => {
    const { steady, run } = setUp({ a: {}, b: {} });
    steady.fails = (call) => {
      const a = steady.containers.get('a');
      if (call === 'pause a' && a !== undefined) a.state = 'exited';
      return undefined;
    };
    const { remarks } = await run('pause', () => Promise.resolve());
    assert.deepEqual(steady.states(), { a: 'exited', b: 'running' });
    assert.deepEqual(remarks, []);
  });

  for (const [mode, call] of [
    ['pause', 'pause a'],
    ['stop', 'stop a'],
  ] as const)
    it(`puts back what did ${mode} though the engine’s answer was lost`, async () => {
      const { steady, journal, run } = setUp({ a: {}, b: {} });
      steady.loses = (done) =>
        done === call ? failure('engineAnswerCut', { call: 'container pause' }) : undefined;
      const { value, remarks } = await run(mode, () => Promise.resolve(steady.states()['a']));
      assert.equal(value, mode === 'pause' ? 'paused' : 'exited');
      assert.deepEqual(steady.states(), { a: 'running', b: 'running' });
      assert.deepEqual(remarks, []);
      assert.equal(journal.openNotes.length, 0);
    });

  it('waits for one that the engine goes on to stop after its answer was lost', async () => {
    const { steady, run } = setUp({ a: {} });
    steady.fails = (call) => {
      if (call !== 'stop a') return undefined;
      setTimeout(() => {
        const a = steady.containers.get('a');
        if (a !== undefined) a.state = 'exited';
      }, 100);
      return failure('engineTimeout', { call: 'container stop', seconds: 70 });
    };
    assert.equal(
      await run('stop', () => Promise.resolve(steady.states()['a'])).then((r) => r.value),
      'exited',
    );
    assert.deepEqual(steady.states(), { a: 'running' });
  });

  it('does not start one again that was done while hooks ran', async () => {
    const { steady, journal, run } = setUp({ job: {}, db: hooks('lock') });
    steady.runs = () => {
      const job = steady.containers.get('job');
      if (job !== undefined) job.state = 'exited';
      return { exitCode: 0, output: '' };
    };
    await run('stop', () => Promise.resolve());
    assert.deepEqual(steady.states(), { job: 'exited', db: 'running' });
    assert.deepEqual(steady.done, ['exec db lock', 'stop db', 'start db']);
    assert.equal(journal.openNotes.length, 0);
  });

  it('names one that did not run and was started while it was read, even when it has ended again', async () => {
    for (const end of ['running', 'exited'] as const) {
      const { steady, run } = setUp({ job: { state: 'exited' }, still: { state: 'exited' } });
      const { remarks } = await run('pause', async () => {
        await steady.engine.containers.start('job');
        if (end === 'exited') await steady.engine.containers.stop('job');
      });
      assert.deepEqual(
        remarks.map(({ kind, subject }) => `${kind} ${subject}`),
        ['notPaused job'],
      );
      assert.equal(steady.states()['job'], end);
    }
  });

  it('names one that somebody else had paused first, and resumed while it was read', async () => {
    const { steady, journal, run } = setUp({ a: {}, db: hooks('lock') });
    const a = steady.containers.get('a');
    assert.ok(a);
    steady.runs = () => {
      a.state = 'paused';
      return { exitCode: 0, output: '' };
    };
    const { remarks } = await run('pause', () => {
      a.state = 'running';
      return Promise.resolve();
    });
    assert.deepEqual(
      remarks.map(({ kind, subject }) => `${kind} ${subject}`),
      ['notPaused a'],
    );
    assert.deepEqual(steady.states(), { a: 'running', db: 'running' });
    assert.equal(journal.openNotes.length, 0);
  });

  it('counts one as put back that restarts again and again, as it did before', async () => {
    const { steady, journal, run } = setUp({ loops: { state: 'restarting' } });
    steady.loses = (call) => {
      const loops = steady.containers.get('loops');
      if (call === 'start loops' && loops !== undefined) loops.state = 'restarting';
      return undefined;
    };
    const { remarks } = await run('stop', () => Promise.resolve());
    assert.deepEqual(
      remarks.map(({ kind, subject }) => `${kind} ${subject}`),
      ['other loops'],
    );
    assert.equal(journal.openNotes.length, 0);
  }).timeout(10_000);

  it('puts all back before it waits for the journal, whose disk may hang', async () => {
    const { steady, journal, run } = setUp({ a: {}, b: {} });
    const settled: unknown[] = [];
    journal.settle = (note) => {
      settled.push(steady.states());
      return Notes.prototype.settle.call(journal, note);
    };
    await run('pause', () => Promise.resolve());
    const all = { a: 'running', b: 'running' };
    assert.deepEqual(settled, [all, all]);
  });

  it('tries again when putting back fails at first', async () => {
    const { steady, run, journal } = setUp({ a: {} });
    let attempts = 0;
    steady.fails = (call) =>
      call === 'unpause a' && ++attempts < 3
        ? failure('engineUnreachable', { endpoint: 'unix:///steady.sock' })
        : undefined;
    await run('pause', () => Promise.resolve());
    assert.deepEqual(steady.states(), { a: 'running' });
    assert.equal(journal.openNotes.length, 0);
  });

  it('says so and keeps the note when one can’t be put back, and puts the others back', async () => {
    const { steady, run, journal } = setUp({ a: {}, b: {} });
    steady.fails = (call) =>
      call === 'unpause a' ? failure('engineRefused', { call: 'unpause', reason: 'busy' }) : undefined;
    const error = await failureOf(run('pause', () => Promise.resolve()));
    assert.equal(error.code, 'notPutBack');
    assert.equal(error.details['names'], 'a');
    assert.deepEqual(steady.states(), { a: 'paused', b: 'running' });
    assert.equal(journal.openNotes.length, 1);
  }).timeout(10_000);

  it('names what somebody resumed, restarted or removed while it was read', async () => {
    const { steady, run } = setUp({ resumed: {}, removed: {}, still: {} });
    const paused = await run('pause', () => {
      const resumed = steady.containers.get('resumed');
      if (resumed !== undefined) resumed.state = 'running';
      steady.containers.delete('removed');
      return Promise.resolve();
    });
    assert.deepEqual(
      paused.remarks.map(({ kind, subject }) => `${kind} ${subject}`),
      ['notPaused resumed', 'notPaused removed', 'vanished removed'],
    );
    const again = setUp({ restarted: {} });
    const stopped = await again.run('stop', async () => {
      await again.steady.engine.containers.start('restarted');
      await again.steady.engine.containers.stop('restarted');
    });
    assert.deepEqual(
      stopped.remarks.map(({ kind, subject }) => `${kind} ${subject}`),
      ['notPaused restarted'],
    );
    assert.deepEqual(again.steady.states(), { restarted: 'running' });
  });

  it('refuses to stop a container that would be removed then, before it touches another', async () => {
    const { steady, run } = setUp({ a: {}, once: { isRemovedAtStop: true } });
    assert.equal((await failureOf(run('stop', () => Promise.resolve()))).code, 'stopWouldRemove');
    assert.deepEqual(steady.done, []);
    await run('pause', () => Promise.resolve());
  });

  it('says that one which restarts all the time was not paused', async () => {
    const { run } = setUp({ loops: { state: 'restarting' } });
    const { value, remarks } = await run('pause', ({ isStill }) => Promise.resolve(isStill));
    assert.equal(value, false);
    assert.deepEqual(
      remarks.map(({ kind, subject }) => `${kind} ${subject}`),
      ['notPaused loops'],
    );
  });
});

describe('hooks around a backup', () => {
  it('run before the pause and after it', async () => {
    const { steady, run, journal } = setUp({
      db: hooks('lock', 'unlock'),
      ended: { ...hooks('x', 'y'), state: 'exited' },
    });
    await run('pause', () => Promise.resolve());
    assert.deepEqual(steady.done, ['exec db lock', 'pause db', 'unpause db', 'exec db unlock']);
    assert.equal(journal.openNotes.length, 0);
  });

  it('are not run in one that restarts all the time, where they could only fail', async () => {
    const { steady, run } = setUp({ loops: { ...hooks('lock', 'unlock'), state: 'restarting' } });
    await run('stop', () => Promise.resolve());
    assert.deepEqual(steady.done, ['stop loops', 'start loops']);
  });

  it('end the backup when one fails before, with the last line it printed', async () => {
    const { steady, run } = setUp({ db: hooks('lock', 'unlock') });
    steady.runs = (_, command) =>
      command === 'lock' ? { exitCode: 3, output: 'trying\nno space left\n\n' } : { exitCode: 0, output: '' };
    const error = await failureOf(run('pause', () => Promise.resolve()));
    assert.equal(error.code, 'hookFailed');
    assert.match(error.message, /3: no space left/);
    assert.deepEqual(steady.done, ['exec db lock', 'exec db unlock']);
  });

  it('after always run, and a failure of theirs is a remark', async () => {
    const { steady, run } = setUp({ db: hooks('lock', 'unlock') });
    steady.runs = (_, command) => ({ exitCode: command === 'unlock' ? 1 : 0, output: '' });
    const { remarks } = await run('stop', () => Promise.resolve());
    assert.deepEqual(
      remarks.map(({ kind, subject }) => `${kind} ${subject}`),
      ['hookFailed db'],
    );
    const failing = setUp({ db: hooks('lock', 'unlock') });
    await failureOf(
      failing.run('pause', () => Promise.reject(failure('streamCut', { call: 'x', bytes: 1 }))),
    );
    assert.equal(failing.steady.done.at(-1), 'exec db unlock');
  });

  it('after are told of when they fail after a failure, since nobody reads remarks then', async () => {
    const { steady, run } = setUp({ db: hooks('lock', 'unlock') });
    steady.runs = (_, command) => ({ exitCode: command === 'unlock' ? 1 : 0, output: 'still locked' });
    const cut = failure('streamCut', { call: 'x', bytes: 1 });
    const error = await failureOf(run('pause', () => Promise.reject(cut)));
    assert.equal(error.code, 'hookAfterFailed');
    assert.match(error.message, /db .*1: still locked/);
    assert.ok(error.cause instanceof AggregateError && error.cause.errors.includes(cut));
  });

  it('after stay noted when the engine was not there to run them', async () => {
    const { steady, run, journal } = setUp({ db: hooks('lock', 'unlock') });
    steady.runs = (_, command) => {
      if (command === 'unlock') throw failure('engineUnreachable', { endpoint: 'unix:///steady.sock' });
      return { exitCode: 0, output: '' };
    };
    const { remarks } = await run('pause', () => Promise.resolve());
    assert.deepEqual(
      remarks.map(({ kind }) => kind),
      ['hookFailed'],
    );
    assert.deepEqual(
      [...journal.open.values()].map(({ kind }) => kind),
      ['runAfter'],
    );
  });

  it('are not waited for longer than their label says', async () => {
    const { steady, run } = setUp({ db: hooks('lock', '', '0.05') });
    steady.runs = () => new Promise(() => undefined);
    const error = await failureOf(run('pause', () => Promise.resolve()));
    assert.match(error.message, /0\.05 s/);
    assert.deepEqual(steady.done, ['exec db lock']);
  });

  it('take the words of a JSON array as they are', async () => {
    const { steady, run } = setUp({ db: hooks('["pg_dump", "a b"]') });
    await run('none', () => Promise.resolve());
    assert.deepEqual(steady.done, ['exec db a b']);
  });

  for (const labels of [hooks('["open'), hooks('[]'), hooks('x', '', 'soon'), hooks('x', '', '-1')])
    it(`refuse ${JSON.stringify(labels.labels)} before anything runs`, async () => {
      const { steady, run } = setUp({ other: hooks('fine'), db: labels });
      assert.equal((await failureOf(run('pause', () => Promise.resolve()))).code, 'hookLabelBad');
      assert.deepEqual(steady.done, []);
    });
});

const owner = { user: '', host: '', pid: 1, bootId: '', pidNamespace: '', startTime: '' };
