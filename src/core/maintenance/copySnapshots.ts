import { realpath } from 'node:fs/promises';
import type { Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import { isIndexType, ociManifestType } from '../oci/mediaTypes.ts';
import type { Operation } from '../progress.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { landCopied } from '../snapshot/landCopied.ts';
import { soundEntry, type SoundEntry } from '../snapshot/soundEntry.ts';
import { readVerified } from '../vault/blobStore.ts';
import { requireWritable, type Vault } from '../vault/layout.ts';
import type { ProcessIdentity } from '../vault/processIdentity.ts';
import { newEntry, type EntryDescriptor } from '../vault/snapshotIndex.ts';
import { readSnapshotIndex } from '../vault/updateIndex.ts';
import { withVaultSession, type VaultSession } from '../vault/vaultSession.ts';
import { annotated } from './annotateSnapshots.ts';
import { isNeeded, readVaultGraph, type GraphNode } from './vaultGraph.ts';

export interface CopyInput {
  readonly ids: readonly Digest[];
  /**
   * With it, one snapshot that can't be copied keeps no other from being copied: it is told here, and the next one has
   * its turn. A cancel ends all of it in any case.
   */
  readonly onFailure?: (id: Digest, error: unknown) => void;
}

export interface CopyResult {
  readonly snapshot: Snapshot;
  /** Whether the other vault had it already. It was read through all the same. */
  readonly wasThere: boolean;
  /** What had to be stored for it. */
  readonly copied: { readonly blobs: number; readonly bytes: number };
}

/**
 * Copies snapshots into another vault, with their IDs, and blobs as they are, whatever its compression is:
 * 1. store the blobs that it lacks, each with its digest checked, documents after what they name, 2. read back every
 * blob of the snapshot there, 3. put it into index.json. One snapshot after the other, in the order of `ids`.
 *
 * Rejects with `vaultsAreSame`, `snapshotGone`, `entryChanged`, with `blobMissing` and `blobDamaged` naming the vault
 * where something is wrong, `diskFilledUp`, or an AbortError. Snapshots before that one are copied then.
 */
export async function copySnapshots(
  { from, to, owner }: { readonly from: Vault; readonly to: Vault; readonly owner: ProcessIdentity },
  { ids, onFailure }: CopyInput,
  operation: Operation,
): Promise<readonly CopyResult[]> {
  requireWritable(to);
  if (from.listing === undefined && (await realpath(from.paths.root)) === (await realpath(to.paths.root)))
    throw failure('vaultsAreSame', { path: to.paths.root });
  const { entries } = await readSnapshotIndex(from, operation);
  if (onFailure === undefined) for (const id of ids) soundEntry(from, entries, id);
  const what = { kind: 'copy', subject: from.paths.root };
  return await withVaultSession({ vault: to, owner }, what, operation, async (session) => {
    const results: CopyResult[] = [];
    for (const id of ids) {
      try {
        const one = soundEntry(from, entries, id);
        results.push(await copyOne(from, session, one, { ...operation, signal: session.signal }));
      } catch (error) {
        if (onFailure === undefined || session.signal.aborted) throw error;
        onFailure(id, error);
      }
    }
    return results;
  });
}

async function copyOne(
  from: Vault,
  session: VaultSession,
  { entry, descriptor, snapshot }: SoundEntry,
  { signal, progress }: Operation,
): Promise<CopyResult> {
  const { vault: to } = session;
  const nodes = await blobsOf(from, descriptor, signal);
  const totalBytes = nodes.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const copied = { blobs: 0, bytes: 0 };
  let doneBytes = 0;
  for (const { digest, sizeBytes } of nodes) {
    progress.report({ phase: 'writing', item: snapshot.refName, doneBytes, totalBytes });
    const present = await to.blobs.stat(digest);
    // One of another size is damaged, and what is put takes its place.
    if (present?.sizeBytes !== sizeBytes) {
      const bytes = readVerified(from.blobs, { digest, sizeBytes }, { signal });
      await to.blobs.put(bytes, { expectedDigest: digest, expectedSizeBytes: sizeBytes, signal });
      copied.blobs += 1;
      copied.bytes += sizeBytes;
    }
    doneBytes += sizeBytes;
  }
  const landed = await landCopied(
    session,
    {
      snapshot,
      blobs: nodes,
      entryFor: (after) => {
        const added = annotated(entry, snapshot, after);
        // As new: it is sealed, whoever listed the same in the other vault.
        return added === entry ? newEntry(descriptor) : added;
      },
    },
    { signal, progress },
  );
  return { ...landed, copied };
}

/** What there is of a snapshot, data first and the snapshot's own index last. Rejects when it is not whole. */
async function blobsOf(
  vault: Vault,
  root: EntryDescriptor,
  signal: AbortSignal,
): Promise<readonly GraphNode[]> {
  const graph = await readVaultGraph(vault.blobs, [root], signal);
  const name = vault.paths.root;
  for (const { digest, fault } of graph.values()) {
    if (fault === undefined) continue;
    if (fault.kind !== 'missing') throw failure('blobDamaged', { vault: name, digest, reason: fault.detail });
    if (isNeeded(graph, digest)) throw failure('blobMissing', { vault: name, digest });
  }
  const rank = ({ digest, mediaType }: GraphNode): number => {
    if (digest === root.digest) return 3;
    return isIndexType(mediaType) ? 2 : mediaType === ociManifestType ? 1 : 0;
  };
  return [...graph.values()].filter(({ found }) => found !== undefined).sort((a, b) => rank(a) - rank(b));
}
