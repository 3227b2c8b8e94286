/** A vault with what can be pushed: a container, an image, one of two platforms, and one that lacks a platform. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '../../src/core/digest.ts';
import { ociIndexType, ociManifestType } from '../../src/core/oci/mediaTypes.ts';
import type { CapturedImage } from '../../src/core/snapshot/snapshotDraft.ts';
import type { Snapshot } from '../../src/core/snapshot/snapshot.ts';
import { putDocument, type BlobStore } from '../../src/core/vault/blobStore.ts';
import { createVault, openVault, type Vault } from '../../src/core/vault/layout.ts';
import { descriptorOf } from '../../src/core/vault/snapshotDocuments.ts';
import { containerDocument, sourceOf, storeImage, storeLayer, volumeDocument } from './capturedThings.ts';
import { land } from './snapshotVault.ts';
import { pseudoRandom } from './registryHere.ts';

export interface PushedVault {
  readonly vault: Vault;
  /** `web`, with a volume of 3 MiB. */
  readonly container: Snapshot;
  /** `app:1`, linux/amd64, two layers. */
  readonly image: Snapshot;
  /** `multi:1`, for amd64 and arm64, as a containerd store has it. */
  readonly platforms: Snapshot;
  /** `sparse:1`, whose index names arm64 too, without its blobs. */
  readonly sparse: Snapshot;
}

export async function pushedVault(path: string): Promise<PushedVault> {
  const vault = await createVault({ path, compression: 'zstd' });
  const base = { 'bin/tool': pseudoRandom(200_000), 'etc/os-release': 'ID=test\n' };
  const container = await land(vault, sourceOf('container', 'web'), async (draft, store) => {
    const layer = await storeLayer(store, base);
    const image = await storeImage(store, [layer]);
    const writable = await storeImage(store, [layer, await storeLayer(store, { 'var/log/x': 'y' })], {
      tags: [],
      role: 'writable',
    });
    const part = await storeLayer(store, { 'v/data': pseudoRandom(3 << 20, 5) });
    for (const each of [image, writable]) await draft.addImage(each);
    await draft.addVolume(volumeDocument('data', [part]), [part]);
    await draft.addContainer(containerDocument('web', image));
  });
  const image = await land(vault, sourceOf('image', 'app:1'), async (draft, store) => {
    const layers = [await storeLayer(store, base), await storeLayer(store, { 'app/main': 'run\n' })];
    await draft.addImage(await storeImage(store, layers));
  });
  const platforms = await land(vault, sourceOf('image', 'multi:1'), async (draft, store) => {
    await draft.addImage(await indexed(store, 'multi:1', { isWhole: true }));
  });
  const sparse = await land(vault, sourceOf('image', 'sparse:1'), async (draft, store) => {
    await draft.addImage(await indexed(store, 'sparse:1', { isWhole: false }));
  });
  return { vault, container, image, platforms, sparse };
}

/** Registers hooks that make one such vault for all tests of a suite; each takes a copy, so that it may change it. */
export function pushedVaults(): { copy(path: string): Promise<PushedVault> } {
  let folder: string;
  let made: PushedVault;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-pushed-'));
    made = await pushedVault(join(folder, 'vault'));
  });
  after(() => rm(folder, { recursive: true, force: true }));
  return {
    copy: async (path) => {
      await cp(made.vault.paths.root, path, { recursive: true });
      return { ...made, vault: await openVault({ path, access: 'write' }) };
    },
  };
}

async function indexed(
  store: BlobStore,
  tag: string,
  { isWhole }: { readonly isWhole: boolean },
): Promise<CapturedImage> {
  const layer = await storeLayer(store, { 'bin/multi': tag }, 'gzip');
  const own = await storeImage(store, [layer]);
  const other = await storeLayer(store, { 'bin/multi': `${tag} on arm` }, 'gzip');
  const arm = isWhole
    ? await storeImage(store, [other], { architecture: 'arm64' })
    : { ...own, target: { mediaType: ociManifestType, digest: digestOf('never pulled'), size: 12 } };
  const index = await putDocument(
    store,
    JSON.stringify({
      schemaVersion: 2,
      mediaType: ociIndexType,
      manifests: [
        { ...own.target, platform: { os: 'linux', architecture: 'amd64' } },
        { ...arm.target, platform: { os: 'linux', architecture: 'arm64' } },
      ],
    }),
  );
  return {
    ...own,
    id: index.digest,
    tags: [tag],
    target: descriptorOf(ociIndexType, index),
    layers: isWhole ? [layer, other] : [layer],
  };
}
