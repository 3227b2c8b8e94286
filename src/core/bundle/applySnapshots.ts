import { blobPath } from '../archive/archiveContents.ts';
import { storedBlobs } from '../archive/storedBlobs.ts';
import { shortDigest, type Digest } from '../digest.ts';
import { DrydockError, failure } from '../errors.ts';
import type { Operation } from '../progress.ts';
import { blobsOfSnapshot } from '../snapshot/blobsOfSnapshot.ts';
import { landCopied, type LandedCopy } from '../snapshot/landCopied.ts';
import { openContents } from '../snapshot/openContents.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { annotationsOf } from '../snapshot/snapshotAnnotations.ts';
import { entryWith } from '../snapshot/snapshotOfDocument.ts';
import type { StoredBlob } from '../vault/blobStore.ts';
import { toItsEnd } from '../toItsEnd.ts';
import { requireWritable, type Vault } from '../vault/layout.ts';
import type { ProcessIdentity } from '../vault/processIdentity.ts';
import { withVaultSession, type VaultSession } from '../vault/vaultSession.ts';
import { bundledSnapshots, bundleReader } from './bundledSnapshots.ts';
import { keepImages } from './keepImages.ts';
import { readBundleAt, type Bundle } from './readBundle.ts';

export interface AppliedSnapshots {
  readonly snapshots: readonly LandedCopy[];
  /** What had to be stored for them. */
  readonly stored: { readonly blobs: number; readonly bytes: number };
}

/**
 * Brings the snapshots of a bundle into a vault, under the IDs that they have: 1. read the bundle and check all of it,
 * 2. see that the vault has every blob that did not travel, 3. store the blobs that it lacks, each read back before it has
 * its name, 4. open each snapshot as a restore would, read back what was there before, and list it. Images become
 * snapshots as a backup makes them.
 *
 * Rejects with `bundleLacks` with all that is missing, as `readBundleAt` does, with `blobDamaged`,
 * `archiveChanged`, `diskFilledUp`, or an AbortError. Snapshots before the one that failed are in the vault then.
 */
export async function applySnapshots(
  { vault, owner }: { readonly vault: Vault; readonly owner: ProcessIdentity },
  { path }: { readonly path: string },
  operation: Operation,
): Promise<AppliedSnapshots> {
  requireWritable(vault);
  const bundle = await readBundleAt(path, operation);
  const what = { kind: 'apply', subject: bundle.name };
  const isOfImages = bundle.document.kind === 'images';
  const snapshots = isOfImages ? [] : bundledSnapshots(bundle);
  return await withVaultSession({ vault, owner }, what, operation, async (session) => {
    const work = { ...operation, signal: session.signal };
    if (isOfImages) return await keepImages(session, bundle, work);
    // Asked under the lock: nobody prunes what stays behind while the rest comes.
    const wanted = await blobsWanted(session, bundle, snapshots);
    const stored = await storeBlobs(session, bundle, [...wanted.values()].flat(), work);
    const landed: LandedCopy[] = [];
    for (const [snapshot, blobs] of wanted) {
      await openContents(session.vault.blobs, snapshot, { signal: session.signal });
      const root = { digest: snapshot.id, sizeBytes: snapshot.sizeBytes };
      const entryFor = (after: Snapshot): ReturnType<typeof entryWith> =>
        entryWith(root, annotationsOf(after));
      landed.push(await landCopied(session, { snapshot, blobs, entryFor }, work));
    }
    return { snapshots: landed, stored };
  });
}

const mostNamed = 10;

/** All that each snapshot reaches, in the bundle or in the vault. */
async function blobsWanted(
  { vault, signal }: VaultSession,
  bundle: Bundle,
  snapshots: readonly Snapshot[],
): Promise<ReadonlyMap<Snapshot, readonly StoredBlob[]>> {
  const lacks = (missing: readonly string[]): Error => {
    const more = missing.length > mostNamed ? [`${missing.length - mostNamed} more`] : [];
    const words = [...missing.slice(0, mostNamed).map(shortDigest), ...more].join(', ');
    return failure('bundleLacks', {
      name: bundle.name,
      target: vault.paths.root,
      missing: `${missing.length === 1 ? 'the blob' : 'the blobs'} ${words}`,
    });
  };
  const missing: Digest[] = [];
  for (const { digest, sizeBytes } of bundle.document.leftOut)
    if ((await vault.blobs.stat(digest))?.sizeBytes !== sizeBytes) missing.push(digest);
  if (missing.length > 0) throw lacks(missing);
  const reader = bundleReader(bundle, vault.blobs);
  const wanted = new Map<Snapshot, readonly StoredBlob[]>();
  for (const snapshot of snapshots) {
    const root = { digest: snapshot.id, sizeBytes: snapshot.sizeBytes };
    const blobs = await blobsOfSnapshot(reader, root, { signal }).catch((error: unknown) => {
      if (error instanceof DrydockError && error.code === 'blobMissing')
        throw lacks([String(error.details['digest'])]);
      throw error;
    });
    wanted.set(snapshot, blobs);
  }
  return wanted;
}

/** Stores what the vault lacks in the order in which it lies in the bundle: data first, then what names it. */
async function storeBlobs(
  { vault, signal }: VaultSession,
  bundle: Bundle,
  wanted: readonly StoredBlob[],
  { progress }: Operation,
): Promise<AppliedSnapshots['stored']> {
  const shipments = new Map<string, StoredBlob>();
  for (const { digest, sizeBytes } of wanted)
    // One of another size is damaged, and what is put takes its place.
    if ((await vault.blobs.stat(digest))?.sizeBytes !== sizeBytes)
      shipments.set(blobPath(digest), { digest, sizeBytes });
  const totalBytes = [...shipments.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const stored = { blobs: 0, bytes: 0 };
  for await (const { digest, sizeBytes, data } of storedBlobs(bundle.source, bundle, shipments, signal)) {
    progress.report({ phase: 'writing', item: bundle.name, doneBytes: stored.bytes, totalBytes });
    const expected = { expectedDigest: digest, expectedSizeBytes: sizeBytes };
    await vault.blobs.put(data, { ...expected, signal, readBack: toItsEnd });
    stored.blobs += 1;
    stored.bytes += sizeBytes;
  }
  return stored;
}
