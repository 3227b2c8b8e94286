import assert from 'node:assert/strict';
import type { Engine } from '../../../src/core/engine/engine.ts';
import type { ContainerDetails } from '../../../src/core/engine/records.ts';
import { unusableEngine } from '../../../src/core/engine/unusableEngine.ts';
import { failure } from '../../../src/core/errors.ts';
import { madeUpName, noteEngine, undoEngineNotes } from '../../../src/core/recovery/engineNotes.ts';
import type { EngineNote } from '../../../src/core/recovery/engineNotes.ts';
import { createVault } from '../../../src/core/vault/layout.ts';
import { beginOperation, recoverJournal } from '../../../src/core/vault/journal.ts';
import { acquireLock } from '../../../src/core/vault/locks.ts';
import { currentProcess } from '../../../src/core/vault/processIdentity.ts';
import { failureOf } from '../../support/failureOf.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const minute = 60_000;
const notedMs = 1_800_000_000_500;
const head = {
  id: '00000000-0000-4000-8000-000000000000',
  kind: 'backup',
  subject: 'web',
  owner: { user: '', host: '', pid: 1, bootId: '', pidNamespace: '', startTime: '' },
  claimId: '00000000-0000-4000-8000-000000000001',
  since: '',
};

interface Things {
  readonly containers?: Readonly<Record<string, Partial<ContainerDetails>>>;
  /** When each was made, and who uses it. */
  readonly volumes?: Readonly<Record<string, { readonly createdAtMs?: number; readonly usedBy?: string }>>;
  readonly networks?: Readonly<Record<string, { readonly usedBy?: string; readonly raw?: unknown }>>;
  readonly images?: readonly string[];
}

/** An engine with these things, and what it was asked to change. */
function engineWith({ containers = {}, volumes = {}, networks = {}, images = [] }: Things): {
  readonly engine: Engine;
  readonly done: readonly string[];
} {
  const done: string[] = [];
  const rest = unusableEngine('unix:///e', failure('engineUnreachable', { endpoint: 'unix:///e' }));
  const find = <T>(kind: string, all: Readonly<Record<string, T>>, name: string): T => {
    const found = all[name];
    if (found === undefined) throw failure('engineNotFound', { kind, name });
    return found;
  };
  const says = (text: string): Promise<void> => {
    done.push(text);
    return Promise.resolve();
  };
  const users = Object.entries(volumes).flatMap(([name, { usedBy }]) =>
    usedBy === undefined ? [] : [{ names: [usedBy], mounts: [{ name }], networks: [] }],
  );
  const joined = Object.entries(networks).flatMap(([name, { usedBy }]) =>
    usedBy === undefined ? [] : [{ names: [usedBy], mounts: [], networks: [name] }],
  );
  const engine = {
    ...rest,
    containers: {
      ...rest.containers,
      list: () => Promise.resolve([...users, ...joined]),
      inspect: async (ref: string) => ({
        id: `id of ${ref}`,
        name: ref,
        state: 'running',
        ...(await Promise.resolve(find('container', containers, ref))),
      }),
      remove: (ref: string) => says(`remove container ${ref}`),
      start: (ref: string) => says(`start ${ref}`),
      pause: (ref: string) => says(`pause ${ref}`),
      unpause: (ref: string) => says(`unpause ${ref}`),
      rename: (ref: string, name: string) => says(`rename ${ref} to ${name}`),
    },
    images: {
      ...rest.images,
      remove: async (ref: string) => {
        if (!images.includes(ref)) throw failure('engineNotFound', { kind: 'image', name: ref });
        await says(`remove image ${ref}`);
        return [];
      },
    },
    volumes: {
      ...rest.volumes,
      inspect: async (name: string) => ({ name, ...(await Promise.resolve(find('volume', volumes, name))) }),
      remove: (name: string) => says(`remove volume ${name}`),
    },
    networks: {
      ...rest.networks,
      inspect: async (name: string) => ({
        id: `id of ${name}`,
        name,
        ...(await Promise.resolve(find('network', networks, name))),
      }),
      remove: (ref: string) => says(`remove network ${ref}`),
    },
  } as unknown as Engine;
  return { engine, done };
}

async function undone(
  things: Things,
  { kind, ...data }: EngineNote,
  engineId = 'E1',
  hasLeft = false,
): Promise<{ readonly outcome: string; readonly done: readonly string[] }> {
  const { engine, done } = engineWith(things);
  const undo = undoEngineNotes(engine, 'E1').get(kind);
  const outcome = await undo?.(
    { engineId, atMs: notedMs, ...data },
    { ...head, hasLeft },
    new AbortController().signal,
  );
  return { outcome: outcome ?? 'none', done };
}

describe('undoing what was noted on an engine', () => {
  const notes: readonly EngineNote[] = [
    { kind: 'removeContainer', name: 'web' },
    { kind: 'removeImage', name: 'localhost/drydock-commit:1' },
    { kind: 'removeVolume', name: 'data', notBeforeMs: notedMs },
    { kind: 'removeNetwork', name: 'back' },
    { kind: 'unpause', container: 'web' },
    { kind: 'start', container: 'web' },
    { kind: 'renameBack', container: 'web', to: 'web-old' },
  ];
  for (const note of notes) {
    it(`settles ${note.kind} where there is nothing of the kind`, async () => {
      assert.deepEqual(await undone({}, note), { outcome: 'settled', done: [] });
    });
    it(`leaves ${note.kind} to the engine it was noted for`, async () => {
      assert.deepEqual(await undone({}, note, 'E2'), { outcome: 'elsewhere', done: [] });
    });
  }

  it('resumes only what is paused, and starts only what stands still', async () => {
    const unpause = { kind: 'unpause', container: 'c' } as const;
    const start = { kind: 'start', container: 'c' } as const;
    const inState = (state: ContainerDetails['state']): Things => ({ containers: { c: { state } } });
    assert.deepEqual((await undone(inState('paused'), unpause)).done, ['unpause id of c']);
    assert.deepEqual((await undone(inState('running'), unpause)).done, []);
    assert.deepEqual((await undone(inState('exited'), unpause)).done, []);
    assert.deepEqual((await undone(inState('exited'), start)).done, ['start id of c']);
    assert.deepEqual((await undone(inState('running'), start)).done, []);
    assert.deepEqual((await undone(inState('paused'), start)).done, []);
  });

  it('gives a container its name back once', async () => {
    const back = { kind: 'renameBack', container: 'c', to: 'web' } as const;
    const named = (name: string): Things => ({ containers: { c: { id: 'c', name } } });
    assert.deepEqual((await undone(named('web-kept'), back)).done, ['rename c to web']);
    assert.deepEqual((await undone(named('web'), back)).done, []);
  });

  it('keeps a volume that is older than its note, in use, or made by somebody later', async () => {
    const note = { kind: 'removeVolume', name: 'data', notBeforeMs: notedMs } as const;
    const made = (createdAtMs: number, usedBy?: string): Things => ({
      volumes: { data: { createdAtMs, ...(usedBy === undefined ? {} : { usedBy }) } },
    });
    const removed = ['remove volume data'];
    // The engine tells whole seconds: the one that is cut off here is not older.
    assert.deepEqual((await undone(made(notedMs - 500), note)).done, removed);
    assert.deepEqual((await undone(made(notedMs + minute), note)).done, removed);
    assert.deepEqual((await undone(made(notedMs - 60 * minute), note)).done, []);
    assert.deepEqual((await undone(made(notedMs + minute, 'db'), note)).done, []);
    assert.deepEqual((await undone(made(notedMs + 60 * minute), note)).done, []);
    assert.deepEqual((await undone({ volumes: { data: {} } }, note)).done, []);
  });

  it('leaves the note where a volume may be older, and names it', async () => {
    const note = { kind: 'removeVolume', name: 'data', notBeforeMs: notedMs } as const;
    const slow = { volumes: { data: { createdAtMs: notedMs - 1000 } } };
    const error = await failureOf(undone(slow, note));
    assert.equal(error.code, 'engineConflict');
    assert.equal(error.details['name'], 'data');
  });

  it('starts what it stood in for only under its own name, and pauses it again', async () => {
    const start = { kind: 'start', container: 'c', name: 'web', isPaused: true } as const;
    const named = (name: string, state: ContainerDetails['state']): Things => ({
      containers: { c: { id: 'c', name, state } },
    });
    assert.deepEqual((await undone(named('web', 'exited'), start)).done, ['start c', 'pause c']);
    // A crash between the two, and one before it was stopped.
    assert.deepEqual((await undone(named('web', 'running'), start)).done, ['pause c']);
    assert.deepEqual((await undone(named('web', 'paused'), start)).done, []);
    assert.equal((await failureOf(undone(named('web-before', 'exited'), start))).code, 'engineConflict');
  });

  it('keeps a container that got the name at another time, or was started', async () => {
    const note = { kind: 'removeContainer', name: 'web' } as const;
    const made = (createdAtMs: number, state: ContainerDetails['state'] = 'created'): Things => ({
      containers: { web: { createdAtMs, state } },
    });
    assert.deepEqual((await undone(made(notedMs + minute), note)).done, ['remove container id of web']);
    assert.deepEqual((await undone(made(notedMs + minute, 'running'), note)).done, []);
    assert.deepEqual((await undone(made(notedMs + minute, 'exited'), note)).done, []);
    assert.deepEqual((await undone(made(notedMs - 60 * minute), note)).done, []);
    assert.deepEqual((await undone(made(notedMs + 60 * minute), note)).done, []);
  });

  it('knows a volume by the time that the engine told when it was made, whatever its clock', async () => {
    const madeAtMs = notedMs - 600 * minute;
    const note = { kind: 'removeVolume', name: 'data', notBeforeMs: notedMs, madeAtMs } as const;
    const at = (createdAtMs: number): Things => ({ volumes: { data: { createdAtMs } } });
    const removed = ['remove volume data'];
    assert.deepEqual((await undone(at(madeAtMs), note)).done, removed);
    // Docker before 23 tells when its folder last changed.
    assert.deepEqual((await undone(at(madeAtMs + minute), note)).done, removed);
    for (const other of [madeAtMs + 60 * minute, madeAtMs - minute])
      assert.equal((await failureOf(undone(at(other), note))).code, 'engineConflict');
  });

  it('removes a container whose name was made up, whatever the engine’s clock says', async () => {
    const name = madeUpName('helper');
    const { done } = await undone(
      { containers: { [name]: { createdAtMs: 0 } } },
      { kind: 'removeContainer', name },
    );
    assert.deepEqual(done, [`remove container id of ${name}`]);
  });

  it('removes a container that was noted by its ID, whatever the engine’s clock says', async () => {
    const id = 'c'.repeat(64);
    const { done } = await undone(
      { containers: { [id]: { createdAtMs: 0 } } },
      { kind: 'removeContainer', name: id },
    );
    assert.deepEqual(done, [`remove container id of ${id}`]);
  });

  it('keeps a network that a container is in, or that was made at another time', async () => {
    const note = { kind: 'removeNetwork', name: 'back' } as const;
    const made = (atMs: number, usedBy?: string): Things => ({
      networks: {
        back: { raw: { Created: new Date(atMs).toISOString() }, ...(usedBy === undefined ? {} : { usedBy }) },
      },
    });
    assert.deepEqual((await undone(made(notedMs), note)).done, ['remove network id of back']);
    assert.deepEqual((await undone(made(notedMs, 'db'), note)).done, []);
    assert.deepEqual((await undone(made(notedMs + 60 * minute), note)).done, []);
    assert.deepEqual((await undone({ networks: { back: {} } }, note)).done, []);
    const id = 'e'.repeat(64);
    const byId = { kind: 'removeNetwork', name: id } as const;
    assert.deepEqual((await undone({ networks: { [id]: {} } }, byId)).done, [`remove network id of ${id}`]);
  });

  it('takes the user of a volume or network for its own while something of the operation is left', async () => {
    const volume = { kind: 'removeVolume', name: 'data', notBeforeMs: notedMs } as const;
    const network = { kind: 'removeNetwork', name: 'back' } as const;
    const things: Things = {
      volumes: { data: { createdAtMs: notedMs, usedBy: 'web' } },
      networks: { back: { raw: { Created: new Date(notedMs).toISOString() }, usedBy: 'web' } },
    };
    for (const note of [volume, network]) {
      assert.deepEqual(await undone(things, note), { outcome: 'settled', done: [] });
      assert.equal((await failureOf(undone(things, note, 'E1', true))).code, 'engineConflict');
    }
  });

  it('fails on a note that is not what it should be', async () => {
    const { engine } = engineWith({});
    const undo = undoEngineNotes(engine, 'E1').get('start');
    assert.ok(undo);
    const error = await failureOf(undo({ engineId: 'E1' }, head, new AbortController().signal));
    assert.equal(error.code, 'badJson');
  });

  it('fails with the engine, so that the note stays', async () => {
    const { engine } = engineWith({ containers: { c: { state: 'paused' } } });
    const conflict = failure('engineConflict', { name: 'c', reason: 'busy' });
    const failing = {
      ...engine,
      containers: { ...engine.containers, unpause: () => Promise.reject(conflict) },
    };
    const undo = undoEngineNotes(failing, 'E1').get('unpause');
    assert.ok(undo);
    const data = { engineId: 'E1', atMs: notedMs, container: 'c' };
    assert.equal(await failureOf(undo(data, head, new AbortController().signal)), conflict);
  });

  it('keeps the note of a container that can’t be started because something it needs is gone', async () => {
    const { engine } = engineWith({ containers: { c: { id: 'c', state: 'exited' } } });
    const missing = failure('engineNotFound', { kind: 'container', name: 'c' });
    const failing = {
      ...engine,
      containers: { ...engine.containers, start: () => Promise.reject(missing) },
    };
    const undo = undoEngineNotes(failing, 'E1').get('start');
    assert.ok(undo);
    const data = { engineId: 'E1', atMs: notedMs, container: 'c' };
    const error = await failureOf(undo(data, head, new AbortController().signal));
    assert.equal(error.code, 'engineConflict');
  });

  describe('in a journal', () => {
    const folder = temporaryFolder();
    it('is found by what undoes it, and in its own engine alone', async () => {
      const vault = await createVault({ path: folder.path(), compression: 'zstd' });
      const owner = await currentProcess();
      const deps = { paths: vault.paths, owner };
      const held = await acquireLock(deps, { scope: 'vault', mode: 'shared', waitMs: 0 });
      const journal = await beginOperation(deps, held, { kind: 'backup', subject: 'web' });
      await noteEngine({ journal }, 'E1', { kind: 'unpause', container: 'c' });
      await noteEngine({ journal }, 'E2', { kind: 'start', container: 'd' });
      await held.release(); // As if the process were gone: nothing says that the operation runs.
      const { engine, done } = engineWith({ containers: { c: { state: 'paused' }, d: { state: 'exited' } } });
      const [first] = await recoverJournal(deps, undoEngineNotes(engine, 'E1'));
      assert.deepEqual(done, ['unpause id of c']);
      assert.equal(first?.outcome, 'left');
      const [second] = await recoverJournal(deps, undoEngineNotes(engine, 'E2'));
      assert.deepEqual(done, ['unpause id of c', 'start id of d']);
      assert.equal(second?.outcome, 'undone');
      assert.deepEqual(await recoverJournal(deps, undoEngineNotes(engine, 'E2')), []);
    });
  });
});
