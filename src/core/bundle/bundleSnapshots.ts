import { dirname } from 'node:path';
import type { ArchiveSource } from '../archive/archive.ts';
import { blobPath } from '../archive/archiveContents.ts';
import { compress } from '../archive/compress.ts';
import { manifestJson, ociLayoutJson, withRegistry } from '../archive/ociDocuments.ts';
import { tarEnd, tarFile, tarHeader, tarPadding, tarredBytes } from '../archive/tarWriter.ts';
import type { Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import { requireRoom } from '../files/requireRoom.ts';
import { isIndexType, isLayerType, ociManifestType } from '../oci/mediaTypes.ts';
import type { Operation } from '../progress.ts';
import { blobsOfSnapshot } from '../snapshot/blobsOfSnapshot.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { annotationsOf } from '../snapshot/snapshotAnnotations.ts';
import { entryWith } from '../snapshot/snapshotOfDocument.ts';
import { openSnapshot } from '../snapshot/snapshots.ts';
import { readVerified, type StoredBlob } from '../vault/blobStore.ts';
import { sealed } from '../vault/entrySeal.ts';
import type { Vault } from '../vault/layout.ts';
import type { BlobReference } from '../vault/reachableBlobs.ts';
import { emptyIndex, parseSnapshotIndex, snapshotIndexBytes } from '../vault/snapshotIndex.ts';
import { bundleDocumentBytes, bundleDocumentPath, mostLeftOut } from './bundleDocument.ts';
import type { MadeBundle } from './bundleImages.ts';
import { bundledSnapshots, requireSnapshotWhole } from './bundledSnapshots.ts';
import type { Inventory } from './inventory.ts';
import { layersOnEngine } from './layersOnEngine.ts';
import { readBundle } from './readBundle.ts';
import { writeBundle, type BundlePlace } from './writeBundle.ts';

export interface BundleSnapshotsInput extends BundlePlace {
  readonly snapshots: readonly Snapshot[];
  /** What the other vault has, or the engine; everything travels without it. */
  readonly had?: Inventory;
  /** Of the whole bundle. Blobs of a vault are packed already. */
  readonly compression: 'none' | 'gzip' | 'zstd';
  readonly nowMs: number;
}

/**
 * Puts snapshots of a vault into one bundle, as they are, so that they have the same IDs in another vault: 1. list all that
 * they reach, 2. write what the target lacks, each blob read to its digest, data before what names it, 3. read it back:
 * each snapshot whole but for what the target was said to have, 4. name it. The images of a full bundle can be loaded
 * by engines that read the vault's packing.
 *
 * Rejects with `blobMissing` and `blobDamaged` for what is wrong with the vault, as {@link writeBundle} does, or an
 * AbortError. Nothing is left behind then.
 */
export async function bundleSnapshots(
  { vault }: { readonly vault: Vault },
  { snapshots, had, compression, nowMs, ...place }: BundleSnapshotsInput,
  operation: Operation,
): Promise<MadeBundle> {
  const { signal, progress } = operation;
  if (snapshots.length === 0) throw failure('nothingSelected', { verb: 'bundle' });
  progress.report({ phase: 'preparing', item: snapshots[0]?.refName ?? '' });
  const all = new Map<Digest, BlobReference>();
  for (const { id, sizeBytes } of snapshots)
    for (const blob of await blobsOfSnapshot(vault.blobs, { digest: id, sizeBytes }, { signal }))
      all.set(blob.digest, blob);
  const blobs = [...all.values()].sort((a, b) => rankOf(a, snapshots) - rankOf(b, snapshots));
  const onEngine = await layersOnEngine(vault, { snapshots, had }, operation);
  const staysBehind = ({ digest, mediaType }: BlobReference): boolean =>
    onEngine.has(digest) ||
    // What an engine has as blobs is images, and no data of volumes.
    (had?.target.kind === 'vault' && had.blobs.has(digest) && isData(mediaType));
  const leftOut = blobs
    .filter(staysBehind)
    .sort((a, b) => b.sizeBytes - a.sizeBytes)
    .slice(0, mostLeftOut)
    .map(({ digest, sizeBytes }): StoredBlob => ({ digest, sizeBytes }));
  const behind = new Set(leftOut.map(({ digest }) => digest));
  const sent = blobs.filter(({ digest }) => !behind.has(digest));
  const totalBytes = sent.reduce((sum, blob) => sum + tarredBytes(blobPath(blob.digest), blob.sizeBytes), 0);
  await requireRoom(dirname(place.path), compression === 'none' ? totalBytes : Math.ceil(totalBytes / 2));
  const ends = await lastFiles(vault, snapshots, leftOut.length === 0, signal);
  const document = bundleDocumentBytes({
    kind: 'snapshots',
    createdMs: nowMs,
    madeOn: vault.paths.root,
    madeOnId: vault.settings.id,
    items: snapshots.map(({ id, refName: name }) => ({ id, name })),
    leftOut,
    ...(had && { had }),
  });
  const tar = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    let doneBytes = 0;
    yield tarFile('oci-layout', ociLayoutJson);
    for (const { digest, sizeBytes } of sent) {
      yield tarHeader({ path: blobPath(digest), sizeBytes });
      for await (const chunk of readVerified(vault.blobs, { digest, sizeBytes }, { signal })) {
        signal.throwIfAborted();
        yield chunk;
        doneBytes += chunk.length;
        progress.report({ phase: 'reading', item: vault.paths.root, doneBytes, totalBytes });
      }
      yield tarPadding(sizeBytes);
    }
    for (const [path, bytes] of ends) yield tarFile(path, bytes);
    yield tarFile(bundleDocumentPath, document);
    yield tarEnd;
  };
  const written = await writeBundle(
    place,
    {
      bytes: () => compress(tar(), compression, { signal }),
      check: (source, during) => requireSame(source, snapshots, behind, during),
    },
    operation,
  );
  const items = snapshots.map(({ id, refName: name }) => ({ id, name, tags: [] }));
  return { ...written, items, leftOut };
}

/** What names nothing else may stay behind; documents travel, so that a bundle can always be read through. */
function isData(mediaType: string): boolean {
  return isLayerType(mediaType) || mediaType.startsWith('application/vnd.drydock.');
}

/** Data first, then what names it, the snapshots' own indexes last. */
function rankOf({ digest, mediaType }: BlobReference, snapshots: readonly Snapshot[]): number {
  if (snapshots.some(({ id }) => id === digest)) return 3;
  return isIndexType(mediaType) ? 2 : mediaType === ociManifestType ? 1 : 0;
}

const damageMark = 'dev.drydock.damaged';

/** index.json with the snapshots as the vault lists them and, when nothing is left out, manifest.json for their images. */
async function lastFiles(
  vault: Vault,
  snapshots: readonly Snapshot[],
  isFull: boolean,
  signal: AbortSignal,
): Promise<readonly (readonly [string, Uint8Array | string])[]> {
  const empty = parseSnapshotIndex(Buffer.from(JSON.stringify(emptyIndex)), 'index.json');
  const entries = snapshots.map((snapshot) => {
    // Every blob of it is read on the way: an older mark of damage holds no more.
    const notes = Object.entries(annotationsOf(snapshot)).filter(([name]) => !name.startsWith(damageMark));
    const root = { digest: snapshot.id, sizeBytes: snapshot.sizeBytes };
    return sealed(entryWith(root, Object.fromEntries(notes)));
  });
  const files: (readonly [string, Uint8Array | string])[] = [
    ['index.json', snapshotIndexBytes({ ...empty, entries })],
  ];
  if (!isFull) return files;
  const items = [];
  for (const snapshot of snapshots)
    for (const { role, tags, manifests } of (await openSnapshot(vault, snapshot, { signal })).images) {
      const [own] = manifests;
      if (role !== 'image' || own === undefined) continue;
      items.push({
        configPath: blobPath(own.config.digest),
        tags: tags.map(withRegistry),
        layerPaths: own.layers.map(({ descriptor }) => blobPath(descriptor.digest)),
      });
    }
  return items.length > 0 ? [...files, ['manifest.json', manifestJson(items)]] : files;
}

/** Sees that every snapshot is whole in the bundle, together with what the other vault has. */
async function requireSame(
  source: ArchiveSource,
  snapshots: readonly Snapshot[],
  behind: ReadonlySet<Digest>,
  operation: Operation,
): Promise<void> {
  const bundle = await readBundle(source, operation);
  const found = bundledSnapshots(bundle);
  for (const { id, refName } of snapshots) {
    const one = found.find((snapshot) => snapshot.id === id);
    if (one === undefined)
      throw failure('verifyMismatch', { name: refName, expected: id, found: 'no such snapshot' });
    await requireSnapshotWhole(bundle, one, behind, operation);
  }
}
