import assert from 'node:assert/strict';
import { defaultArchiveLimits } from '../../../src/core/archive/archiveLimits.ts';
import {
  bundleDocumentBytes,
  mostLeftOut,
  parseBundleDocument,
} from '../../../src/core/bundle/bundleDocument.ts';
import { inventoryBytes, parseInventory, vaultInventory } from '../../../src/core/bundle/inventory.ts';
import { digestOf, type Digest } from '../../../src/core/digest.ts';
import { createVault } from '../../../src/core/vault/layout.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

describe('the inventory of a vault', function () {
  this.timeout(20_000);
  const folder = temporaryFolder();

  it('is read as it was written, and leaves out the smallest blobs of a very large vault', async () => {
    const vault = await createVault({ path: folder.path(), compression: 'zstd' });
    const all = Array.from({ length: 60_010 }, (_, sizeBytes) => ({
      digest: digestOf(`${sizeBytes}`),
      sizeBytes,
    }));
    const list = async function* () {
      for (const blob of all) yield await Promise.resolve(blob);
    };
    const made = await vaultInventory({ ...vault, blobs: { list } }, Date.UTC(2026, 10, 21));
    const read = parseInventory(inventoryBytes(made), 'test');
    assert.deepEqual(read.target, { kind: 'vault', id: vault.settings.id, name: folder.path() });
    assert.equal(read.blobs.size, 60_000);
    assert.deepEqual(
      all.filter(({ digest }) => !read.blobs.has(digest)).map(({ sizeBytes }) => sizeBytes),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    );
  });

  it('is cut in a bundle’s document, which who reads archives keeps however much stays behind', () => {
    const all = Array.from({ length: 60_000 }, (_, sizeBytes) => digestOf(`${sizeBytes}`));
    const target = { kind: 'vault', id: '', name: 'far' } as const;
    const had = {
      target,
      createdMs: 0,
      images: new Set<Digest>(),
      diffIds: new Set<Digest>(),
      blobs: new Set(all),
    };
    const leftOut = all.slice(0, mostLeftOut).map((digest) => ({ digest, sizeBytes: 2 ** 40 }));
    const items = all.slice(0, 1000).map((id) => ({ id, name: 'volume/postgres-data:20261121T081500Z' }));
    const said = {
      kind: 'snapshots',
      createdMs: 0,
      madeOn: 'near',
      madeOnId: '',
      items,
      leftOut,
      had,
    } as const;
    const bytes = bundleDocumentBytes(said);
    assert.ok(bytes.length <= defaultArchiveLimits.maxDocumentBytes, `${bytes.length}`);
    assert.deepEqual(parseBundleDocument(bytes, 'test').leftOut, leftOut);
  });
});
