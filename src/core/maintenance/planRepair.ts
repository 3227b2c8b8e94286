import type { Digest } from '../digest.ts';
import type { Operation } from '../progress.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { snapshotOf } from '../snapshot/snapshotAnnotations.ts';
import { sealState } from '../vault/entrySeal.ts';
import type { CancelOptions } from '../vault/blobStore.ts';
import type { Vault } from '../vault/layout.ts';
import { isSnapshot, type IndexEntry, type SnapshotIndex } from '../vault/snapshotIndex.ts';
import { readSnapshotIndex } from '../vault/updateIndex.ts';
import { findSnapshotDocuments } from './findSnapshotDocuments.ts';
import { hasItsDigest } from './hasItsDigest.ts';
import { looksLikeSnapshot } from './looksLikeSnapshot.ts';
import { damageReason, isDamage, type VaultProblem } from './vaultProblem.ts';
import { examineVault } from './verifyVault.ts';

/** What a repair would do, and what it can't bring back. */
export interface RepairPlan {
  /** index.json can't be read: a new one is made. Pins, changed tags and other tools' entries are lost then. */
  readonly brokenIndex?: string;
  /** Snapshots that were found in the blobs and are listed again, forgotten ones that were not pruned among them. */
  readonly relisted: readonly Snapshot[];
  /** Entries that were changed since they were written: what they say now is taken for right. */
  readonly accepted: readonly Digest[];
  /** Blobs of which the other vault has a good copy. More may come to light when a document is back. */
  readonly fetched: readonly Digest[];
  /** Blobs that are damaged, and of which there is no good copy: they are put out of the way, to `drydock/damaged`. */
  readonly setAside: readonly Digest[];
  /** What stays wrong. */
  readonly lost: readonly VaultProblem[];
  /** Snapshots that stay listed as damaged, unless they are dropped. */
  readonly damaged: readonly Snapshot[];
}

/** What a good copy of a blob mends. */
const mendable: ReadonlySet<string> = new Set(['missing', 'wrongSize', 'wrongDigest', 'unreadable']);

/**
 * Looks at every byte of a vault and says what a repair could do about what is wrong, with the good copies of another
 * vault if there is one. Changes nothing.
 */
export async function planRepair(
  { vault, from }: { readonly vault: Vault; readonly from?: Vault },
  operation: Operation,
): Promise<RepairPlan> {
  const { signal } = operation;
  const read = await readOrReason(vault, { signal });
  if ('reason' in read) {
    const relisted = await findSnapshotDocuments({ vault, from }, new Set(), signal);
    const nothing = { accepted: [], fetched: [], setAside: [], lost: [], damaged: [] };
    return { brokenIndex: read.reason, relisted, ...nothing };
  }
  const entries = await entryRepairs({ vault, from }, read.index, signal);
  const { problems } = await examineVault(vault, { depth: 'digests' }, operation);
  const fetched: Digest[] = [];
  const setAside: Digest[] = [];
  const lost: VaultProblem[] = [];
  for (const problem of problems) {
    const { kind, digest } = problem;
    if (kind === 'entry' && digest !== undefined) continue;
    if (digest !== undefined && (await isMendable(vault, problem, signal))) {
      if (from !== undefined && (await hasItsDigest(from, digest, signal))) {
        fetched.push(digest);
        continue;
      }
      if (isSetAside(kind)) {
        setAside.push(digest);
        // What nothing reaches is nobody's loss.
        if (problem.snapshots.length === 0) continue;
      }
    }
    lost.push(problem);
  }
  const hurt = new Set(lost.flatMap(({ snapshots }) => snapshots));
  const snapshots = read.index.entries.flatMap((entry) => snapshotOf(entry) ?? []);
  return { ...entries, fetched, setAside, lost, damaged: snapshots.filter(({ id }) => hurt.has(id)) };
}

/**
 * Whether it is the blob itself that is not what it should be. A whole one of which somebody states another size, or
 * which no reader takes, is never touched: others may need it as it is.
 */
export async function isMendable(
  vault: Vault,
  { kind, digest }: VaultProblem,
  signal: AbortSignal,
): Promise<boolean> {
  if (digest === undefined || !mendable.has(kind)) return false;
  return kind === 'missing' || !(await hasItsDigest(vault, digest, signal));
}

/** Whether a blob without a good copy is put out of the way. One that can't be read now may be readable later. */
export function isSetAside(kind: VaultProblem['kind']): boolean {
  return kind === 'wrongSize' || kind === 'wrongDigest';
}

/** Whether there is nothing to do, and nothing that is lost. */
export function isNothingWrong({ brokenIndex, ...lists }: RepairPlan): boolean {
  return brokenIndex === undefined && Object.values(lists).every((list) => list.length === 0);
}

/** index.json, or why it can't be read. */
export async function readOrReason(
  vault: Vault,
  cancel: CancelOptions,
): Promise<{ readonly index: SnapshotIndex } | { readonly reason: string }> {
  try {
    return { index: await readSnapshotIndex(vault, cancel) };
  } catch (error) {
    if (!isDamage(error)) throw error;
    return { reason: damageReason(error) };
  }
}

/** Whether an entry that names nothing any more was a snapshot's: other tools write none of our words. */
export function wasOurs({ fields }: IndexEntry): boolean {
  return JSON.stringify(fields).includes('drydock');
}

/** What to do about entries. */
export async function entryRepairs(
  { vault, from }: { readonly vault: Vault; readonly from?: Vault | undefined },
  { entries }: SnapshotIndex,
  signal: AbortSignal,
): Promise<Pick<RepairPlan, 'relisted' | 'accepted'>> {
  const accepted: Digest[] = [];
  const listed = new Set<Digest>();
  let isAnyLost = false;
  for (const entry of entries) {
    const { descriptor } = entry;
    if (descriptor === undefined) {
      isAnyLost ||= wasOurs(entry);
      continue;
    }
    const isOurs = isSnapshot(entry) || (await looksLikeSnapshot(vault, descriptor, signal));
    // An entry whose digest or size was changed names nothing; its snapshot is found again by itself.
    const isThere = (await vault.blobs.stat(descriptor.digest))?.sizeBytes === descriptor.sizeBytes;
    if (sealState(entry) === 'broken' && !isThere) isAnyLost = true;
    if (isOurs && isThere) listed.add(descriptor.digest);
    if (isThere && (sealState(entry) === 'broken' || (isOurs && !isSnapshot(entry))))
      accepted.push(descriptor.digest);
  }
  const relisted = isAnyLost ? await findSnapshotDocuments({ vault, from }, listed, signal) : [];
  return { accepted, relisted };
}
