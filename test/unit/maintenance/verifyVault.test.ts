import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmod, readFile, unlink, writeFile } from 'node:fs/promises';
import { tarEnd, tarFile } from '../../../src/core/archive/tarWriter.ts';
import { DrydockError } from '../../../src/core/errors.ts';
import { neededBlobs } from '../../../src/core/maintenance/pruneVault.ts';
import {
  verifyVault,
  type VerifyInput,
  type VerifyReport,
} from '../../../src/core/maintenance/verifyVault.ts';
import { unattended } from '../../../src/core/progress.ts';
import type { Snapshot } from '../../../src/core/snapshot/snapshot.ts';
import { openSnapshot, readSnapshots } from '../../../src/core/snapshot/snapshots.ts';
import { putDocument, readVerified, type BlobStore } from '../../../src/core/vault/blobStore.ts';
import type { Frame } from '../../../src/core/vault/frames.ts';
import { layerIndexBytes, type LayerIndex } from '../../../src/core/vault/layerIndex.ts';
import { createVault, openVault, type Vault } from '../../../src/core/vault/layout.ts';
import { memoryStore } from '../../../src/core/vault/memoryStore.ts';
import { currentProcess } from '../../../src/core/vault/processIdentity.ts';
import { descriptorOf, putArtifact, putSnapshot } from '../../../src/core/vault/snapshotDocuments.ts';
import { newEntry } from '../../../src/core/vault/snapshotIndex.ts';
import { updateSnapshotIndex } from '../../../src/core/vault/updateIndex.ts';
import { blobPath } from '../../../src/core/vault/vaultPaths.ts';
import { writeLayer } from '../../../src/core/vault/writeLayer.ts';
import { inChunks } from '../../support/archives/byteStreams.ts';
import { blobsIn, keep } from '../../support/keptVault.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

async function rewrite(path: string, bytes: Uint8Array): Promise<void> {
  await chmod(path, 0o644);
  await writeFile(path, bytes);
}

function first<T>(list: readonly T[]): T {
  const [item] = list;
  assert.ok(item !== undefined);
  return item;
}

describe('a verification', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  let vault: Vault;
  beforeEach(async () => {
    vault = await createVault({ path: folder.path(), compression: 'zstd' });
  });
  const verify = async (input: VerifyInput, of = vault): Promise<VerifyReport> =>
    verifyVault({ vault: of, owner: await currentProcess() }, input, unattended());
  const named = async (name: string): Promise<Snapshot> =>
    first((await readSnapshots(vault)).filter(({ source }) => source.name === name));

  for (const depth of ['structure', 'digests', 'contents'] as const)
    it(`finds nothing wrong with a whole vault, and says so of its snapshots (${depth})`, async () => {
      await keep(vault, { name: 'a', files: { x: 'y', 'd/e': '', big: 'z'.repeat(100_000) } });
      await keep(vault, { name: 'app:1', kind: 'image' });
      const { problems, sound, read, all } = await verify({ depth });
      assert.deepEqual(problems, []);
      assert.equal(sound.length, 2);
      assert.equal(all.blobs, (await blobsIn(vault.blobs)).length);
      assert.deepEqual(read, depth === 'structure' ? { blobs: 0, bytes: 0 } : all);
      const depths = (await readSnapshots(vault)).map(({ verified }) => verified?.depth);
      // Landing read every byte already; a look at sizes says less than that.
      assert.deepEqual(depths, depth === 'structure' ? ['digests', 'digests'] : [depth, depth]);
    });

  const flipped = (bytes: Uint8Array, at: number): Buffer => {
    const bad = Buffer.from(bytes);
    bad[at] = (bad[at] ?? 0) ^ (1 << (at % 8));
    return bad;
  };

  /** The blobs of the vault in memory, each with the byte that `flipAt` tells flipped when it is read. */
  async function inMemory(flipAt: () => number | undefined): Promise<BlobStore> {
    const held = memoryStore(folder.path());
    for (const blob of await blobsIn(vault.blobs)) await held.put(readVerified(vault.blobs, blob, {}));
    return {
      ...held,
      async *open(digest, options) {
        const at = flipAt();
        for await (const chunk of held.open(digest, options))
          yield at === undefined || at >= chunk.length ? chunk : flipped(chunk, at);
      },
    };
  }

  it('finds every byte that was flipped in the files that are no blobs, names the file, and prunes nothing', async () => {
    await keep(vault, { name: 'a', tags: ['x'] });
    const blobs = await inMemory(() => undefined);
    const all = (await blobsIn(blobs)).length;
    const { ociLayout, vaultFile, index } = vault.paths;
    for (const path of [ociLayout, vaultFile, index]) {
      const bytes = await readFile(path);
      for (let at = 0; at < bytes.length; at += 1) {
        await writeFile(path, flipped(bytes, at));
        const takesAny = async (of: Vault): Promise<boolean> =>
          (await neededBlobs(of, unattended().signal)).size < all;
        try {
          const opened = { ...(await openVault({ path: folder.path(), access: 'read' })), blobs };
          const isLost = await takesAny(opened).catch((error: unknown) => {
            assert.ok(error instanceof DrydockError && error.code === 'pruneUnsure', String(error));
            return false;
          });
          assert.ok(!isLost, `${path} at byte ${at}: prune takes something`);
          const { problems } = await verify({ depth: 'structure' }, opened);
          const isNamed = problems.some((problem) => problem.path === path);
          assert.ok(isNamed, `${path} at byte ${at}: ${JSON.stringify(problems)}`);
        } catch (error) {
          const isTold =
            error instanceof DrydockError && (error.code === 'notAVault' || error.message.includes(path));
          if (!isTold) throw error;
        }
      }
      await writeFile(path, bytes);
    }
    assert.deepEqual((await verify({ depth: 'contents' })).problems, []);
  });

  it('finds every byte that was flipped in a blob, and names the blob', async () => {
    const { id } = await keep(vault, { name: 'a', files: { x: 'y' } });
    await putDocument(vault.blobs, 'nothing reaches this');
    const all = await blobsIn(vault.blobs);
    let flipAt: number | undefined;
    const reader = await openVault({ path: folder.path(), access: 'read' });
    const blobs = await inMemory(() => flipAt);
    // The same place in all of them at once.
    for (let at = 0; at < Math.max(...all.map(({ sizeBytes }) => sizeBytes)); at += 1) {
      flipAt = at;
      const { problems } = await verify({ depth: 'digests' }, { ...reader, blobs });
      for (const { digest } of all.filter(({ sizeBytes }) => at < sizeBytes)) {
        const problem = problems.find((one) => one.digest === digest);
        assert.ok(problem?.kind === 'wrongDigest', `${digest} at byte ${at}: ${JSON.stringify(problems)}`);
        assert.ok(problem.snapshots.every((snapshot) => snapshot === id));
      }
    }
    flipAt = undefined;
    assert.deepEqual((await verify({ depth: 'contents' }, { ...reader, blobs })).problems, []);
  });

  it('names each blob that is missing or cut, and whom that hurts', async () => {
    const shared = { data: 'the same in both' };
    await keep(vault, { name: 'a', files: shared });
    await keep(vault, { name: 'b', files: shared });
    await keep(vault, { name: 'app:1', kind: 'image', files: { other: 'x' } });
    const hurt = new Map<number, number>();
    for (const { digest } of await blobsIn(vault.blobs)) {
      const path = blobPath(vault.paths, digest);
      const bytes = await readFile(path);
      for (const [kind, harm] of [
        ['wrongSize', () => rewrite(path, bytes.subarray(0, -1))],
        ['missing', () => unlink(path)],
      ] as const) {
        await harm();
        for (const depth of ['structure', 'digests'] as const) {
          const { problems, sound } = await verify({ depth });
          const found = problems.filter((problem) => problem.digest === digest);
          assert.deepEqual(
            found.map((problem) => problem.kind),
            [kind],
            `${digest} ${depth}`,
          );
          const { snapshots } = first(found);
          assert.ok(snapshots.length > 0);
          assert.equal(sound.length, 3 - snapshots.length);
          hurt.set(snapshots.length, (hurt.get(snapshots.length) ?? 0) + 1);
          for (const { id, damaged } of await readSnapshots(vault))
            assert.equal(damaged?.reason.startsWith(`${kind}: `) ?? false, snapshots.includes(id));
        }
      }
      await writeFile(path, bytes);
    }
    assert.deepEqual([...hurt.keys()].sort(), [1, 2]);
    // Whole again, and said so.
    assert.equal((await verify({ depth: 'digests' })).sound.length, 3);
    assert.ok((await readSnapshots(vault)).every(({ damaged }) => damaged === undefined));
  });

  it('marks as verified only what was looked at whole when it reads a share', async () => {
    await keep(vault, { name: 'a' });
    await keep(vault, { name: 'b' });
    const { paths } = vault;
    const text = await readFile(paths.index, 'utf8');
    const parts = [1, 2, 3, 4, 5];
    const reports: VerifyReport[] = [];
    for (const part of parts) reports.push(await verify({ depth: 'digests', share: { part, of: 5 } }));
    assert.equal(
      reports.reduce((sum, { read }) => sum + read.blobs, 0),
      (await blobsIn(vault.blobs)).length,
    );
    assert.ok(reports.every(({ sound }) => sound.length === 0));
    assert.equal(await readFile(paths.index, 'utf8'), text);
    assert.equal((await verify({ depth: 'digests', share: { percent: 0 } })).read.blobs, 0);
    assert.equal((await verify({ depth: 'digests', share: { percent: 100 } })).sound.length, 2);
  });

  it('changes nothing in a vault that was opened to be read', async () => {
    const { id } = await keep(vault, { name: 'a' });
    await unlink(blobPath(vault.paths, id));
    const before = await readFile(vault.paths.index);
    const reader = await openVault({ path: folder.path(), access: 'read' });
    assert.equal((await verify({ depth: 'digests' }, reader)).problems.length, 1);
    assert.deepEqual(await readFile(vault.paths.index), before);
  });

  const moved = (frames: readonly Frame[], by: { stored: number; plain: number }): readonly Frame[] =>
    frames.map(({ storedBytes, plainBytes }, place) => {
      const sign = place === 0 ? 1 : place === 1 ? -1 : 0;
      return { storedBytes: storedBytes + sign * by.stored, plainBytes: plainBytes + sign * by.plain };
    });
  const lies = {
    nothing: () => ({}),
    diffId: (_, { diffId }) => ({ diffId }),
    entries: (_, { entries }) => ({ entries }),
    'stored frames': ({ frames }) => ({ frames: moved(frames, { stored: 1, plain: 0 }) }),
    'plain frames': ({ frames }) => ({ frames: moved(frames, { stored: 0, plain: 1 }) }),
    'plain size': ({ frames, plainBytes }) => ({
      plainBytes: plainBytes - 1,
      frames: frames.map((frame, place) => ({
        ...frame,
        plainBytes: frame.plainBytes - (place === frames.length - 1 ? 1 : 0),
      })),
    }),
  } satisfies Record<string, (index: LayerIndex, other: LayerIndex) => Partial<LayerIndex>>;

  /** A snapshot whose blobs have their digests, with a layer index that says something else than the layer does. */
  async function lyingSnapshot(lie: keyof typeof lies): Promise<void> {
    const noise = Buffer.concat(
      [...Array(80).keys()].map((block) => createHash('sha512').update(String(block)).digest()),
    );
    const tar = (data: string): Buffer =>
      Buffer.concat([tarFile('data', data), tarFile('big', Buffer.alloc(9 << 20, noise)), tarEnd]);
    const { blobs } = vault;
    const write = (data: string): ReturnType<typeof writeLayer> =>
      writeLayer(blobs, { bytes: inChunks(tar(data)), name: 'layer', compression: 'zstd' });
    const [layer, other] = [await write('what is there'), await write('WHAT IS THERE')];
    const index = { ...layer.index, ...lies[lie](layer.index, other.index) };
    const table = await putDocument(blobs, layerIndexBytes(index));
    const document = await putDocument(
      blobs,
      JSON.stringify({
        formatVersion: 1,
        name: 'lying',
        kind: 'volume',
        driver: 'local',
        options: {},
        labels: {},
        isAnonymous: false,
        root: '',
        entryCount: 1,
        plainBytes: 1,
        remarks: [],
      }),
    );
    const volumeType = 'application/vnd.drydock.volume.v1+json';
    const tableType = 'application/vnd.drydock.layer-index.v1+json';
    const entriesType = 'application/vnd.drydock.layer-index.entries.v1+jsonl+zstd';
    const manifests = [
      await putArtifact(blobs, {
        artifactType: volumeType,
        config: descriptorOf(volumeType, document),
        layers: [descriptorOf('application/vnd.oci.image.layer.v1.tar+zstd', layer.index)],
      }),
      await putArtifact(blobs, {
        artifactType: tableType,
        config: descriptorOf(tableType, table),
        layers: [descriptorOf(entriesType, index.entries)],
      }),
    ];
    const annotations = {
      'org.opencontainers.image.ref.name': `lying@20261121T00000${Object.keys(lies).indexOf(lie)}Z`,
    };
    const entry = newEntry(await putSnapshot(blobs, { manifests, annotations }));
    await updateSnapshotIndex({ vault, owner: await currentProcess() }, (entries) => [...entries, entry]);
  }

  for (const [lie, kind, detail] of [
    ['diffId', 'diffId', /unpacks to/],
    ['entries', 'fileHash', /^data: its sha256/],
    ['stored frames', 'fileHash', /^the frame table: its frames/],
    ['plain frames', 'fileHash', /^the frame table: its frames/],
    ['plain size', 'fileHash', /^the frame table: it states/],
  ] as const)
    it(`to the depth of contents finds what has its digest and is not what was stored (${lie})`, async () => {
      await lyingSnapshot(lie);
      assert.deepEqual((await verify({ depth: 'digests' })).problems, []);
      const { problems, sound } = await verify({ depth: 'contents' });
      assert.deepEqual(
        problems.map((problem) => problem.kind),
        [kind],
      );
      assert.match(first(problems).detail, detail);
      assert.deepEqual(sound, []);
      // A shallower look does not call it mended.
      await verify({ depth: 'digests' });
      assert.match((await named('lying')).damaged?.reason ?? '', new RegExp(`^${kind}: `));
    });

  it('looks at all that snapshots say of a layer that they share', async () => {
    await lyingSnapshot('stored frames');
    await lyingSnapshot('nothing');
    const { problems, sound } = await verify({ depth: 'contents' });
    assert.match(first(problems).detail, /^the frame table/);
    assert.deepEqual(sound, []);
  });

  it('says nothing of a snapshot that lands meanwhile', async () => {
    const before = await keep(vault, { name: 'before' });
    let landed: Snapshot | undefined;
    const list: BlobStore['list'] = async function* (options) {
      landed ??= await keep(vault, { name: 'meanwhile' });
      yield* vault.blobs.list(options);
    };
    const { sound } = await verify({ depth: 'contents' }, { ...vault, blobs: { ...vault.blobs, list } });
    assert.deepEqual(sound, [before.id]);
    assert.deepEqual((await named('meanwhile')).verified, landed?.verified);
    assert.equal((await named('before')).verified?.depth, 'contents');
  });

  it('takes no offence at platforms of an image that were never there', async () => {
    await keep(vault, { name: 'app:1', kind: 'image' });
    const image = first((await openSnapshot(vault, await named('app:1'))).images);
    const absent = { ...image.target, digest: `sha256:${'0'.repeat(64)}` };
    const list = await putDocument(
      vault.blobs,
      JSON.stringify({ schemaVersion: 2, manifests: [image.target, absent] }),
    );
    const mediaType = 'application/vnd.oci.image.index.v1+json';
    const entry = newEntry({ ...list, mediaType, annotations: {} });
    await updateSnapshotIndex({ vault, owner: await currentProcess() }, (entries) => [...entries, entry]);
    assert.deepEqual((await verify({ depth: 'contents' })).problems, []);
  });

  it('stops when it is cancelled and gives its lock back', async () => {
    await keep(vault, { name: 'a' });
    const controller = new AbortController();
    const running = verifyVault(
      { vault, owner: await currentProcess() },
      { depth: 'digests' },
      {
        signal: controller.signal,
        progress: {
          report: () => {
            controller.abort();
          },
        },
      },
    );
    await assert.rejects(running, { name: 'AbortError' });
    assert.equal((await verify({ depth: 'structure' })).problems.length, 0);
  });
});
