import assert from 'node:assert/strict';
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { digestOf } from '../../../src/core/digest.ts';
import { putDocument } from '../../../src/core/vault/blobStore.ts';
import { createVault, openVault, type Vault } from '../../../src/core/vault/layout.ts';
import { currentProcess, type ProcessIdentity } from '../../../src/core/vault/processIdentity.ts';
import {
  isSnapshot,
  newEntry,
  parseSnapshotIndex,
  refNameOf,
  snapshotIndexBytes,
  snapshotType,
  type IndexEntry,
} from '../../../src/core/vault/snapshotIndex.ts';
import { readSnapshotIndex, updateSnapshotIndex } from '../../../src/core/vault/updateIndex.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

async function entryFor(vault: Vault, name: string): Promise<IndexEntry> {
  const { digest, sizeBytes } = await putDocument(vault.blobs, `the snapshot ${name}`);
  return newEntry({
    mediaType: 'application/vnd.oci.image.index.v1+json',
    artifactType: snapshotType,
    digest,
    sizeBytes,
    annotations: { 'org.opencontainers.image.ref.name': name },
  });
}

/** As other tools write: unknown fields, another algorithm, nothing that we know. */
const foreign = [
  {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    size: 7,
    digest: digestOf('foreign'),
    urls: ['x'],
    annotations: null,
    platform: { os: 'linux', architecture: 'riscv64', 'os.features': ['a'] },
  },
  { mediaType: 'application/x', digest: `sha512:${'0'.repeat(128)}`, size: 1 },
  { strange: { nested: [1, 2.5, -3e10, true, null] } },
];

describe('the index of snapshots', function () {
  this.timeout(20_000);
  const folder = temporaryFolder();
  let vault: Vault;
  let owner: ProcessIdentity;
  beforeEach(async () => {
    vault = await createVault({ path: folder.path(), compression: 'zstd' });
    owner = await currentProcess();
  });
  const add = (entry: IndexEntry): Promise<readonly IndexEntry[]> =>
    updateSnapshotIndex({ vault, owner }, (entries) => [...entries, entry]);
  const file = (): Promise<string> => readFile(vault.paths.index, 'utf8');

  it('gets an entry and gives it back', async () => {
    const entry = await entryFor(vault, 'web:1@2026');
    await add(entry);
    const { entries } = await readSnapshotIndex(vault);
    assert.deepEqual(entries, [entry]);
    assert.ok(isSnapshot(entry));
    assert.equal(refNameOf(entry), 'web:1@2026');
    assert.deepEqual(await readdir(vault.paths.locks), []);
    assert.deepEqual(await readdir(vault.paths.partial), []);
  });

  it('keeps entries and fields of other tools as they are', async () => {
    const before = { schemaVersion: 2, manifests: foreign, annotations: { a: 'b' }, future: [1] };
    await writeFile(vault.paths.index, JSON.stringify(before));
    const entry = await entryFor(vault, 'a');
    await add(entry);
    assert.deepEqual(JSON.parse(await file()), { ...before, manifests: [...foreign, entry.fields] });
    await updateSnapshotIndex({ vault, owner }, (entries) => entries.filter((other) => !isSnapshot(other)));
    assert.deepEqual(JSON.parse(await file()), before);
  });

  it('takes a list that Go wrote as null for an empty one', () => {
    const text = '{"schemaVersion":2,"manifests":null}';
    assert.deepEqual(parseSnapshotIndex(Buffer.from(text), 'x').entries, []);
  });

  it('refuses what is no index', () => {
    for (const text of [
      '',
      '[]',
      'null',
      '{}',
      '{"schemaVersion":1,"manifests":[]}',
      // What lost its list is not empty: prune would remove all that it named.
      '{"schemaVersion":2}',
      '{"schemaVersion":2,"manifestr":[]}',
      '{"schemaVersion":2,"manifests":{}}',
      '{"schemaVersion":2,"manifests":[1]}',
      '{"schemaVersion":2,"manifests":[null]}',
      `{"schemaVersion":2,"manifests":[{"a":${'['.repeat(70)}${']'.repeat(70)}}]}`,
      `{"schemaVersion":2,"manifests":[${Array.from({ length: 100_001 }, () => '{}').join(',')}]}`,
    ])
      assert.throws(() => parseSnapshotIndex(Buffer.from(text), 'x'), { code: 'badJson' }, text.slice(0, 60));
  });

  it('reads back what it writes', () => {
    const index = parseSnapshotIndex(
      Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: foreign })),
      'x',
    );
    assert.deepEqual(parseSnapshotIndex(snapshotIndexBytes(index), 'x'), index);
  });

  it('refuses an entry whose blob is missing or has another size', async () => {
    const entry = await entryFor(vault, 'a');
    assert.ok(entry.descriptor);
    const { descriptor } = entry;
    const before = await file();
    await assert.rejects(add(newEntry({ ...descriptor, sizeBytes: descriptor.sizeBytes + 1 })), {
      code: 'blobDamaged',
    });
    await vault.blobs.delete(descriptor.digest);
    await assert.rejects(add(entry), { code: 'blobMissing' });
    assert.equal(await file(), before);
  });

  it('refuses two snapshots of one name', async () => {
    await add(await entryFor(vault, 'a'));
    const other = await entryFor(vault, 'b');
    assert.ok(other.descriptor);
    const { annotations } = { annotations: { 'org.opencontainers.image.ref.name': 'a' } };
    await assert.rejects(add(newEntry({ ...other.descriptor, annotations })), { code: 'vaultRefTaken' });
  });

  it('loses no entry when many write at once', async () => {
    const entries = await Promise.all(
      Array.from({ length: 12 }, (_, number) => entryFor(vault, `s${number}`)),
    );
    await Promise.all(entries.map((entry) => add(entry)));
    const names = (await readSnapshotIndex(vault)).entries.map(refNameOf).sort();
    assert.deepEqual(names, entries.map(refNameOf).sort());
    assert.deepEqual(await readdir(vault.paths.locks), []);
  }).timeout(20_000);

  it('stays as it was when the change fails, changes nothing, or is cancelled', async () => {
    await add(await entryFor(vault, 'a'));
    const before = await file();
    const controller = new AbortController();
    const fails = updateSnapshotIndex({ vault, owner }, () => {
      throw new Error('no');
    });
    await assert.rejects(fails, /no/);
    await updateSnapshotIndex({ vault, owner }, (entries) => entries);
    const cancelled = updateSnapshotIndex(
      { vault, owner },
      () => {
        controller.abort();
        return [];
      },
      { signal: controller.signal },
    );
    await assert.rejects(cancelled, { name: 'AbortError' });
    assert.equal(await file(), before);
    assert.deepEqual(await readdir(vault.paths.locks), []);
    assert.deepEqual(await readdir(vault.paths.partial), []);
  });

  it('is not changed by one whose lock was taken away', async () => {
    const before = await file();
    const entry = await entryFor(vault, 'a');
    const robbed: Vault = {
      ...vault,
      blobs: {
        ...vault.blobs,
        stat: async (digest) => {
          for (const name of await readdir(vault.paths.locks)) await rm(`${vault.paths.locks}/${name}`);
          return vault.blobs.stat(digest);
        },
      },
    };
    await assert.rejects(
      updateSnapshotIndex({ vault: robbed, owner }, (entries) => [...entries, entry]),
      { code: 'vaultLockLost' },
    );
    assert.equal(await file(), before);
  });

  it('is not written in a vault that was opened to be read', async () => {
    const reader = await openVault({ path: folder.path(), access: 'read' });
    await assert.rejects(
      updateSnapshotIndex({ vault: reader, owner }, () => []),
      { code: 'vaultReadOnly' },
    );
  });
});
