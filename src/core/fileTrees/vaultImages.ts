import { shortDigest, type Digest } from '../digest.ts';
import { manifestImage } from '../layers/snapshotImages.ts';
import { KnownContents } from '../snapshot/knownContents.ts';
import { layerEntries } from '../vault/layerIndex.ts';
import type { Vault } from '../vault/layout.ts';
import type { KnownImages } from './knownImages.ts';

/** Images and layers that snapshots of these vaults hold, as the vaults are now; what is broken there is not there. */
export function vaultImages(vaults: readonly Vault[]): KnownImages {
  const known = vaults.map((vault) => {
    const contents = new KnownContents(vault);
    const inTurn = oneAtATime();
    return {
      store: vault.blobs,
      image: (id: Digest) => inTurn(() => contents.image(id)),
      layerOfDiffId: (diffId: Digest) => inTurn(() => contents.layerOfDiffId(diffId)),
    };
  });
  return {
    async image(id, diffIds, signal) {
      for (const { store, image } of known) {
        signal.throwIfAborted();
        const manifests = (await image(id))?.manifests ?? [];
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
      for (const { store, layerOfDiffId } of known) {
        signal.throwIfAborted();
        const stored = await layerOfDiffId(diffId);
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

/** Snapshots are looked through as far as a question needs, so a second one must not be asked in the middle of it. */
function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work);
    last = next.catch(() => undefined);
    return next;
  };
}
