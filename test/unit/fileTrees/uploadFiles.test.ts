import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { tarEnd, tarHeader } from '../../../src/core/archive/tarWriter.ts';
import type { Engine } from '../../../src/core/engine/engine.ts';
import type { EngineInfo, PathStat } from '../../../src/core/engine/records.ts';
import { unusableEngine } from '../../../src/core/engine/unusableEngine.ts';
import { failure } from '../../../src/core/errors.ts';
import { uploadFiles, type UploadResult } from '../../../src/core/fileTrees/uploadFiles.ts';
import { unattended, type Operation } from '../../../src/core/progress.ts';
import { currentProcess } from '../../../src/core/vault/processIdentity.ts';
import { ownedHelpers } from '../../../src/core/volumes/ownedHelpers.ts';
import { tarEntries } from '../../../src/core/volumes/tarEntries.ts';
import { renamedTar } from '../../../src/core/volumes/renamedTar.ts';
import { cancelledWhen } from '../../support/cancelledWhen.ts';
import { failureOf } from '../../support/failureOf.ts';

describe('uploadFiles', () => {
  let folder: string;
  let note: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'drydock-upload-'));
    note = join(folder, 'note');
    writeFileSync(note, 'a note');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** An engine with one container, which has an empty folder `/srv`. `mayRead` is asked before a file is handed out. */
  function engineWith(mayRead: () => void = () => undefined): Engine {
    const engine = unusableEngine('unix:///none', failure('engineUnreachable', { endpoint: 'none' }));
    const info: EngineInfo = {
      id: 'e',
      hostName: 'h',
      product: 'docker',
      version: '1',
      apiVersion: '1.41',
      imageStore: 'graphdriver',
      storageDriver: 'overlay2',
      platform: { os: 'linux', architecture: 'amd64' },
    };
    const srv: PathStat = {
      name: 'srv',
      type: 'directory',
      sizeBytes: 0,
      mode: 0o755,
      mtimeMs: 0,
      linkTarget: '',
    };
    let taken: readonly Uint8Array[] | undefined;
    return {
      ...engine,
      info: () => Promise.resolve(info),
      containers: {
        ...engine.containers,
        statPath: (_ref, path) =>
          Promise.resolve(path === '/srv' || path === '/' || taken !== undefined ? srv : undefined),
        readArchive: (_ref, path, { signal } = {}) =>
          Promise.resolve().then(() => {
            signal?.throwIfAborted();
            if (path === '/srv' || path === '/')
              return Readable.from([
                tarHeader({ path: 'srv/', type: 'directory', mode: 0o755, sizeBytes: 0 }),
                tarEnd,
              ]);
            mayRead();
            return Readable.from(renamedTar(Readable.from(taken ?? []), { from: 'srv/', to: '' }, 'web'));
          }),
        writeArchive: async (_ref, _path, tar) => {
          const chunks: Uint8Array[] = [];
          for await (const chunk of tar) chunks.push(Buffer.from(chunk));
          taken = chunks;
        },
      },
    };
  }

  const upload = async (
    engine: Engine,
    operation: Operation = unattended(),
    into = '/srv',
  ): Promise<UploadResult> =>
    uploadFiles(
      ownedHelpers({ engine, owner: await currentProcess() }),
      {
        sources: [note],
        target: { kind: 'container', name: 'web', folder: into },
        owner: 'folder',
        replace: false,
      },
      operation,
    );

  it('says what came', async () => {
    assert.deepEqual(await upload(engineWith()), { fileCount: 1, sizeBytes: 6, left: [] });
  });

  it('leaves a folder that is there its own mode and owner, whoever is to have the files', async () => {
    const site = join(folder, 'site');
    mkdirSync(join(site, 'new'), { recursive: true, mode: 0o700 });
    writeFileSync(join(site, 'new', 'page'), 'x');
    const engine = engineWith();
    const there = {
      path: 'srv/site/',
      type: 'directory',
      mode: 0o2775,
      uid: 33,
      gid: 44,
      sizeBytes: 0,
    } as const;
    await engine.containers.writeArchive('web', '/', Readable.from([tarHeader(there), tarEnd]));
    const sources = [site];
    const target = { kind: 'container', name: 'web', folder: '/srv' } as const;
    const deps = ownedHelpers({ engine, owner: await currentProcess() });
    const owner = { uid: 7, gid: 8 };
    await uploadFiles(deps, { sources, target, owner, replace: true }, unattended());
    const entries: string[] = [];
    const tar = await engine.containers.readArchive('web', '/srv/site');
    for await (const { path, mode, uid, gid } of tarEntries(tar, 'web'))
      entries.push([path.replace(/\/$/, ''), mode.toString(8), uid, gid].join(' '));
    assert.deepEqual(entries, ['site 2775 0 0', 'site/new 700 7 8', 'site/new/page 644 7 8']);
  });

  it('says that files are there when it is cancelled while they are compared', async () => {
    const engine = engineWith();
    const cancelled = cancelledWhen(({ phase }) => phase === 'checking');
    assert.equal((await failureOf(upload(engine, cancelled))).code, 'uploadCut');
  });

  it('says that files are there when they can’t be read back', async () => {
    let asked = 0;
    const engine = engineWith(() => {
      asked += 1;
      if (asked === 1) throw failure('engineUnreachable', { endpoint: 'none' });
    });
    assert.equal((await failureOf(upload(engine))).code, 'uploadCut');
  });

  for (const [how, change] of [
    [
      'written over',
      () => {
        writeFileSync(note, 'A NOTE');
        utimesSync(note, 1_000_000_000, 1_000_000_000);
      },
    ],
    [
      'replaced',
      () => {
        writeFileSync(join(folder, 'other'), 'A NOTE');
        renameSync(join(folder, 'other'), note);
      },
    ],
  ] as const)
    it(`sends no file that was ${how} by another one of its size since it was listed`, async () => {
      const engine = engineWith();
      const info = (): Promise<EngineInfo> => {
        change();
        return engine.info();
      };
      assert.equal((await failureOf(upload({ ...engine, info }))).code, 'sourceChanged');
    });

  it('takes no folder that is written with `..` for the root', async () => {
    const { code } = await failureOf(upload(engineWith(), unattended(), '/srv/../elsewhere'));
    assert.equal(code, 'pathMissing');
  });
});
