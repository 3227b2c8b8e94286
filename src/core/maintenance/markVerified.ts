import { shortDigest, type Digest } from '../digest.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { snapshotOf } from '../snapshot/snapshotAnnotations.ts';
import type { CancelOptions } from '../vault/blobStore.ts';
import { updateSnapshotIndex } from '../vault/updateIndex.ts';
import { changedEntries, type SnapshotChange, type VaultDeps } from './annotateSnapshots.ts';
import type { ProblemKind, VaultProblem } from './vaultProblem.ts';
import type { VerifyReport } from './verifyVault.ts';

/** Only a look into the layers finds these, so only that may call them mended. */
const deepKinds: readonly ProblemKind[] = ['diffId', 'fileHash'];

/** Says in index.json what a verification found. For the holder of the vault lock. */
export async function markVerified(
  deps: VaultDeps,
  { depth, problems, sound }: Pick<VerifyReport, 'depth' | 'problems' | 'sound'>,
  cancel: CancelOptions,
): Promise<void> {
  const atMs = Date.now();
  const hurt = new Map<Digest, VaultProblem>();
  for (const problem of problems)
    for (const id of problem.snapshots) if (!hurt.has(id)) hurt.set(id, problem);
  const wanted = new Set<Digest>([...sound, ...hurt.keys()]);
  if (wanted.size === 0) return;
  await updateSnapshotIndex(
    deps,
    (entries) => {
      const present = new Map<Digest, Snapshot>();
      // Some may have been forgotten meanwhile.
      for (const snapshot of entries.flatMap((entry) => snapshotOf(entry) ?? []))
        if (wanted.has(snapshot.id)) present.set(snapshot.id, snapshot);
      return changedEntries(deps.vault, entries, [...present.keys()], (id): SnapshotChange => {
        const problem = hurt.get(id);
        if (problem !== undefined) return { damaged: { atMs, reason: damageMark(problem) } };
        return soundChange(present.get(id), depth, atMs);
      });
    },
    cancel,
  );
}

/** A look at sizes takes back no word of a reader of all bytes, and nobody a mark that only a deeper look made. */
function soundChange(
  before: Snapshot | undefined,
  depth: VerifyReport['depth'],
  atMs: number,
): SnapshotChange {
  const isDeepDamage = deepKinds.some((kind) => before?.damaged?.reason.startsWith(`${kind}:`));
  const isMended = depth === 'contents' || (depth === 'digests' && !isDeepDamage);
  const known = before?.verified;
  const isWorthMore = depth !== 'structure' || known === undefined || known.depth === 'structure';
  if (before?.damaged !== undefined && !isMended) return {};
  return {
    ...(isWorthMore && { verified: { atMs, depth } }),
    ...(isMended && { damaged: 'none' as const }),
  };
}

function damageMark({ kind, digest, detail }: VaultProblem): string {
  return `${kind}: ${digest === undefined ? '' : `${shortDigest(digest)}: `}${detail}`;
}
