import assert from 'node:assert/strict';
import { lstat, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DrydockError } from '../../../src/core/errors.ts';
import { unattended } from '../../../src/core/progress.ts';
import { planExtract } from '../../../src/core/snapshotFiles/extractPlan.ts';
import {
  extractTree,
  type ExtractInput,
  type ExtractResult,
} from '../../../src/core/snapshotFiles/extractTree.ts';
import { RootFiles } from '../../../src/core/snapshotFiles/rootFiles.ts';
import { memoryStore } from '../../../src/core/vault/memoryStore.ts';
import { seededRandom } from '../../support/archives/seededRandom.ts';
import { layerOf, type Given } from '../../support/layerTars.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const seed = 20_261_121;

async function filesOf(given: readonly Given[], store = memoryStore()): Promise<RootFiles> {
  const layer = await layerOf(store, given);
  return new RootFiles(store, {
    name: 'data',
    kind: 'volume',
    mountedAt: [],
    strata: [{ layers: [layer], root: '', hasWhiteouts: false }],
  });
}

describe('extracting from a snapshot', function () {
  this.timeout(30_000);
  const folder = temporaryFolder();
  const into = (): string => join(folder.path(), 'into');
  const extract = (
    files: RootFiles,
    path: string,
    more: Partial<ExtractInput> = {},
  ): Promise<ExtractResult> =>
    extractTree(files, { path, into: into(), replace: false, owners: false, ...more }, unattended());

  it('brings files, folders, links, modes and times', async () => {
    const files = await filesOf([
      ['db/', { type: 'directory', mode: 0o750, mtime: 1_600_000_000 }],
      ['db/deep/', { type: 'directory', mode: 0o500, mtime: 1_500_000_000 }],
      ['db/deep/rows', 'rows'],
      ['db/tool', { type: 'file', mode: 0o4755, mtime: 1_700_000_000 }],
      ['db/same', { type: 'hardlink', linkPath: 'db/deep/rows' }],
      ['db/soft', { type: 'symlink', linkPath: '../outside', mtime: 1_400_000_000 }],
      ['other', 'not this'],
    ]);
    const result = await extract(files, '/db');
    assert.deepEqual(await readdir(into()), ['db']);
    const db = join(into(), 'db');
    assert.equal(await readFile(join(db, 'deep/rows'), 'utf8'), 'rows');
    assert.equal((await stat(join(db, 'same'))).ino, (await stat(join(db, 'deep/rows'))).ino);
    assert.equal(await readlink(join(db, 'soft')), '../outside');
    const told = async (path: string): Promise<string> => {
      const { mode, mtimeMs } = await lstat(join(db, path));
      return `${(mode & 0o7777).toString(8)} ${mtimeMs / 1000}`;
    };
    assert.equal(await told(''), '750 1600000000');
    assert.equal(await told('deep'), '500 1500000000');
    assert.equal(await told('soft'), '777 1400000000');
    // Not the setuid bit: it would be the caller's.
    assert.equal(await told('tool'), '755 1700000000');
    assert.deepEqual(result, { paths: [db], fileCount: 4, sizeBytes: 4, left: [] });
  });

  it('brings all of a root into the folder itself', async () => {
    const result = await extract(await filesOf([['a', 'a'], ['b/'], ['b/c', 'c']]), '');
    assert.deepEqual((await readdir(into())).sort(), ['a', 'b']);
    assert.deepEqual(result.paths, [join(into(), 'a'), join(into(), 'b')]);
  });

  it('replaces no file unless told, and never a folder', async () => {
    const files = await filesOf([['a', 'new'], ['b/'], ['b/c', 'c']]);
    await mkdir(join(into(), 'b'), { recursive: true });
    await writeFile(join(into(), 'a'), 'old');
    await writeFile(join(into(), 'b', 'kept'), 'kept');
    await assert.rejects(extract(files, 'a'), { code: 'fileExists' });
    assert.equal(await readFile(join(into(), 'a'), 'utf8'), 'old');
    await extract(files, 'a', { replace: true });
    assert.equal(await readFile(join(into(), 'a'), 'utf8'), 'new');
    for (const path of ['b', ''])
      await assert.rejects(extract(files, path, { replace: true }), { code: 'fileExists' });
    assert.deepEqual(await readdir(join(into(), 'b')), ['kept']);
    assert.deepEqual((await readdir(into())).sort(), ['a', 'b']);
  });

  it('puts the file in the place of a link, never where that leads', async () => {
    const files = await filesOf([['a', 'new']]);
    const outside = join(folder.path(), 'outside');
    await mkdir(into());
    await writeFile(outside, 'precious');
    await symlink(outside, join(into(), 'a'));
    await assert.rejects(extract(files, 'a'), { code: 'fileExists' });
    await extract(files, 'a', { replace: true });
    assert.equal(await readFile(outside, 'utf8'), 'precious');
    assert.equal(await readFile(join(into(), 'a'), 'utf8'), 'new');
  });

  it('makes a link a link on macOS too, where a second name of one is one of what it leads to', async () => {
    const files = await filesOf([
      ['soft', { type: 'symlink', linkPath: '../outside', mtime: 1_400_000_000 }],
    ]);
    const { platform } = process;
    Object.defineProperty(process, 'platform', { value: 'darwin' });
    try {
      await extract(files, 'soft');
      await assert.rejects(extract(files, 'soft'), { code: 'fileExists' });
    } finally {
      Object.defineProperty(process, 'platform', { value: platform });
    }
    assert.equal(await readlink(join(into(), 'soft')), '../outside');
    assert.equal((await lstat(join(into(), 'soft'))).mtimeMs, 1_400_000_000_000);
    assert.deepEqual(await readdir(into()), ['soft']);
  });

  it('says what it can’t make', async () => {
    const files = await filesOf([['d/'], ['d/lost', { type: 'hardlink', linkPath: 'gone' }], ['d/a', 'a']]);
    const { left } = await extract(files, 'd');
    assert.deepEqual(left, [{ path: 'lost', reason: 'linkless' }]);
    await assert.rejects(extract(files, 'd/lost'), { code: 'pathUnreadable' });
    assert.deepEqual(await readdir(into()), ['d']);
  });

  it('refuses names that would be one file', async () => {
    const files = await filesOf([['d/'], ['d/Read', '1'], ['d/read', '2']]);
    const { node } = await files.below('d');
    const rules = {
      takesRawNames: true,
      takesSpecials: false,
      takesXattrs: false,
      isBadName: () => false,
      name: 'data',
    };
    assert.throws(() => planExtract(node, { ...rules, isCaseBlind: true }), { code: 'pathClash' });
    assert.equal(planExtract(node, { ...rules, isCaseBlind: false }).files.length, 2);
  });

  it('leaves nothing when bytes are missing, or when it is cancelled', async () => {
    const store = memoryStore();
    const files = await filesOf([['d/'], ['d/a', 'a'.repeat(100_000)], ['d/b', 'b']], store);
    const cancelled = new AbortController();
    const operation = {
      signal: cancelled.signal,
      progress: {
        report: () => {
          cancelled.abort();
        },
      },
    };
    const input = { path: 'd', into: into(), replace: false, owners: false };
    await assert.rejects(extractTree(files, input, operation), { name: 'AbortError' });
    await assert.rejects(lstat(into()), { code: 'ENOENT' });
    const [layer] = files.root.strata[0]?.layers ?? [];
    assert.ok(layer);
    await store.delete(layer.index.digest);
    await mkdir(into());
    await assert.rejects(extract(files, 'd'), { code: 'blobMissing' });
    assert.deepEqual(await readdir(into()), []);
  });

  it('needs the folder above the one it makes', async () => {
    const files = await filesOf([['a', 'a']]);
    await assert.rejects(extract(files, 'a', { into: join(into(), 'x', 'y') }), { code: 'folderMissing' });
    await assert.rejects(extract(files, 'nowhere'), { code: 'pathMissing' });
  });

  it(`writes nowhere else, whatever a tar says (seed ${seed})`, async () => {
    for (let round = 0; round < 40; round++) {
      const random = seededRandom(seed + round);
      const words = ['..', '.', 'a', 'b', '', '/', '../..', 'c', '/etc', 'a/../..'];
      const path = (): string =>
        Array.from({ length: 1 + random.below(4) }, () => words[random.below(words.length)]).join('/');
      const given = Array.from({ length: 12 }, (): Given => {
        const at = path() || 'x';
        switch (random.below(5)) {
          case 0:
            return [at, { type: 'symlink', linkPath: path() || '..' }];
          case 1:
            return [at, { type: 'hardlink', linkPath: path() || 'a' }];
          case 2:
            return [`${at}/`, { type: 'directory' }];
          default:
            return [at.replace(/\/$/, '') || 'y', 'data'];
        }
      });
      const home = join(folder.path(), `round-${round}`);
      const inside = join(home, 'deep', 'into');
      await mkdir(inside, { recursive: true });
      await writeFile(join(home, 'precious'), 'precious');
      const files = await filesOf(given);
      const input = { path: '', into: inside, replace: true, owners: false };
      const { paths } = await extractTree(files, input, unattended()).catch((error: unknown) => {
        // All of it led out, so there was nothing to make.
        assert.ok(error instanceof DrydockError && error.code === 'pathUnreadable', JSON.stringify(given));
        return { paths: [] };
      });
      assert.deepEqual((await readdir(home)).sort(), ['deep', 'precious'], JSON.stringify(given));
      assert.deepEqual(await readdir(join(home, 'deep')), ['into'], JSON.stringify(given));
      assert.equal(await readFile(join(home, 'precious'), 'utf8'), 'precious');
      assert.equal((await readdir(inside)).length, paths.length, JSON.stringify(given));
    }
  });
});
