import type { ArchivedImage, ArchivedLayer } from '../archive/archive.ts';
import { imageManifest } from '../archive/ociDocuments.ts';
import type { Shipment } from '../archive/shipping.ts';
import { storedBlobs } from '../archive/storedBlobs.ts';
import { shortDigest, type Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import { type LayerCompression } from '../oci/mediaTypes.ts';
import type { Operation } from '../progress.ts';
import { KnownContents } from '../snapshot/knownContents.ts';
import type { LandedCopy } from '../snapshot/landCopied.ts';
import { landSnapshots, type Landing } from '../snapshot/landSnapshot.ts';
import { SnapshotDraft } from '../snapshot/snapshotDraft.ts';
import { putLayer, type StoredLayer, storedLayerOf } from '../snapshot/storedLayer.ts';
import { putDocument } from '../vault/blobStore.ts';
import { keepLayer } from '../vault/keepLayer.ts';
import { descriptorOf, type OciDescriptor } from '../vault/snapshotDocuments.ts';
import type { VaultSession } from '../vault/vaultSession.ts';
import { bundledImages, type Bundle } from './readBundle.ts';

/**
 * Keeps the images of a bundle in a vault, each in a snapshot of its own as a backup of their engine would: 1. see which
 * layers the vault has, and that it has those that did not travel, 2. store the others, those of a classic store packed as
 * the vault packs, those of a containerd store as they are, 3. store the documents, and land all of them or none.
 *
 * Rejects with `bundleLacks`, `archiveChanged`, the archive failures, as `landSnapshots` does, or an AbortError.
 */
export async function keepImages(
  session: VaultSession,
  bundle: Bundle,
  operation: Operation,
): Promise<{ readonly snapshots: readonly LandedCopy[]; readonly stored: StoredCount }> {
  const found = await bundledImages(bundle);
  const { document, name } = bundle;
  const ids = new Set(document.items.map(({ id }) => id));
  // An engine of either store knows all of its images in the same way.
  const isClassic = found.some(({ image }) => ids.has(image.configDigest));
  const known = new KnownContents(session.vault, { signal: session.signal });
  const layers = new Map<Digest, StoredLayer>();
  const coming = new Map<string, ArchivedLayer>();
  const missing = new Set<Digest>();
  for (const { image, absent } of found)
    for (const layer of image.layers) {
      if (layers.has(layer.storedDigest) || coming.has(layer.path)) continue;
      const there = isClassic
        ? await known.layerOfDiffId(layer.diffId)
        : await known.layerOfDigest(layer.storedDigest);
      if (there?.diffId === layer.diffId) layers.set(layer.storedDigest, there);
      else if (absent.has(layer.storedDigest)) missing.add(layer.diffId);
      else coming.set(layer.path, layer);
    }
  if (missing.size > 0)
    throw failure('bundleLacks', {
      name,
      target: session.vault.paths.root,
      missing: `the layers ${[...missing].map(shortDigest).join(', ')}`,
    });
  const stored = await storeLayers({ session, bundle, isClassic }, coming, layers, operation);
  const landings: Landing[] = [];
  for (const group of Map.groupBy(found, ({ image }) => idOf(image, isClassic)).values()) {
    const images = group.map(({ image }) => image);
    landings.push(await draftOf({ session, bundle, isClassic }, images, layers));
  }
  const snapshots = await landSnapshots(session, landings, operation);
  return { snapshots: snapshots.map((snapshot) => ({ snapshot, wasThere: false })), stored };
}

export interface StoredCount {
  readonly blobs: number;
  readonly bytes: number;
}

interface Keeping {
  readonly session: VaultSession;
  readonly bundle: Bundle;
  readonly isClassic: boolean;
}

function idOf({ configDigest, targetDigest }: ArchivedImage, isClassic: boolean): Digest {
  return isClassic ? configDigest : (targetDigest ?? configDigest);
}

async function storeLayers(
  { session, bundle, isClassic }: Keeping,
  coming: ReadonlyMap<string, ArchivedLayer>,
  layers: Map<Digest, StoredLayer>,
  { progress }: Operation,
): Promise<StoredCount> {
  const { signal, vault } = session;
  const { compression } = vault.settings;
  const byDigest = new Map<Digest, ArchivedLayer>();
  const shipments = new Map<string, Shipment>();
  for (const [path, layer] of coming) {
    const { diffId, storedDigest, sizeBytes, storedBytes } = layer;
    const plain = {
      digest: diffId,
      sizeBytes,
      ...(storedDigest !== diffId && { unpack: layer.compression }),
    };
    const shipment = isClassic ? plain : { digest: storedDigest, sizeBytes: storedBytes };
    byDigest.set(shipment.digest, layer);
    shipments.set(path, shipment);
  }
  const totalBytes = [...shipments.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const stored = { blobs: 0, bytes: 0 };
  let doneBytes = 0;
  for await (const { digest, sizeBytes, data } of storedBlobs(bundle.source, bundle, shipments, signal)) {
    progress.report({ phase: 'writing', item: bundle.name, doneBytes, totalBytes });
    const layer = byDigest.get(digest);
    if (layer === undefined) throw failure('unexpected', { reason: 'a layer came that was not asked for' });
    const input = { bytes: data, name: shortDigest(digest) };
    const kept = isClassic
      ? await putLayer(
          vault.blobs,
          { ...input, compression, expectedDiffId: digest, isReadBack: true },
          { signal },
        )
      : await keptAsItIs(session, layer, input.bytes);
    layers.set(layer.storedDigest, kept);
    stored.blobs += 1;
    stored.bytes += kept.index.sizeBytes;
    doneBytes += sizeBytes;
  }
  return stored;
}

async function keptAsItIs(
  { vault, signal }: VaultSession,
  { storedDigest, compression }: ArchivedLayer,
  bytes: AsyncIterable<Uint8Array>,
): Promise<StoredLayer> {
  const name = shortDigest(storedDigest);
  const packing = packingOf(compression, name);
  const input = { bytes, name, compression: packing, expectedDigest: storedDigest };
  const kept = await keepLayer(
    vault.blobs,
    { ...input, listCompression: vault.settings.compression },
    { signal },
  );
  if (kept.layer === undefined)
    throw kept.failure ?? failure('unexpected', { reason: `${name} was stored without an index` });
  return storedLayerOf(kept.layer);
}

function packingOf(compression: ArchivedLayer['compression'], name: string): LayerCompression {
  if (compression === 'xz' || compression === 'bzip2')
    throw failure('archiveUnsupported', { name, what: compression });
  return compression;
}

/** One image, in the platforms that came, as a snapshot is to hold it. */
async function draftOf(
  { session, bundle, isClassic }: Keeping,
  images: readonly ArchivedImage[],
  layers: ReadonlyMap<Digest, StoredLayer>,
): Promise<Landing> {
  const { signal, vault } = session;
  const { blobs } = vault;
  const [first] = images;
  if (first === undefined) throw failure('unexpected', { reason: 'an image has no platform' });
  const own = images.map((image) =>
    image.layers.map(({ storedDigest }) => {
      const layer = layers.get(storedDigest);
      if (layer === undefined) throw failure('unexpected', { reason: 'a layer was not stored' });
      return layer;
    }),
  );
  for (const { configDigest, configBytes } of images)
    await putDocument(blobs, configBytes, { expectedDigest: configDigest, signal });
  let target: OciDescriptor;
  if (isClassic) {
    const descriptors = (own[0] ?? []).map(({ descriptor: { mediaType, digest, size } }) => ({
      ...{ mediaType, digest, sizeBytes: size },
    }));
    const config = { digest: first.configDigest, sizeBytes: first.configBytes.length };
    const manifest = imageManifest(config, descriptors);
    target = descriptorOf(manifest.mediaType, await putDocument(blobs, manifest.bytes, { signal }));
  } else target = await keptGraph(session, bundle, images);
  const id = idOf(first, isClassic);
  const tags = [...new Set(images.flatMap((image) => image.tags))];
  const draft = new SnapshotDraft(blobs);
  const eachOnce = new Map(own.flat().map((layer) => [layer.descriptor.digest, layer]));
  const { platform } = first;
  await draft.addImage(
    { id, tags, role: 'image', target, platform, layers: [...eachOnce.values()] },
    { signal },
  );
  const { madeOn, madeOnId, createdMs } = bundle.document;
  const name = tags[0] ?? id;
  const source = { kind: 'image', name, engineId: madeOnId, engineName: madeOn } as const;
  return { draft, source, createdMs, imageIds: [id] };
}

/** Stores the manifests, indexes and attestations that make up the image’s ID on a containerd store. */
async function keptGraph(
  { vault: { blobs }, signal }: VaultSession,
  { contents, name }: Bundle,
  images: readonly ArchivedImage[],
): Promise<OciDescriptor> {
  const companions = new Map(
    images.flatMap((image) => image.companions ?? []).map((one) => [one.digest, one]),
  );
  for (const { digest, path } of companions.values())
    await putDocument(blobs, contents.documentOf(contents.require(path, name)), {
      expectedDigest: digest,
      signal,
    });
  const wanted = images[0]?.targetDigest;
  const target = wanted && companions.get(wanted);
  if (target === undefined)
    throw failure('archiveMissing', { name, missing: 'the image’s manifest', by: 'index.json' });
  return descriptorOf(target.mediaType, target);
}
