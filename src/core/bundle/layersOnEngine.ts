import type { Digest } from '../digest.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { openSnapshot } from '../snapshot/snapshots.ts';
import type { CancelOptions } from '../vault/blobStore.ts';
import type { Vault } from '../vault/layout.ts';
import type { Inventory } from './inventory.ts';

/**
 * Blobs of image layers that an engine with this inventory will not need for a restore of `snapshots`. A classic store
 * takes an image without the layers that it has on the same chain, so what stays behind is the lower end of an image
 * alone, and nothing that another image has on other layers. Other stores know layers by digests that no inventory can
 * name: nothing stays behind for those. Rejects as `openSnapshot` does.
 */
export async function layersOnEngine(
  vault: Vault,
  { snapshots, had }: { readonly snapshots: readonly Snapshot[]; readonly had: Inventory | undefined },
  { signal }: CancelOptions,
): Promise<ReadonlySet<Digest>> {
  const there = new Set<Digest>();
  const needed = new Set<Digest>();
  if (had?.target.store !== 'classic') return there;
  for (const snapshot of snapshots) {
    const { images, volumes } = await openSnapshot(vault, snapshot, signal && { signal });
    for (const { manifests } of images)
      for (const { layers } of manifests) {
        const firstNew = layers.findIndex(({ diffId }) => !had.diffIds.has(diffId));
        for (const [at, { descriptor }] of layers.entries())
          (firstNew < 0 || at < firstNew ? there : needed).add(descriptor.digest);
      }
    for (const { parts } of volumes) for (const { descriptor } of parts) needed.add(descriptor.digest);
  }
  return new Set([...there].filter((digest) => !needed.has(digest)));
}
