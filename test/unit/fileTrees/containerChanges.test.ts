import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import type { Engine } from '../../../src/core/engine/engine.ts';
import type { ContainerDetails, EngineInfo, FileChange, PathStat } from '../../../src/core/engine/records.ts';
import { unusableEngine } from '../../../src/core/engine/unusableEngine.ts';
import { failure } from '../../../src/core/errors.ts';
import { containerChanges } from '../../../src/core/fileTrees/containerChanges.ts';
import { unattended } from '../../../src/core/progress.ts';
import { emptyRunConfig } from '../../support/emptyRunConfig.ts';

describe('containerChanges', () => {
  const stat = (name: string, type: PathStat['type'], sizeBytes = 0): PathStat => ({
    name,
    type,
    sizeBytes,
    mode: 0o644,
    mtimeMs: 1_700_000_000_000,
    linkTarget: '',
  });

  /** An engine with one container, which tells these changes and knows these names. */
  function engineWith(
    changes: readonly FileChange[],
    known: Readonly<Record<string, PathStat>>,
    archive: (path: string) => Readable = () => {
      throw failure('engineNotFound', { kind: 'path', name: 'x' });
    },
  ): Engine {
    const engine = unusableEngine('unix:///none', failure('engineUnreachable', { endpoint: 'none' }));
    const details: ContainerDetails = {
      id: 'c'.repeat(64),
      name: 'web',
      image: 'app:1',
      imageId: `sha256:${'a'.repeat(64)}`,
      state: 'exited',
      health: 'none',
      mounts: [],
      config: emptyRunConfig,
      raw: {},
    };
    return {
      ...engine,
      containers: {
        ...engine.containers,
        inspect: () => Promise.resolve(details),
        changes: () => Promise.resolve(changes),
        statPath: (_ref, path) => Promise.resolve(known[path]),
        readArchive: (_ref, path) => Promise.resolve().then(() => archive(path)),
      },
    };
  }

  it('takes a deleted folder that is there for one that was made anew', async () => {
    const engine = engineWith(
      [
        { path: '/app', kind: 'modified' },
        { path: '/app/anew', kind: 'deleted' },
        { path: '/app/anew/after', kind: 'added' },
      ],
      {
        '/app': stat('app', 'directory'),
        '/app/anew': stat('anew', 'directory'),
        '/app/anew/after': stat('after', 'file', 2),
      },
    );
    const { root, counts } = await containerChanges({ engine }, { container: 'web' }, unattended());
    const anew = root.children.get('app')?.children.get('anew');
    assert.deepEqual([anew?.kind, anew?.hidesLower], ['modified', true]);
    assert.deepEqual(counts, { added: 1, modified: 2, deleted: 0 });
  });

  it('takes a folder that was made anew and is empty for no deleted one', async () => {
    const engine = engineWith(
      [
        { path: '/gone', kind: 'deleted' },
        { path: '/lists', kind: 'deleted' },
        { path: '/was-folder', kind: 'modified' },
        { path: '/was-folder/in', kind: 'deleted' },
      ],
      { '/lists': stat('lists', 'directory'), '/was-folder': stat('was-folder', 'file', 1) },
    );
    const statPath = (ref: string, path: string): Promise<PathStat | undefined> => {
      assert.notEqual(path, '/was-folder/in', 'engines fail when a file is asked for what is in it');
      return engine.containers.statPath(ref, path);
    };
    const info: EngineInfo = {
      id: 'e',
      hostName: 'h',
      product: 'podman',
      version: '5.6.0',
      apiVersion: '1.41',
      imageStore: 'graphdriver',
      storageDriver: 'overlay',
      platform: { os: 'linux', architecture: 'amd64' },
    };
    const asked = {
      ...engine,
      info: () => Promise.resolve(info),
      containers: { ...engine.containers, statPath },
    };
    const { root, counts } = await containerChanges({ engine: asked }, { container: 'web' }, unattended());
    const lists = root.children.get('lists');
    assert.deepEqual([lists?.kind, lists?.file?.type, lists?.hidesLower], ['modified', 'directory', true]);
    assert.deepEqual(counts, { added: 0, modified: 2, deleted: 2 });
  });

  it('asks for each name when a folder’s tar is cut by a file that got shorter', async () => {
    const names = Array.from({ length: 40 }, (_, at) => `/log/f${at}`);
    const engine = engineWith(
      [{ path: '/log', kind: 'added' }, ...names.map((path) => ({ path, kind: 'added' as const }))],
      Object.fromEntries<PathStat>([
        ['/log', stat('log', 'directory')],
        ...names.map((path) => [path, stat(path, 'file', 3)] as const),
      ]),
      () =>
        Readable.from(
          (async function* () {
            yield await Promise.reject<Uint8Array>(failure('streamCut', { call: 'cp', bytes: 512 }));
          })(),
        ),
    );
    const { sizeBytes } = await containerChanges({ engine }, { container: 'web' }, unattended());
    assert.equal(sizeBytes, 120);
  });

  it('leaves out paths that lead out of the root', async () => {
    const engine = engineWith([{ path: '/../etc/passwd', kind: 'added' }], {});
    const { root } = await containerChanges({ engine }, { container: 'web' }, unattended());
    assert.equal(root.children.size, 0);
  });
});
