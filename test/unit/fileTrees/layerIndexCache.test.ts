import assert from 'node:assert/strict';
import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '../../../src/core/digest.ts';
import { LayerIndexCache } from '../../../src/core/fileTrees/layerIndexCache.ts';
import type { ListedLayer } from '../../../src/core/layers/layeredImage.ts';
import type { LayerEntry } from '../../../src/core/vault/layerEntry.ts';
import { sampleImage, sampleLayer } from '../../support/archives/sampleImages.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const { signal } = new AbortController();

const oddEntries: readonly LayerEntry[] = [
  file('etc/passwd', { size: 12, sha256: 'ab'.repeat(32), mtime: 1.5, mode: 0o4755 }),
  file('bin/', { type: 'directory', mode: 0o755 }),
  file('bin/sh', { type: 'symlink', link: 'busybox' }),
  file('bin/l', { type: 'hardlink', link: 'a\ufffd', rawLink: 'Yf8=' }),
  file('a\ufffd', { rawPath: 'Yf8=', size: 0, sha256: 'cd'.repeat(32) }),
  file('dev/null', { type: 'char-device', device: [1, 3] }),
  file('cap', { xattrs: { 'security.capability': 'AQ==' }, uid: 1_000_000, gid: -1 }),
  file('holes', { sparse: true, size: 4, sha256: 'ef'.repeat(32) }),
  file('line\nfeed "quoted" \u202e', { type: 'fifo' }),
];

function file(path: string, more: Partial<LayerEntry>): LayerEntry {
  return {
    path,
    type: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: 0,
    mtime: 0,
    header: 512,
    offset: 1024,
    ...more,
  };
}

function layer(name: string, entries: readonly LayerEntry[] = oddEntries): ListedLayer {
  return { diffId: digestOf(name), tarBytes: 10_240, entries: () => entries };
}

async function listed(found: ListedLayer | undefined): Promise<readonly LayerEntry[]> {
  assert.ok(found);
  const entries: LayerEntry[] = [];
  for await (const entry of found.entries(signal)) entries.push(entry);
  return entries;
}

describe('the cache of layer lists', function () {
  this.timeout(20_000);
  const folder = temporaryFolder();
  const cacheOf = (maxBytes?: number): LayerIndexCache =>
    new LayerIndexCache({
      folder: join(folder.path(), 'layers'),
      ...(maxBytes !== undefined && { maxBytes }),
    });
  const namesIn = (): Promise<string[]> => readdir(join(folder.path(), 'layers'));
  const onlyFile = async (): Promise<string> => {
    const [name, ...others] = await namesIn();
    assert.deepEqual(others, []);
    return join(folder.path(), 'layers', name ?? '');
  };
  const image = sampleImage([sampleLayer(1), sampleLayer(2)], ['app:1']);
  const record = {
    id: digestOf('index'),
    configDigest: image.configDigest,
    configBytes: image.config,
    platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
    layers: image.diffIds.map((diffId, at) => ({ diffId, archivePath: `blobs/${at}` })),
  };

  it('gives the list of a layer as it was, to another process too', async () => {
    await cacheOf().add(layer('odd'), signal);
    const found = await cacheOf().find(digestOf('odd'));
    assert.deepEqual([found?.diffId, found?.tarBytes], [digestOf('odd'), 10_240]);
    assert.deepEqual(await listed(found), oddEntries);
    assert.deepEqual(await listed(found), oddEntries, 'a second time');
  });

  it('keeps the lists of layers without an entry, and with very many', async () => {
    const many = Array.from({ length: 5_000 }, (_, at) => file(`file${at}`, { size: at }));
    await cacheOf().add(layer('empty', []), signal);
    await cacheOf().add(layer('many', many), signal);
    assert.deepEqual(await listed(await cacheOf().find(digestOf('empty'))), []);
    assert.deepEqual(await listed(await cacheOf().find(digestOf('many'))), many);
  });

  it('has nothing of a layer that nobody added', async () => {
    assert.equal(await cacheOf().find(digestOf('other')), undefined);
    assert.equal(await cacheOf().findImage(digestOf('other')), undefined);
  });

  it('takes a file for absent, and removes it, wherever a byte of it is another one', async () => {
    await cacheOf().add(layer('odd'), signal);
    const path = await onlyFile();
    const whole = await readFile(path);
    const places = [
      0,
      40,
      Math.floor(whole.length / 2),
      whole.length - 60,
      whole.length - 34,
      whole.length - 1,
    ];
    for (const place of places) {
      const damaged = Buffer.from(whole);
      damaged[place] = (damaged[place] ?? 0) ^ 1;
      await writeFile(path, damaged);
      assert.equal(await cacheOf().find(digestOf('odd')), undefined, `byte ${place}`);
      assert.deepEqual(await namesIn(), [], `byte ${place}`);
    }
    for (const length of [0, 1, 31, 32, 33, 40, whole.length - 1]) {
      await writeFile(path, whole.subarray(0, length));
      assert.equal(await cacheOf().find(digestOf('odd')), undefined, `cut to ${length}`);
      assert.deepEqual(await namesIn(), [], `cut to ${length}`);
    }
  });

  it('takes the list of another layer for absent', async () => {
    await cacheOf().add(layer('odd'), signal);
    const path = await onlyFile();
    await writeFile(path.replace(/[0-9a-f]{64}/, digestOf('another').slice(7)), await readFile(path));
    assert.equal(await cacheOf().find(digestOf('another')), undefined);
    assert.equal((await namesIn()).length, 1);
  });

  it('goes on giving a list whose file went away', async () => {
    const cache = cacheOf();
    await cache.add(layer('odd'), signal);
    const found = await cache.find(digestOf('odd'));
    await writeFile(await onlyFile(), 'gone');
    assert.deepEqual(await listed(found), oddEntries);
  });

  it('lets those go first that were not used for the longest time', async () => {
    const names = ['one', 'two', 'three', 'four'];
    await cacheOf().add(layer('one'), signal);
    const { size } = await stat(await onlyFile());
    for (const name of names) await cacheOf().add(layer(name), signal);
    const pathOf = (name: string): string =>
      join(folder.path(), 'layers', `${digestOf(name).slice(7)}.layer1`);
    for (const [at, name] of names.entries()) await utimes(pathOf(name), 1000 + at, 1000 + at);
    await cacheOf().find(digestOf('one'));
    await cacheOf(4.5 * size).add(layer('five'), signal);
    const left = await Promise.all(
      [...names, 'five'].map(async (name) => (await cacheOf().find(digestOf(name))) !== undefined),
    );
    assert.deepEqual(left, [true, false, true, true, true]);
  });

  it('keeps nothing that is larger than half of what it may hold, and gives it all the same', async () => {
    const cache = cacheOf(100);
    assert.deepEqual(await listed(await cache.add(layer('odd'), signal)), oddEntries);
    assert.deepEqual(await namesIn(), []);
  });

  it('takes two writers of the same layer at once', async () => {
    await Promise.all([1, 2, 3, 4].map(() => cacheOf().add(layer('odd'), signal)));
    assert.deepEqual(await listed(await cacheOf().find(digestOf('odd'))), oddEntries);
    assert.equal((await namesIn()).length, 1);
  });

  it('leaves nothing of a list that was cancelled, or that broke off', async () => {
    const controller = new AbortController();
    const cut = async function* (): AsyncGenerator<LayerEntry> {
      yield* oddEntries;
      controller.abort();
      yield* oddEntries;
      await Promise.resolve();
    };
    const broken = async function* (): AsyncGenerator<LayerEntry> {
      yield* oddEntries;
      await Promise.reject(new Error('broken'));
    };
    const one = (entries: () => AsyncGenerator<LayerEntry>): ListedLayer => ({ ...layer('odd'), entries });
    await assert.rejects(cacheOf().add(one(cut), controller.signal), { name: 'AbortError' });
    await assert.rejects(cacheOf().add(one(broken), signal), { message: 'broken' });
    assert.deepEqual(await namesIn(), []);
  });

  it('works without a folder that it can use', async () => {
    await writeFile(join(folder.path(), 'layers'), 'a file in its place');
    assert.deepEqual(await listed(await cacheOf().add(layer('odd'), signal)), oddEntries);
    assert.equal(await cacheOf().find(digestOf('odd')), undefined);
  });

  it('knows an image again by the ID of its engine', async () => {
    await cacheOf().addImage(record, signal);
    assert.deepEqual(await cacheOf().findImage(record.id), record);
  });

  it('takes an image for absent whose config is not the one that its digest states', async () => {
    const wrong: readonly (typeof record)[] = [
      { ...record, configDigest: digestOf('x') },
      { ...record, configBytes: Buffer.from('{}'), configDigest: digestOf('{}') },
      { ...record, layers: record.layers.toReversed() },
      { ...record, layers: record.layers.map((one) => ({ ...one, diffId: digestOf('y') })) },
    ];
    for (const one of wrong) {
      await cacheOf().addImage(one, signal);
      assert.equal(await cacheOf().findImage(record.id), undefined);
      assert.deepEqual(await namesIn(), []);
    }
  });
});
