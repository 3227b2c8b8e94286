import { failure } from '../errors.ts';
import type { Operation } from '../progress.ts';
import { readVerified, type StoredBlob } from '../vault/blobStore.ts';
import { refNameOf, type IndexEntry } from '../vault/snapshotIndex.ts';
import { updateSnapshotIndex } from '../vault/updateIndex.ts';
import type { VaultSession } from '../vault/vaultSession.ts';
import type { Snapshot } from './snapshot.ts';
import { snapshotOf } from './snapshotAnnotations.ts';

export interface CopiedSnapshot {
  readonly snapshot: Snapshot;
  /** All that it reaches and has; stored in this vault already. */
  readonly blobs: readonly StoredBlob[];
  /** The entry that is to say this of it. */
  readonly entryFor: (after: Snapshot) => IndexEntry;
}

export interface LandedCopy {
  readonly snapshot: Snapshot;
  /** Whether the vault listed it before. It was read through all the same. */
  readonly wasThere: boolean;
}

/**
 * Lists a snapshot that came from elsewhere with all of its blobs: 1. read back every blob that this session has not
 * read, 2. put it into index.json under a free name, when the vault is still held.
 *
 * Rejects with `blobMissing`, `blobDamaged`, `vaultLockLost`, `diskFilledUp`, or an AbortError.
 */
export async function landCopied(
  session: VaultSession,
  { snapshot, blobs, entryFor }: CopiedSnapshot,
  { signal, progress }: Operation,
): Promise<LandedCopy> {
  const { vault, owner, ledger } = session;
  const totalBytes = blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let doneBytes = 0;
  for (const { digest, sizeBytes } of blobs) {
    progress.report({ phase: 'checking', item: snapshot.refName, doneBytes, totalBytes });
    doneBytes += sizeBytes;
    if (ledger.isVerified(digest)) continue;
    const bytes = readVerified(vault.blobs, { digest, sizeBytes }, { signal });
    while ((await bytes.next()).done !== true);
    ledger.markVerified(digest);
  }
  const newBytes = blobs.reduce((sum, { digest }) => sum + ledger.takeNewBytes(digest), 0);
  let landed: LandedCopy | undefined;
  await updateSnapshotIndex(
    { vault, owner },
    (entries) => {
      const there = entries.flatMap((one) => snapshotOf(one) ?? []).find(({ id }) => id === snapshot.id);
      landed = { snapshot: there ?? snapshot, wasThere: there !== undefined };
      if (there !== undefined) return entries;
      const after: Snapshot = {
        ...snapshot,
        refName: freeName(snapshot.refName, entries),
        newBytes,
        verified: { atMs: Date.now(), depth: 'digests' },
      };
      const added = entryFor(after);
      landed = { snapshot: snapshotOf(added) ?? after, wasThere: false };
      return [...entries, added];
    },
    { signal, ensureHeld: () => session.ensureHeld() },
  );
  if (landed === undefined) throw failure('unexpected', { reason: 'index.json was changed by nobody' });
  return landed;
}

function freeName(refName: string, entries: readonly IndexEntry[]): string {
  const taken = new Set(entries.map(refNameOf));
  if (!taken.has(refName)) return refName;
  for (let number = 2; ; number += 1) if (!taken.has(`${refName}-${number}`)) return `${refName}-${number}`;
}
