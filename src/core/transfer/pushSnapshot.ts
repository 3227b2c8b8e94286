import type { Digest } from '../digest.ts';
import { DrydockError } from '../errors.ts';
import { parseImageIndex } from '../oci/manifest.ts';
import type { Operation } from '../progress.ts';
import type { BlobSource, RemoteRepository } from '../registry/remoteRepository.ts';
import { blobsOfSnapshot } from '../snapshot/blobsOfSnapshot.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { StoredBlob } from '../vault/blobStore.ts';
import type { Vault } from '../vault/layout.ts';
import { childrenFirst, lacksAny } from './documentGraph.ts';
import { emptySource, parcelOf } from './parcel.ts';
import { ship, type KnownPlaces, type Shipped, type ShippedDocument } from './shipment.ts';
import { isDocumentType, vaultDocument, vaultSource } from './vaultSources.ts';

export interface PushSnapshotInput {
  readonly snapshot: Snapshot;
  readonly tag: string;
  /** Another repository of the same registry that has its blobs, for mounts. */
  readonly mountFrom?: string;
}

export interface PushedSnapshot extends Shipped {
  /** Of what the tag names: the snapshot's ID, but for a parcel. */
  readonly digest: Digest;
  /** `parcel` where the registry refuses an index of which it does not have every platform. */
  readonly form: 'index' | 'parcel';
}

/**
 * Pushes a snapshot as it is, with all that it reaches, so that it can be pulled into another vault under the same ID;
 * nothing of it is packed anew and no engine is needed. Its images can be pulled from there by their digests.
 *
 * Rejects with `blobMissing`, `blobDamaged` and `badJson` for what is wrong with the vault, as {@link ship} does, or an
 * AbortError; the tag is where it was then.
 */
export async function pushSnapshot(
  { from, to }: { readonly from: Vault; readonly to: RemoteRepository },
  { snapshot, tag, mountFrom }: PushSnapshotInput,
  operation: Operation,
  places?: KnownPlaces,
): Promise<PushedSnapshot> {
  const { signal } = operation;
  const { blobs: store } = from;
  const root = { digest: snapshot.id, sizeBytes: snapshot.sizeBytes };
  const all = await blobsOfSnapshot(store, root, { signal });
  const data = all.filter(({ mediaType }) => !isDocumentType(mediaType));
  const found: ShippedDocument[] = [];
  for (const one of all) {
    if (!isDocumentType(one.mediaType)) continue;
    const document = await vaultDocument(store, one, { signal });
    found.push(one.digest === root.digest ? { ...document, tag } : document);
  }
  const documents = childrenFirst(found, store.name);
  const item = snapshot.refName;
  const sourceOf = (one: StoredBlob): BlobSource => ({
    ...vaultSource(store, one),
    ...(mountFrom !== undefined && { mountFrom }),
  });
  const blobs = data.map(sourceOf);
  try {
    const shipped = await ship(to, { item, blobs, documents }, operation, places);
    return { ...shipped, digest: root.digest, form: 'index' };
  } catch (error) {
    const isRefused = error instanceof DrydockError && error.code === 'registryRefused';
    if (!isRefused || !lacksAny(documents, store.name)) throw error;
  }
  // The snapshot's own index comes first there, as it did when all was gathered.
  const [index] = found;
  const said = index && parseImageIndex(index.bytes, store.name).annotations;
  const parcel = { ...parcelOf(found, data, said ?? {}), tag };
  const parts = [...data, ...found].map(sourceOf);
  const shipment = { item, blobs: [emptySource, ...parts], documents: [parcel] };
  return { ...(await ship(to, shipment, operation, places)), digest: parcel.digest, form: 'parcel' };
}
