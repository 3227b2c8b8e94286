/** A vault of tests with a container's snapshot in it: an image of two layers, a writable layer, a volume. */
import { createVault, type Vault } from '../../src/core/vault/layout.ts';
import { unattended } from '../../src/core/progress.ts';
import { landSnapshot } from '../../src/core/snapshot/landSnapshot.ts';
import { SnapshotDraft } from '../../src/core/snapshot/snapshotDraft.ts';
import type { Snapshot, SnapshotSource } from '../../src/core/snapshot/snapshot.ts';
import { putLayer, type StoredLayer } from '../../src/core/snapshot/storedLayer.ts';
import { currentProcess } from '../../src/core/vault/processIdentity.ts';
import { withVaultSession } from '../../src/core/vault/vaultSession.ts';
import type { BlobStore } from '../../src/core/vault/blobStore.ts';
import { inChunks } from './archives/byteStreams.ts';
import { containerDocument, sourceOf, storeImage, volumeDocument } from './capturedThings.ts';
import { tarOf, type Given } from './layerTars.ts';

export const snapshotMs = Date.UTC(2026, 10, 20, 8, 0, 0);

export async function land(
  vault: Vault,
  source: SnapshotSource,
  fill: (draft: SnapshotDraft, store: BlobStore) => Promise<void>,
  {
    createdMs = snapshotMs,
    tags = [],
  }: { readonly createdMs?: number; readonly tags?: readonly string[] } = {},
): Promise<Snapshot> {
  const owner = await currentProcess();
  const operation = unattended();
  const what = { kind: 'backup', subject: source.name };
  return withVaultSession({ vault, owner }, what, operation, async (session) => {
    const draft = new SnapshotDraft(session.vault.blobs);
    await fill(draft, session.vault.blobs);
    return landSnapshot(session, draft, { source, createdMs, imageIds: [], tags }, operation);
  });
}

export function storeTar(store: BlobStore, given: readonly Given[] | Uint8Array): Promise<StoredLayer> {
  const bytes = inChunks(given instanceof Uint8Array ? given : tarOf(given));
  return putLayer(store, { bytes, name: 'layer', compression: 'zstd' });
}

export interface ContainerContent {
  readonly base: readonly Given[];
  readonly writable: readonly Given[];
  /** Paths start with `v/`. */
  readonly data: readonly Given[] | Uint8Array;
}

/** A new vault with a snapshot of the container `web`. */
export async function vaultWithContainer(
  path: string,
  content: ContainerContent,
): Promise<{ readonly vault: Vault; readonly snapshot: Snapshot }> {
  const vault = await createVault({ path, compression: 'zstd' });
  const snapshot = await land(vault, sourceOf('container', 'web'), async (draft, store) => {
    const base = await storeTar(store, content.base);
    const image = await storeImage(store, [base]);
    const writable = await storeImage(store, [base, await storeTar(store, content.writable)], {
      tags: [],
      role: 'writable',
    });
    const part = await storeTar(store, content.data);
    await draft.addImage(image);
    await draft.addImage(writable);
    await draft.addVolume(volumeDocument('data', [part]), [part]);
    await draft.addContainer({
      ...containerDocument('web', image),
      writableManifest: writable.target.digest,
    });
  });
  return { vault, snapshot };
}
