import { readdir } from 'node:fs/promises';
import type { Digest } from '../digest.ts';
import { DrydockError, failure, reasonOf } from '../errors.ts';
import { isLayerType } from '../oci/mediaTypes.ts';
import type { Operation } from '../progress.ts';
import { requireWritable, type Vault } from '../vault/layout.ts';
import { withLock } from '../vault/locks.ts';
import { sweepPartials } from '../vault/partialFile.ts';
import { reachableBlobs } from '../vault/reachableBlobs.ts';
import { sealState } from '../vault/entrySeal.ts';
import { snapshotType, type EntryDescriptor } from '../vault/snapshotIndex.ts';
import { readSnapshotIndex } from '../vault/updateIndex.ts';
import type { VaultDeps } from './annotateSnapshots.ts';
import { looksLikeSnapshot } from './looksLikeSnapshot.ts';

/** A backup that failed is often tried again the same day, and finds what it stored then. */
export const usualGraceMs = 24 * 3_600_000;

export interface PruneInput {
  /** Blobs that were stored less than this ago stay, whatever reaches them. */
  readonly graceMs: number;
  /** Only says what would go. */
  readonly isDryRun: boolean;
}

export interface PruneResult {
  /** What went, or would go. */
  readonly removed: { readonly blobs: number; readonly bytes: number };
  /** What nothing reaches and is too young. */
  readonly young: { readonly blobs: number; readonly bytes: number };
  readonly kept: { readonly blobs: number; readonly bytes: number };
  /** Files that writers left which died. */
  readonly partials: number;
}

/** A backup of a large volume may take an hour; prune comes again. */
const waitMs = 10_000;

/**
 * Removes the blobs that no entry of index.json reaches, those of other tools included:
 * 1. take the vault lock alone, and that of index.json, so that a backup which lost its lock while its machine slept
 * can't list what goes, 2. walk from all entries, 3. look at every blob, 4. before each make sure that the locks are
 * still held, 5. remove.
 *
 * Where a document can't be read, or an entry was damaged, what is needed is not known: rejects with `pruneUnsure`
 * and removes nothing. Also rejects with `vaultInUse` while anybody works on the vault, and `vaultLockLost`.
 */
export async function pruneVault(
  { vault, owner }: VaultDeps,
  input: PruneInput,
  operation: Operation,
): Promise<PruneResult> {
  requireWritable(vault);
  const deps = { paths: vault.paths, owner, steps: vault.steps };
  const lock = { mode: 'exclusive', waitMs } as const;
  return await withLock(deps, { ...lock, scope: 'vault' }, operation, (held) =>
    withLock(deps, { ...lock, scope: 'index' }, { signal: held.signal }, async (both) => {
      const ensureHeld = async (): Promise<void> => {
        await held.ensureHeld();
        await both.ensureHeld();
        both.signal.throwIfAborted();
      };
      return await removeUnneeded(vault, input, { ...operation, signal: both.signal }, ensureHeld);
    }),
  );
}

async function removeUnneeded(
  vault: Vault,
  { graceMs, isDryRun }: PruneInput,
  { signal, progress }: Operation,
  ensureHeld: () => Promise<void>,
): Promise<PruneResult> {
  const { paths, steps, blobs } = vault;
  progress.report({ phase: 'preparing' });
  const needed = await neededBlobs(vault, signal);
  const sums = { removed: nothing(), young: nothing(), kept: nothing() };
  const doomed: { readonly digest: Digest; readonly sizeBytes: number }[] = [];
  const nowMs = Date.now();
  for await (const { digest, sizeBytes } of blobs.list({ signal })) {
    const isNeeded = needed.has(digest);
    const storedMs = isNeeded ? 0 : ((await blobs.stat(digest))?.storedMs ?? 0);
    // A clock that was wrong may have dated a blob into the future: it counts as young.
    const fate = isNeeded ? 'kept' : nowMs - storedMs < graceMs ? 'young' : 'removed';
    sums[fate].blobs += 1;
    sums[fate].bytes += sizeBytes;
    if (fate === 'removed') doomed.push({ digest, sizeBytes });
  }
  const partials = (await readdir(paths.partial)).filter((name) => name.endsWith('.partial')).length;
  if (isDryRun) return { ...sums, partials };
  let doneBytes = 0;
  for (const { digest, sizeBytes } of doomed) {
    // Between two of them a laptop may have slept, and a backup found the next one and listed it.
    await ensureHeld();
    await blobs.delete(digest);
    steps.reached('blob removed');
    doneBytes += sizeBytes;
    progress.report({ phase: 'finishing', doneBytes, totalBytes: sums.removed.bytes });
  }
  await ensureHeld();
  return { ...sums, partials: await sweepPartials(paths.partial) };
}

function nothing(): { blobs: number; bytes: number } {
  return { blobs: 0, bytes: 0 };
}

/** Every blob that an entry of index.json reaches. Rejects with `pruneUnsure` where that is not certain. */
export async function neededBlobs(vault: Vault, signal: AbortSignal): Promise<ReadonlySet<Digest>> {
  const unsure = (reason: string, cause?: unknown): Error =>
    failure('pruneUnsure', { vault: vault.paths.root, reason }, cause);
  const needed = new Set<Digest>();
  try {
    const { entries } = await readSnapshotIndex(vault, { signal });
    const roots: EntryDescriptor[] = [];
    for (const { descriptor, ...entry } of entries) {
      // What another algorithm names may reach blobs of ours all the same.
      if (descriptor === undefined) throw unsure('an entry of index.json has no sha256 digest.');
      if (sealState({ ...entry, descriptor }) === 'broken')
        throw unsure(`the entry of ${descriptor.digest} was changed.`);
      if (descriptor.artifactType !== snapshotType && (await looksLikeSnapshot(vault, descriptor, signal)))
        throw unsure(`the entry of ${descriptor.digest} is no longer marked as a snapshot.`);
      roots.push(descriptor);
    }
    const ours = new Set(
      roots.filter(({ artifactType }) => artifactType === snapshotType).map(({ digest }) => digest),
    );
    for await (const one of reachableBlobs(vault.blobs, roots, { signal })) {
      needed.add(one.digest);
      if (one.found !== undefined) continue;
      // What a lost document named is still needed, and nothing says any more what that was. Only an image's own
      // index may name platforms that were never there.
      const isDocument = one.from === undefined || (ours.has(one.from) && !isLayerType(one.mediaType));
      if (isDocument) throw unsure(`${one.digest} is missing.`);
    }
    return needed;
  } catch (error) {
    signal.throwIfAborted();
    const isDamage =
      error instanceof DrydockError && ['blobDamaged', 'blobMissing', 'badJson'].includes(error.code);
    if (!isDamage) throw error;
    throw unsure(reasonOf(error), error);
  }
}
