import * as z from 'zod';
import type { Digest } from '../digest.ts';
import { shortDigest } from '../digest.ts';
import { ociIndexType } from '../oci/mediaTypes.ts';
import { parseJson } from '../oci/parseJson.ts';
import { snapshotRef } from '../snapshot/refNames.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { annotationsOf, snapshotOf } from '../snapshot/snapshotAnnotations.ts';
import { readDocument, type StoredBlob } from '../vault/blobStore.ts';
import type { Vault } from '../vault/layout.ts';
import { newEntry, snapshotType, type IndexEntry } from '../vault/snapshotIndex.ts';
import { looksLikeSnapshot } from './looksLikeSnapshot.ts';

/** The tag of a snapshot whose entry was made again from what its document says. */
const recoveredTag = 'recovered';

const annotated = z.looseObject({ annotations: z.record(z.string(), z.string()).optional() });

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

/** The entry of a snapshot that was found so. */
export function recoveredEntry(snapshot: Snapshot, isTaken: (refName: string) => boolean): IndexEntry {
  const refName = snapshotRef(snapshot.source, snapshot.createdMs, isTaken);
  return entryWith(snapshot.id, snapshot.sizeBytes, annotationsOf({ ...snapshot, refName }));
}

async function toldByDocument(
  vault: Vault,
  { digest, sizeBytes }: StoredBlob,
  signal: AbortSignal,
): Promise<Snapshot | undefined> {
  const where = `${vault.blobs.name}: ${digest}`;
  const { annotations = {} } = parseJson(
    await readDocument(vault.blobs, { digest }, { signal }),
    annotated,
    where,
  );
  // How much was new is not known yet when the document is stored.
  const said = snapshotOf(entryWith(digest, sizeBytes, { 'dev.drydock.new': '0', ...annotations }));
  return said?.unreadable === undefined ? said : undefined;
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

function entryWith(
  digest: Digest,
  sizeBytes: number,
  annotations: Readonly<Record<string, string>>,
): IndexEntry {
  return newEntry({ mediaType: ociIndexType, artifactType: snapshotType, digest, sizeBytes, annotations });
}
