import { shortDigest, type Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import type { ImageDetails } from '../engine/records.ts';
import { failure } from '../errors.ts';
import { isIndexType } from '../oci/mediaTypes.ts';
import { parseImageIndex } from '../oci/manifest.ts';
import type { Operation } from '../progress.ts';
import { KnownContents } from '../snapshot/knownContents.ts';
import type { SnapshotImage } from '../snapshot/snapshot.ts';
import type { StoredLayer } from '../snapshot/storedLayer.ts';
import { readDocument } from '../vault/blobStore.ts';
import type { OciDescriptor } from '../vault/snapshotDocuments.ts';
import type { VaultSession } from '../vault/vaultSession.ts';
import { assembleImage, type CapturedImageContent } from './capturedImageContent.ts';
import { receiveImages } from './receiveImages.ts';
import { ReceivedLayers } from './receivedLayers.ts';

export type { CapturedImageContent } from './capturedImageContent.ts';

/**
 * Brings images into the vault: 1. ask the engine what they are, 2. take from the vault's snapshots those that are
 * there whole, 3. ask for all others in one request, so that shared layers are sent once, 4. store layers as they
 * come, and at the end the documents. Nothing is in index.json afterwards: that is for who lands a snapshot.
 *
 * Resolves with the content of each ID. Rejects with `engineNotFound`, `imageWithoutLayers`, the `archive…` failures
 * of what the engine sent, its own failures, what the store throws, or an AbortError.
 */
export async function captureImages(
  deps: { readonly engine: Engine; readonly session: VaultSession },
  ids: readonly Digest[],
  operation: Operation,
): Promise<ReadonlyMap<Digest, CapturedImageContent>> {
  const { engine, session } = deps;
  const signal = AbortSignal.any([session.signal, operation.signal]);
  const { progress } = operation;
  const wanted = [...new Set(ids)];
  progress.report({ phase: 'preparing', ...(wanted[0] && { item: shortDigest(wanted[0]) }) });
  const { imageStore, product } = await engine.info({ signal });
  const known = new KnownContents(session.vault, { signal });
  const captured = new Map<Digest, CapturedImageContent>();
  const missing: ImageDetails[] = [];
  for (const id of wanted) {
    const details = await engine.images.inspect(id, { signal });
    const content = await knownContent(session, known, details, signal);
    if (content) captured.set(id, content);
    else missing.push(details);
  }
  const bare = missing.find(({ diffIds }) => diffIds.length === 0);
  // A classic store answers "empty export - not implemented"; people get to know which image it is.
  if (bare !== undefined && imageStore !== 'containerd' && product !== 'podman')
    throw failure('imageWithoutLayers', { name: bare.tags[0] ?? shortDigest(bare.id) });
  if (missing.length === 0) return captured;

  const layers = new ReceivedLayers(session, known, imageStore === 'containerd', signal);
  const fromEngine = await engine.images.save(
    missing.map(({ id }) => id),
    { signal },
  );
  try {
    const sent = await receiveImages(fromEngine, layers, { signal, progress });
    const received = { sent, layers, blobs: session.vault.blobs };
    for (const details of missing)
      captured.set(details.id, await assembleImage(received, details, { signal }));
  } catch (error) {
    await layers.stop(error);
    signal.throwIfAborted();
    throw error;
  } finally {
    // A failure between two pieces leaves the stream open otherwise.
    fromEngine.destroy();
  }
  return captured;
}

/** What the vault has of an image, if that is all that the engine has. */
async function knownContent(
  { vault }: VaultSession,
  known: KnownContents,
  details: ImageDetails,
  signal: AbortSignal,
): Promise<CapturedImageContent | undefined> {
  const image = await known.image(details.id);
  const [first] = image?.manifests ?? [];
  if (image === undefined || first === undefined) return undefined;
  if (isIndexType(image.target.mediaType) && !(await hasEveryPlatform(vault.blobs, image, signal)))
    return undefined;
  const own = image.manifests.find(
    ({ layers }) => layers.map(({ diffId }) => diffId).join() === details.diffIds.join(),
  );
  if (own === undefined) return undefined;
  const layers = new Map<Digest, StoredLayer>();
  for (const manifest of image.manifests)
    for (const { descriptor } of manifest.layers) {
      const layer = layers.get(descriptor.digest) ?? (await known.layerOfDigest(descriptor.digest));
      if (layer === undefined) return undefined;
      layers.set(descriptor.digest, layer);
    }
  const { mediaType, digest, size } = image.target;
  return {
    id: details.id,
    target: { mediaType, digest, size },
    platform: own.platform,
    layers: [...layers.values()],
    remarks: [],
  };
}

/** An engine may have pulled a platform since that the vault lacks, and its ID says nothing of that. */
async function hasEveryPlatform(
  blobs: VaultSession['vault']['blobs'],
  { target, manifests }: SnapshotImage,
  signal: AbortSignal,
): Promise<boolean> {
  const have = new Set<Digest>(manifests.map(({ descriptor }) => descriptor.digest));
  const ahead: Pick<OciDescriptor, 'digest' | 'size'>[] = [target];
  for (let next = ahead.pop(); next; next = ahead.pop()) {
    const { digest, size: sizeBytes } = next;
    if ((await blobs.stat(digest)) === undefined) return false;
    const bytes = await readDocument(blobs, { digest, sizeBytes }, { signal });
    for (const one of parseImageIndex(bytes, `${blobs.name}: ${digest}`).manifests ?? []) {
      const isNote = one.platform?.os === 'unknown' && one.platform.architecture === 'unknown';
      if (isNote || have.has(one.digest)) continue;
      if (!isIndexType(one.mediaType)) return false;
      have.add(one.digest);
      ahead.push(one);
    }
  }
  return true;
}
