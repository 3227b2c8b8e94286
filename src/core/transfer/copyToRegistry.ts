import { hexOf, type Digest } from '../digest.ts';
import { DrydockError, failure } from '../errors.ts';
import type { Operation } from '../progress.ts';
import { tagFor } from '../registry/remoteName.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { soundEntry } from '../snapshot/soundEntry.ts';
import type { Vault } from '../vault/layout.ts';
import { readSnapshotIndex } from '../vault/updateIndex.ts';
import { pushSnapshot } from './pushSnapshot.ts';
import type { RegistryList } from './registryListing.ts';
import type { RegistryVault } from './registryVault.ts';

export interface RegistryCopyInput {
  readonly ids: readonly Digest[];
  /** With it, one snapshot that can't be copied keeps no other from being copied. A cancel ends all of it. */
  readonly onFailure?: (id: Digest, error: unknown) => void;
}

export interface RegistryCopy {
  readonly snapshot: Snapshot;
  /** Whether the other side listed it before. It was asked for all of it all the same. */
  readonly wasThere: boolean;
  /** What the other side lacked; in a registry, what was mounted there is not counted in bytes. */
  readonly copied: { readonly blobs: number; readonly bytes: number };
}

/**
 * Copies snapshots of any vault into one that lies in a registry, under their IDs: what the registry lacks is sent, or
 * mounted where it has it in another repository, and at the end it is asked for every blob and document. One snapshot
 * after the other, in the order of `ids`. Pins, tags and marks of a verification stay behind: an index in a registry says
 * what it said when it was made. The tag that a snapshot gets has its ID in it, so that no two take each other's.
 *
 * Rejects with `vaultsAreSame`, `snapshotGone`, `entryChanged`, with `blobMissing` and `blobDamaged` for what is wrong
 * where it comes from, as the calls of the repository do, or an AbortError. Snapshots before that one are copied then.
 */
export async function copyToRegistry(
  { from, to }: { readonly from: Vault & Partial<RegistryVault>; readonly to: RegistryVault },
  { ids, onFailure }: RegistryCopyInput,
  operation: Operation,
): Promise<readonly RegistryCopy[]> {
  const { signal, progress } = operation;
  if (from.paths.root === to.paths.root) throw failure('vaultsAreSame', { path: to.paths.root });
  progress.report({ phase: 'preparing', item: to.paths.root });
  const there = new Map((await listOrNone(to, signal)).snapshots.map((one) => [one.snapshot.id, one]));
  const { entries } = await readSnapshotIndex(from, { signal });
  const mountFrom = from.repository?.host === to.repository.host ? from.repository.path : undefined;
  const copies: RegistryCopy[] = [];
  for (const id of ids)
    try {
      const { snapshot } = soundEntry(from, entries, id);
      const tag = ownTag(snapshot);
      const { blobs, sentBytes } = await pushSnapshot(
        { from, to: to.repository },
        { snapshot, tag, ...(mountFrom !== undefined && { mountFrom }) },
        operation,
      );
      const copied = { blobs: blobs.sent + blobs.mounted, bytes: sentBytes };
      copies.push({ snapshot, wasThere: there.has(id), copied });
    } catch (error) {
      if (onFailure === undefined || signal.aborted) throw error;
      onFailure(id, error);
    }
  return copies;
}

/** Never one that a person gave it: that may have been given to something else meanwhile. */
function ownTag({ refName, id }: Snapshot): string {
  return tagFor(`${refName}-${hexOf(id).slice(0, 12)}`);
}

/** A repository begins with what is first put into it. */
async function listOrNone(to: RegistryVault, signal: AbortSignal): Promise<RegistryList> {
  try {
    return await to.list({ signal });
  } catch (error) {
    if (error instanceof DrydockError && error.code === 'registryMissing')
      return { snapshots: [], faults: [] };
    throw error;
  }
}
