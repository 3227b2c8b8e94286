import assert from 'node:assert/strict';
import { unattended } from '../../../src/core/progress.ts';
import { planImages, type ImagesPlan } from '../../../src/core/restore/planImages.ts';
import { restoreImages } from '../../../src/core/restore/restoreImages.ts';
import type { SnapshotContents } from '../../../src/core/snapshot/snapshot.ts';
import { createVault, type Vault } from '../../../src/core/vault/layout.ts';
import { currentProcess } from '../../../src/core/vault/processIdentity.ts';
import { ContainerdEngine, containerdInfo } from '../../support/containerdEngine.ts';
import { shopSnapshot } from '../../support/shopSnapshot.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

describe('an image that a containerd store lists', function () {
  this.timeout(20_000);
  const folder = temporaryFolder();
  let vault: Vault;
  let shop: SnapshotContents;
  let store: ContainerdEngine;
  beforeEach(async () => {
    vault = await createVault({ path: folder.path(), compression: 'zstd' });
    shop = await shopSnapshot({ vault, owner: await currentProcess() });
    store = new ContainerdEngine();
    await restore(await plan());
  });

  const plan = async (): Promise<ImagesPlan> =>
    planImages(
      { engine: store.engine, store: vault.blobs },
      {
        images: shop.images,
        choices: {},
        state: {
          info: containerdInfo,
          images: await store.engine.images.list(),
          ...{ containers: [], volumes: [], networks: [] },
        },
        stamp: 'now',
      },
    );
  async function restore(images: ImagesPlan): Promise<void> {
    const note = (): Promise<void> => Promise.resolve();
    const deps = { engine: store.engine, store: vault.blobs, note };
    await restoreImages(deps, { contents: shop, info: containerdInfo, ...images }, unattended());
  }
  const actions = ({ items }: ImagesPlan): readonly string[] =>
    items.flatMap(({ what, action }) => (what === 'image' ? [action] : []));

  it('is there when all of it is', async () => {
    assert.deepEqual([...new Set(actions(await plan()))], ['keep']);
  });

  it('is brought when the store has lost a blob of it, which it says only when it is asked', async () => {
    const [broken, ...others] = shop.images.flatMap(({ manifests }) => manifests);
    const lost = broken?.layers.at(-1)?.descriptor.digest;
    assert.ok(lost);
    store.lose(lost);
    assert.match(Object.values(store.state()).join(), /broken/);
    const planned = await plan();
    const isHit = others.some(({ layers }) => layers.some(({ descriptor }) => descriptor.digest === lost));
    assert.deepEqual(actions(planned), ['create', ...others.map(() => (isHit ? 'create' : 'keep'))]);
    await restore(planned);
    assert.doesNotMatch(Object.values(store.state()).join(), /broken/);
    store.tellsManifests = false;
    store.lose(lost);
    assert.ok(actions(await plan()).every((action) => action === 'keep'));
  });
});
