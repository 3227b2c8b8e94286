import assert from 'node:assert/strict';
import { comingImages } from '../../../src/core/restore/comingImages.ts';
import { planRestore } from '../../../src/core/restore/planRestore.ts';
import type { BlobReader } from '../../../src/core/vault/blobStore.ts';
import { createVault } from '../../../src/core/vault/layout.ts';
import { currentProcess } from '../../../src/core/vault/processIdentity.ts';
import { DockEngine } from '../../support/dockEngine.ts';
import { shopSnapshot } from '../../support/shopSnapshot.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

describe('images of a plan on their way to an engine', () => {
  const folder = temporaryFolder();

  it('may be sent in part by a guess only while all of them can be sent as well', async () => {
    const vault = await createVault({ path: folder.path(), compression: 'zstd' });
    const contents = await shopSnapshot({ vault, owner: await currentProcess() });
    const plan = await planRestore({ engine: new DockEngine().engine, vault }, { contents, choices: {} });
    const all = await comingImages(vault.blobs, plan);
    assert.deepEqual([all.mayGuess, all.bytes], [true, undefined]);
    const lost = plan.images[0]?.image.layers[0]?.storedDigest;
    assert.ok(lost);
    const lacking: BlobReader = {
      ...vault.blobs,
      stat: (digest) => (digest === lost ? Promise.resolve(undefined) : vault.blobs.stat(digest)),
    };
    const part = await comingImages(lacking, plan);
    assert.deepEqual([part.mayGuess, part.bytes], [undefined, Number.POSITIVE_INFINITY]);
    assert.deepEqual(part.images, all.images);
  });
});
