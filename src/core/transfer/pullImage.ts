import { platformOf } from '../archive/imageAssembly.ts';
import { sniffed } from '../archive/sniffed.ts';
import { shortDigest, type Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import type { Platform } from '../engine/records.ts';
import { inParallel } from '../inParallel.ts';
import { familiarName } from '../oci/imageName.ts';
import { diffIdsOf } from '../oci/diffIds.ts';
import type { Descriptor } from '../oci/manifest.ts';
import { isIndexType } from '../oci/mediaTypes.ts';
import type { Operation } from '../progress.ts';
import type { RemoteManifest, RemoteRepository } from '../registry/remoteRepository.ts';
import { KnownContents } from '../snapshot/knownContents.ts';
import { landSnapshot } from '../snapshot/landSnapshot.ts';
import type { Snapshot, SnapshotSource } from '../snapshot/snapshot.ts';
import { SnapshotDraft } from '../snapshot/snapshotDraft.ts';
import type { Remark } from '../snapshot/snapshotRecords.ts';
import { storedLayerOf, type StoredLayer } from '../snapshot/storedLayer.ts';
import { putDocument } from '../vault/blobStore.ts';
import { keepLayer } from '../vault/keepLayer.ts';
import { requireWritable, type Vault } from '../vault/layout.ts';
import type { ProcessIdentity } from '../vault/processIdentity.ts';
import { descriptorOf } from '../vault/snapshotDocuments.ts';
import { withVaultSession, type VaultSession } from '../vault/vaultSession.ts';
import { childrenFirst } from './documentGraph.ts';
import { toItsEnd } from '../toItsEnd.ts';
import { counted } from './fetchedBytes.ts';
import { readRemoteImage, type RemoteImage } from './imageInRegistry.ts';

export interface PullImageInput {
  /** A tag, by which the snapshot and its image are called then, or a digest. */
  readonly ref: string;
  /** What that was found to stand for. */
  readonly top?: RemoteManifest;
  /** All that the image has, where it is left out. */
  readonly platforms?: readonly Platform[] | undefined;
}

export interface PulledImage {
  readonly snapshot: Snapshot;
  /** Of what the tag stands for; the snapshot holds these very bytes. */
  readonly digest: Digest;
  /** What had to be fetched for it. */
  readonly fetched: { readonly blobs: number; readonly bytes: number };
  /** Platforms that its index names and that could not be had. */
  readonly remarks: readonly Remark[];
}

/**
 * Pulls an image into a vault as a snapshot, without an engine and byte for byte, so that its digests stay and
 * signatures go on to hold: 1. read the documents of the platforms that are wanted, 2. fetch the layers that no snapshot
 * has, several at once, each read back, 3. compare them with their configs' diffIDs, 4. store the documents,
 * 5. land as a backup does. What the tag stood for at the beginning is what is pulled.
 *
 * Rejects with `registryMissing`, `remotePlatformMissing`, `archiveLayerCount`, `archiveWrongDiffId`, the `archive…`
 * failures of a layer that is no tar, as the calls of the repository do, `blobDamaged`, `diskFilledUp`, or an
 * AbortError; index.json is as it was then.
 */
export async function pullImage(
  deps: { readonly from: RemoteRepository; readonly to: Vault; readonly owner: ProcessIdentity },
  { ref, platforms, ...input }: PullImageInput,
  operation: Operation,
): Promise<PulledImage> {
  const { from, to, owner } = deps;
  requireWritable(to);
  const { signal, progress } = operation;
  const { host, path } = from;
  const isTag = !ref.includes(':');
  const name = isTag
    ? familiarName({ registry: host, repository: path, tag: ref })
    : `${host}/${path}@${ref}`;
  progress.report({ phase: 'preparing', item: name });
  const top = input.top ?? (await from.getManifest(ref, { signal }));
  if (top === undefined) throw failure('registryMissing', { host, name: `${path}:${ref}` });
  const image = await readRemoteImage(from, { top, name, platforms }, { signal });
  const what = { kind: 'pull', subject: name };
  return await withVaultSession({ vault: to, owner }, what, operation, async (session) => {
    const work = { signal: session.signal, progress };
    const fetched = { blobs: 0, bytes: 0 };
    const layers = await fetchLayers({ session, from, fetched }, image, { ...work, item: name });
    requireDiffIds(name, image, layers);
    await fetchOthers({ session, from, fetched }, image, work);
    const draft = new SnapshotDraft(session.vault.blobs);
    const id = idOf(image);
    const [first] = image.platforms;
    const platform = first ? platformOf(first.config) : { os: '', architecture: '' };
    const target = descriptorOf(top.mediaType, top);
    const tags = isTag ? [name] : [];
    await draft.addImage(
      { id, tags, role: 'image', target, platform, layers: [...layers.values()] },
      { signal: session.signal },
    );
    const source: SnapshotSource = {
      ...{ kind: 'image', name: isTag ? name : id },
      ...{ engineId: `registry://${host}`, engineName: host },
    };
    const words = { source, createdMs: Date.now(), imageIds: allIds(id, image) };
    const snapshot = await landSnapshot(session, draft, words, work);
    return { snapshot, digest: top.digest, fetched, remarks: image.remarks };
  });
}

interface Fetching {
  readonly session: VaultSession;
  readonly from: RemoteRepository;
  readonly fetched: { blobs: number; bytes: number };
}

/** Every layer, by its digest; what a snapshot of the vault has as it is here is not fetched. */
async function fetchLayers(
  { session, from, fetched }: Fetching,
  { platforms }: RemoteImage,
  { signal, progress, item }: Operation & { readonly item: string },
): Promise<ReadonlyMap<Digest, StoredLayer>> {
  const all = new Map<Digest, Descriptor>();
  for (const { manifest } of platforms)
    for (const layer of manifest.layers ?? []) all.set(layer.digest, layer);
  const known = new KnownContents(session.vault, { signal });
  const layers = new Map<Digest, StoredLayer>();
  for (const { digest, size } of all.values()) {
    const found = await known.layerOfDigest(digest);
    if (found?.index.sizeBytes === size) layers.set(digest, found);
  }
  const absent = [...all.values()].filter(({ digest }) => !layers.has(digest));
  const totalBytes = absent.reduce((sum, { size }) => sum + size, 0);
  let doneBytes = 0;
  const { blobs, settings } = session.vault;
  // What fails in one ends the others: a layer may have an hour to go.
  const failed = new AbortController();
  const cancel = { signal: AbortSignal.any([signal, failed.signal]) };
  const fetchLayer = async ({ digest, size: sizeBytes }: Descriptor): Promise<void> => {
    const data = counted(from.openBlob({ digest, sizeBytes }, cancel), (length) => {
      progress.report({ phase: 'reading', item, doneBytes: (doneBytes += length), totalBytes });
    });
    const name = shortDigest(digest);
    try {
      const { compression, bytes } = await sniffed(data, name);
      const input = { bytes, name, compression, expectedDigest: digest };
      const kept = await keepLayer(blobs, { ...input, listCompression: settings.compression }, cancel);
      if (kept.failure) throw kept.failure;
      if (kept.layer) layers.set(digest, storedLayerOf(kept.layer));
    } catch (error) {
      failed.abort(error);
      throw error;
    } finally {
      // What fails at its first bytes leaves the connection open otherwise.
      await data.return();
    }
    fetched.blobs += 1;
    fetched.bytes += sizeBytes;
  };
  try {
    await inParallel(absent, fetchLayer, cancel.signal);
  } catch (error) {
    signal.throwIfAborted();
    throw failed.signal.aborted ? failed.signal.reason : error;
  }
  return layers;
}

/** A layer that unpacks to something else than its image says would be found out only by who runs it. */
function requireDiffIds(
  name: string,
  { platforms }: RemoteImage,
  layers: ReadonlyMap<Digest, StoredLayer>,
): void {
  for (const { document, manifest, config } of platforms) {
    const image = shortDigest(document.digest);
    const own = manifest.layers ?? [];
    const diffIds = diffIdsOf(config);
    if (own.length !== diffIds.length)
      throw failure('archiveLayerCount', { name, image, layers: own.length, diffIds: diffIds.length });
    for (const [place, { digest }] of own.entries()) {
      const expected = diffIds[place] ?? '';
      const found = layers.get(digest)?.diffId ?? 'nothing';
      if (found !== expected)
        throw failure('archiveWrongDiffId', { name, image, layer: place + 1, found, expected });
    }
  }
}

/** Configs, what attestations need, and the documents, each after what it names. */
async function fetchOthers(
  { session, from, fetched }: Fetching,
  { platforms, documents, otherBlobs }: RemoteImage,
  { signal }: Operation,
): Promise<void> {
  const { blobs } = session.vault;
  const note = ({ isNew, sizeBytes }: { readonly isNew: boolean; readonly sizeBytes: number }): void => {
    if (!isNew) return;
    fetched.blobs += 1;
    fetched.bytes += sizeBytes;
  };
  for (const { manifest, configBytes } of platforms)
    note(await putDocument(blobs, configBytes, { expectedDigest: manifest.config.digest, signal }));
  for (const { digest, size: sizeBytes } of otherBlobs) {
    if ((await blobs.stat(digest))?.sizeBytes === sizeBytes) continue;
    const bytes = from.openBlob({ digest, sizeBytes }, { signal });
    const expected = { expectedDigest: digest, expectedSizeBytes: sizeBytes };
    note(await blobs.put(bytes, { ...expected, signal, readBack: toItsEnd }));
  }
  for (const { digest, bytes } of childrenFirst<RemoteManifest>(documents, blobs.name))
    note(await putDocument(blobs, bytes, { expectedDigest: digest, signal }));
}

/** As engines know it that keep images as they are pulled; one platform alone by its config, as all others do. */
function idOf({ top, platforms }: RemoteImage): Digest {
  return isIndexType(top.mediaType) ? top.digest : (platforms[0]?.manifest.config.digest ?? top.digest);
}

/** What any engine may call it that has pulled it. */
function allIds(id: Digest, { top, platforms }: RemoteImage): readonly Digest[] {
  return [...new Set([id, top.digest, ...platforms.map(({ manifest }) => manifest.config.digest)])];
}
