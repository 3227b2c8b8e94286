import assert from 'node:assert/strict';
import { chmod, readFile, unlink, writeFile } from 'node:fs/promises';
import { tarEnd, tarFile } from '../../../src/core/archive/tarWriter.ts';
import { DrydockError } from '../../../src/core/errors.ts';
import type { VaultProblem } from '../../../src/core/maintenance/vaultProblem.ts';
import {
  verifyVault,
  type VerifyInput,
  type VerifyReport,
} from '../../../src/core/maintenance/verifyVault.ts';
import { unattended } from '../../../src/core/progress.ts';
import type { Snapshot } from '../../../src/core/snapshot/snapshot.ts';
import { openSnapshot, readSnapshots } from '../../../src/core/snapshot/snapshots.ts';
import { putDocument } from '../../../src/core/vault/blobStore.ts';
import { layerIndexBytes } from '../../../src/core/vault/layerIndex.ts';
import { createVault, openVault, type Vault } from '../../../src/core/vault/layout.ts';
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

  /** Flips each byte of files in turn, the same place in all of them at once, and says what is found each time. */
  async function flipEach(
    paths: readonly string[],
    depth: VerifyInput['depth'],
    check: (problems: readonly VaultProblem[], at: number, flipped: readonly string[]) => void,
  ): Promise<void> {
    const files = await Promise.all(paths.map(async (path) => ({ path, bytes: await readFile(path) })));
    for (const { path } of files) await chmod(path, 0o644);
    const longest = Math.max(...files.map(({ bytes }) => bytes.length));
    for (let at = 0; at < longest; at += 1) {
      const long = files.filter(({ bytes }) => at < bytes.length);
      for (const { path, bytes } of long) {
        const bad = Buffer.from(bytes);
        bad[at] = (bad[at] ?? 0) ^ (1 << (at % 8));
        await writeFile(path, bad);
      }
      try {
        const opened = await openVault({ path: folder.path(), access: 'read' });
        check(
          (await verify({ depth }, opened)).problems,
          at,
          long.map(({ path }) => path),
        );
      } catch (error) {
        const names = (path: string): boolean => error instanceof Error && error.message.includes(path);
        const isTold = error instanceof DrydockError && (error.code === 'notAVault' || paths.some(names));
        if (!isTold) throw error;
      }
      for (const { path, bytes } of long) await writeFile(path, bytes);
    }
  }

  it('finds every byte that was flipped in the files that are no blobs, and names the file', async () => {
    await keep(vault, { name: 'a', tags: ['x'] });
    const { ociLayout, vaultFile, index } = vault.paths;
    for (const path of [ociLayout, vaultFile, index])
      await flipEach([path], 'structure', (problems, at) => {
        const isNamed = problems.some((problem) => problem.path === path);
        assert.ok(isNamed, `${path} at byte ${at}: ${JSON.stringify(problems)}`);
      });
    assert.deepEqual((await verify({ depth: 'contents' })).problems, []);
  });

  it('finds every byte that was flipped in a blob, and names the blob', async () => {
    const { id } = await keep(vault, { name: 'a', files: { x: 'y' } });
    await putDocument(vault.blobs, 'nothing reaches this');
    const blobs = await blobsIn(vault.blobs);
    const pathOf = new Map(blobs.map(({ digest }) => [blobPath(vault.paths, digest), digest]));
    await flipEach([...pathOf.keys()], 'digests', (problems, at, flipped) => {
      for (const path of flipped) {
        const problem = problems.find(({ digest }) => digest === pathOf.get(path));
        assert.ok(problem?.kind === 'wrongDigest', `${path} at byte ${at}: ${JSON.stringify(problems)}`);
        assert.ok(problem.snapshots.every((snapshot) => snapshot === id));
      }
    });
    assert.deepEqual((await verify({ depth: 'contents' })).problems, []);
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

  /** A snapshot whose blobs have their digests, with a layer index that says something else than the layer does. */
  async function lyingSnapshot(lie: 'diffId' | 'entries'): Promise<void> {
    const tar = (data: string): Buffer => Buffer.concat([tarFile('data', data), tarEnd]);
    const { blobs } = vault;
    const write = (data: string): ReturnType<typeof writeLayer> =>
      writeLayer(blobs, { bytes: inChunks(tar(data)), name: 'layer', compression: 'zstd' });
    const [layer, other] = [await write('what is there'), await write('WHAT IS THERE')];
    const index = {
      ...layer.index,
      ...(lie === 'diffId' ? { diffId: other.index.diffId } : { entries: other.index.entries }),
    };
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
    const annotations = { 'org.opencontainers.image.ref.name': 'lying@20261121T000000Z' };
    const entry = newEntry(await putSnapshot(blobs, { manifests, annotations }));
    await updateSnapshotIndex({ vault, owner: await currentProcess() }, (entries) => [...entries, entry]);
  }

  for (const [lie, kind, detail] of [
    ['diffId', 'diffId', /unpacks to/],
    ['entries', 'fileHash', /^data: its sha256/],
  ] as const)
    it(`to the depth of contents finds what has its digest and is not what was stored (${kind})`, async () => {
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
