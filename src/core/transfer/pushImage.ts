import * as z from 'zod';
import { digestOf, type Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import { isIndexType, ociIndexType, ociLayerTypeOf } from '../oci/mediaTypes.ts';
import { parseJson } from '../oci/parseJson.ts';
import type { Operation } from '../progress.ts';
import type { BlobSource, RemoteManifest, RemoteRepository } from '../registry/remoteRepository.ts';
import type { SnapshotImage, SnapshotManifest } from '../snapshot/snapshot.ts';
import type { BlobReader, CancelOptions } from '../vault/blobStore.ts';
import type { Vault } from '../vault/layout.ts';
import { reachableBlobs } from '../vault/reachableBlobs.ts';
import { childrenFirst, lacksAny } from './documentGraph.ts';
import { gzipLayer } from './gzipLayer.ts';
import { ship, type KnownPlaces, type Shipped } from './shipment.ts';
import { isDocumentType, vaultDocument, vaultSource } from './vaultSources.ts';

export interface PushImageInput {
  /** Of a snapshot that was opened. */
  readonly image: SnapshotImage;
  readonly tag: string;
  /** `gzip` packs zstd layers anew, for engines that can't read them; the image ID on a classic store stays. */
  readonly compression: 'keep' | 'gzip';
}

export interface PushedImage extends Shipped {
  /** Of what the tag names. */
  readonly digest: Digest;
  /** Whether that is not what the vault has: packed anew, or without platforms that the vault does not have. */
  readonly isRewritten: boolean;
}

interface Prepared {
  readonly blobs: readonly BlobSource[];
  /** The last is what is to be tagged. */
  readonly documents: readonly RemoteManifest[];
  readonly isRewritten: boolean;
}

/**
 * Pushes an image of a snapshot, so that any engine can pull it; no engine is needed for it. As it is where that is
 * possible: an index of which the vault has not every platform is pushed with those that it has, as its own manifest
 * where that is one.
 *
 * Rejects with `blobMissing`, `blobDamaged`, `badJson`, as {@link ship} does, or an AbortError.
 */
export async function pushImage(
  { from, to }: { readonly from: Vault; readonly to: RemoteRepository },
  { image, tag, compression }: PushImageInput,
  operation: Operation,
  places?: KnownPlaces,
): Promise<PushedImage> {
  const { signal } = operation;
  const item = image.tags[0] ?? image.id;
  const { blobs: store } = from;
  const hasZstd = image.manifests.some(({ layers }) => layers.some(isZstd));
  const whole =
    compression === 'gzip' && hasZstd
      ? await packedAnew(store, image, { ...operation, item })
      : ((await asItIs(store, image, { signal })) ?? (await withWhatIsThere(store, image, { signal })));
  const { blobs, documents, isRewritten } = whole;
  const top = documents.at(-1);
  if (top === undefined)
    throw failure('archiveMissing', { name: item, missing: 'every platform', by: 'the image' });
  const tagged = [...documents.slice(0, -1), { ...top, tag }];
  const shipped = await ship(to, { item, blobs, documents: tagged }, operation, places);
  return { ...shipped, digest: top.digest, isRewritten };
}

/** With all that it reaches; undefined where the vault lacks any of that. */
async function asItIs(
  store: BlobReader,
  { target }: SnapshotImage,
  cancel: CancelOptions,
): Promise<Prepared | undefined> {
  const blobs: BlobSource[] = [];
  const documents: RemoteManifest[] = [];
  const root = { mediaType: target.mediaType, digest: target.digest, sizeBytes: target.size };
  for await (const one of reachableBlobs(store, [root], cancel)) {
    if (one.found === undefined) {
      if (isIndexType(target.mediaType)) return undefined;
      throw failure('blobMissing', { vault: store.name, digest: one.digest });
    }
    if (isDocumentType(one.mediaType)) documents.push(await vaultDocument(store, one, cancel));
    else blobs.push(vaultSource(store, one));
  }
  if (lacksAny(documents, store.name)) return undefined;
  return { blobs, documents: childrenFirst(documents, store.name), isRewritten: false };
}

async function withWhatIsThere(
  store: BlobReader,
  { target, manifests }: SnapshotImage,
  cancel: CancelOptions,
): Promise<Prepared> {
  const documents: RemoteManifest[] = [];
  for (const { descriptor } of manifests)
    documents.push(await vaultDocument(store, stored(descriptor), cancel));
  const blobs = manifests.flatMap(({ config, layers }) =>
    [config, ...layers.map(({ descriptor }) => descriptor)].map((one) => vaultSource(store, stored(one))),
  );
  return joined(store, target, { manifests, documents, blobs }, cancel);
}

/** Attestations are left out: they are of the manifest that there was. */
async function packedAnew(
  store: BlobReader,
  { target, manifests }: SnapshotImage,
  operation: Operation & { readonly item: string },
): Promise<Prepared> {
  const cancel = { signal: operation.signal };
  const documents: RemoteManifest[] = [];
  const blobs: BlobSource[] = [];
  const packed = new Map<Digest, BlobSource>();
  for (const { descriptor, config, layers } of manifests) {
    const { bytes, mediaType } = await vaultDocument(store, stored(descriptor), cancel);
    blobs.push(vaultSource(store, stored(config)));
    const anew: object[] = [];
    for (const layer of layers) {
      const known = packed.get(layer.descriptor.digest);
      const isPacked = isZstd(layer);
      const source =
        known ??
        (isPacked ? await gzipLayer(store, layer, operation) : vaultSource(store, stored(layer.descriptor)));
      packed.set(layer.descriptor.digest, source);
      blobs.push(source);
      anew.push(
        isPacked
          ? { mediaType: ociLayerTypeOf('gzip'), digest: source.digest, size: source.sizeBytes }
          : layer.descriptor,
      );
    }
    const fields = parseJson(bytes, z.looseObject({}), `${store.name}: ${descriptor.digest}`);
    documents.push(documentOf(mediaType, { ...fields, layers: anew }));
  }
  return joined(store, target, { manifests, documents, blobs }, cancel);
}

/** One manifest stands for itself; several get an index with what the image's own said of itself. */
async function joined(
  store: BlobReader,
  target: SnapshotImage['target'],
  {
    manifests,
    documents,
    blobs,
  }: Omit<Prepared, 'isRewritten'> & { readonly manifests: readonly SnapshotManifest[] },
  cancel: CancelOptions,
): Promise<Prepared> {
  const once = [...new Map(blobs.map((source) => [source.digest, source])).values()];
  if (documents.length === 1 || !isIndexType(target.mediaType))
    return { blobs: once, documents, isRewritten: true };
  const { bytes } = await vaultDocument(store, stored(target), cancel);
  const fields = parseJson(
    bytes,
    z.looseObject({ manifests: z.unknown() }),
    `${store.name}: ${target.digest}`,
  );
  const index = documentOf(ociIndexType, {
    ...fields,
    mediaType: ociIndexType,
    manifests: documents.map(({ mediaType, digest, sizeBytes: size }, place) => ({
      ...{ mediaType, digest, size },
      platform: manifests[place]?.descriptor.platform ?? manifests[place]?.platform,
    })),
  });
  return { blobs: once, documents: [...documents, index], isRewritten: true };
}

function documentOf(mediaType: string, fields: object): RemoteManifest {
  const bytes = Buffer.from(JSON.stringify(fields));
  return { mediaType, digest: digestOf(bytes), sizeBytes: bytes.length, bytes };
}

function isZstd({ descriptor }: SnapshotManifest['layers'][number]): boolean {
  return descriptor.mediaType.endsWith('zstd');
}

function stored({ mediaType, digest, size }: SnapshotImage['target']): Parameters<typeof vaultDocument>[1] {
  return { mediaType, digest, sizeBytes: size };
}
