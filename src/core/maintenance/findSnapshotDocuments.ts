import type { Digest } from '../digest.ts';
import { shortDigest } from '../digest.ts';
import { snapshotRef } from '../snapshot/refNames.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { snapshotOfDocument } from '../snapshot/snapshotOfDocument.ts';
import { readDocument, type StoredBlob } from '../vault/blobStore.ts';
import type { Vault } from '../vault/layout.ts';
import { looksLikeSnapshot } from './looksLikeSnapshot.ts';

/** The tag of a snapshot whose entry was made again from what its document says. */
const recoveredTag = 'recovered';

/**
 * Snapshots whose documents lie in the vault, but for those in `listed`, each under a name of its own. A document
 * tells what its entry did when it was made; what was said since, pins and changed tags among it, only index.json
 * knew. Where it tells nothing, as no document of ours, its time is that of its file. One that is damaged is known by
 * its name alone, and found where `from` has a good copy of it.
 */
export async function findSnapshotDocuments(
  { vault, from }: { readonly vault: Vault; readonly from?: Vault | undefined },
  listed: ReadonlySet<Digest>,
  signal: AbortSignal,
): Promise<readonly Snapshot[]> {
  const found: Snapshot[] = [];
  const taken = new Set<string>();
  for await (const there of vault.blobs.list({ signal })) {
    if (listed.has(there.digest)) continue;
    const document = await goodCopy([vault, from], there.digest, signal);
    if (document === undefined) continue;
    const { holder, blob } = document;
    const known = (await toldByDocument(holder, blob, signal)) ?? (await bareSnapshot(vault, blob));
    const refName = snapshotRef(known.source, known.createdMs, (name) => taken.has(name));
    taken.add(refName);
    found.push({ ...known, tags: [...known.tags, recoveredTag], refName });
  }
  return found;
}

/** The first vault in which this blob is the document of a snapshot. */
async function goodCopy(
  vaults: readonly (Vault | undefined)[],
  digest: Digest,
  signal: AbortSignal,
): Promise<{ readonly holder: Vault; readonly blob: StoredBlob } | undefined> {
  for (const holder of vaults) {
    const stats = await holder?.blobs.stat(digest);
    if (holder === undefined || stats === undefined) continue;
    const blob = { digest, sizeBytes: stats.sizeBytes };
    if (await looksLikeSnapshot(holder, blob, signal)) return { holder, blob };
  }
  return undefined;
}

async function toldByDocument(
  { blobs }: Vault,
  blob: StoredBlob,
  signal: AbortSignal,
): Promise<Snapshot | undefined> {
  const bytes = await readDocument(blobs, { digest: blob.digest }, { signal });
  return snapshotOfDocument(bytes, blob, `${blobs.name}: ${blob.digest}`);
}

async function bareSnapshot({ blobs }: Vault, { digest, sizeBytes }: StoredBlob): Promise<Snapshot> {
  return {
    id: digest,
    sizeBytes,
    refName: '',
    source: { kind: 'image', name: `unknown-${shortDigest(digest)}`, engineId: '', engineName: '' },
    createdMs: Math.floor((await blobs.stat(digest))?.storedMs ?? 0),
    plainBytes: 0,
    newBytes: 0,
    imageIds: [],
    tags: [],
    isPinned: false,
    remarkCount: 0,
  };
}
