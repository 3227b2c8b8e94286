import { shortDigest } from '../digest.ts';
import { manifestImage } from '../layers/snapshotImages.ts';
import { KnownContents } from '../snapshot/knownContents.ts';
import { layerEntries } from '../vault/layerIndex.ts';
import type { Vault } from '../vault/layout.ts';
import type { KnownImages } from './knownImages.ts';

/** Images and layers that snapshots of these vaults hold, as the vaults are now; what is broken there is not there. */
export function vaultImages(vaults: readonly Vault[]): KnownImages {
  const known = vaults.map((vault) => ({ store: vault.blobs, contents: new KnownContents(vault) }));
  return {
    async image(id, diffIds, signal) {
      for (const { store, contents } of known) {
        signal.throwIfAborted();
        const manifests = (await contents.image(id))?.manifests ?? [];
        const manifest =
          diffIds === undefined
            ? manifests.length === 1 && manifests[0]
            : manifests.find(
                ({ layers }) =>
                  layers.length === diffIds.length &&
                  layers.every(({ diffId }, at) => diffId === diffIds[at]),
              );
        if (manifest)
          return await manifestImage(
            store,
            manifest,
            { name: shortDigest(id), kind: 'image', tags: [] },
            { signal },
          );
      }
      return undefined;
    },
    async layer(diffId, signal) {
      for (const { store, contents } of known) {
        signal.throwIfAborted();
        const stored = await contents.layerOfDiffId(diffId);
        if (stored === undefined) continue;
        const { index } = stored;
        return {
          diffId,
          tarBytes: index.plainBytes,
          entries: (reading) => layerEntries(store, index, { signal: reading }),
        };
      }
      return undefined;
    },
  };
}
