import type { Digest } from '../digest.ts';
import type { Operation } from '../progress.ts';
import type { Snapshot, VerifyDepth } from '../snapshot/snapshot.ts';
import { snapshotOf } from '../snapshot/snapshotAnnotations.ts';
import { openSnapshot } from '../snapshot/snapshots.ts';
import { readVerified, type StoredBlob } from '../vault/blobStore.ts';
import { layerIndexBytes, type LayerIndex } from '../vault/layerIndex.ts';
import type { Vault } from '../vault/layout.ts';
import { withLock } from '../vault/locks.ts';
import type { SnapshotIndex } from '../vault/snapshotIndex.ts';
import { readSnapshotIndex } from '../vault/updateIndex.ts';
import { sharedWaitMs, type VaultDeps } from './annotateSnapshots.ts';
import { checkLayer } from './checkLayer.ts';
import { checkVaultFiles } from './checkVaultFiles.ts';
import { hasItsDigest } from './hasItsDigest.ts';
import { inParallel } from '../inParallel.ts';
import { markVerified } from './markVerified.ts';
import { isNeeded, readVaultGraph, snapshotsNeeding, type VaultGraph } from './vaultGraph.ts';
import { damageReason, isDamage, type ProblemKind, type VaultProblem } from './vaultProblem.ts';
import { isInShare, type VerifyShare } from './verifyShare.ts';

export interface VerifyInput {
  readonly depth: VerifyDepth;
  /** Which blobs to read, for vaults that take too long at once. Documents are always read. */
  readonly share?: VerifyShare;
}

export interface VerifyReport {
  readonly depth: VerifyDepth;
  /** Worst for people first: what hurts snapshots, then the rest. Empty when nothing is wrong. */
  readonly problems: readonly VaultProblem[];
  readonly snapshots: number;
  /** Blobs that were read whole, of all that lie in the vault. */
  readonly read: { readonly blobs: number; readonly bytes: number };
  readonly all: { readonly blobs: number; readonly bytes: number };
  /** Snapshots of which everything was looked at and is right. */
  readonly sound: readonly Digest[];
}

/**
 * Looks whether the vault still holds what was put into it:
 * - `structure`: every document, the links between them, and the size of every blob.
 * - `digests`: also every byte of every blob, those that nothing reaches too, since a backup may find them there.
 * - `contents`: also that layers unpack to their diffIDs, and every file in them has its hash.
 *
 * What it finds is marked in index.json when the vault was opened to be written. Rejects with `badJson`,
 * `fileMissing` or `fileUnusable` when index.json can't be read at all, with `vaultInUse` during a prune.
 */
export async function verifyVault(
  { vault, owner }: VaultDeps,
  input: VerifyInput,
  operation: Operation,
): Promise<VerifyReport> {
  // A vault that can't be written to has nobody who prunes it either, nor a place for a lock.
  if (vault.access === 'read') return await examineVault(vault, input, operation);
  const { paths, steps } = vault;
  const lock = { scope: 'vault', mode: 'shared', waitMs: sharedWaitMs } as const;
  return await withLock({ paths, owner, steps }, lock, operation, async ({ signal }) => {
    const report = await examineVault(vault, input, { ...operation, signal });
    await markVerified({ vault, owner }, report, { signal });
    return report;
  });
}

/** The same without a lock and without marks, for who holds the lock already. */
export async function examineVault(
  vault: Vault,
  { depth, share }: VerifyInput,
  { signal, progress }: Operation,
): Promise<VerifyReport> {
  progress.report({ phase: 'preparing' });
  const index = await readSnapshotIndex(vault, { signal });
  const finder = new ProblemFinder(vault, index, signal);
  await finder.start();
  const stored: StoredBlob[] = [];
  for await (const blob of vault.blobs.list({ signal })) stored.push(blob);
  const chosen = depth === 'structure' ? [] : stored.filter(({ digest }) => isInShare(digest, share));
  const totalBytes = sum(chosen);
  let doneBytes = 0;
  const done = (bytes: number): void => {
    progress.report({ phase: 'checking', doneBytes: (doneBytes += bytes), totalBytes });
  };
  await inParallel(chosen, (blob) => finder.checkBlob(blob, depth === 'contents', done), signal);
  const read = new Set(chosen.map(({ digest }) => digest));
  return {
    depth,
    problems: finder.problems,
    snapshots: finder.snapshots.length,
    read: { blobs: chosen.length, bytes: totalBytes },
    all: { blobs: stored.length, bytes: sum(stored) },
    sound: finder.soundSnapshots((digest) => depth === 'structure' || read.has(digest)),
  };
}

function sum(blobs: readonly StoredBlob[]): number {
  return blobs.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
}

/** Gathers problems, one for each blob, and knows whom each hurts. */
class ProblemFinder {
  readonly snapshots: readonly Snapshot[];
  readonly #vault: Vault;
  readonly #index: SnapshotIndex;
  readonly #signal: AbortSignal;
  readonly #found = new Map<string, VaultProblem>();
  /** What snapshots say of a layer; the same as a rule. */
  readonly #layers = new Map<Digest, readonly LayerIndex[]>();
  #graph: VaultGraph = new Map();

  constructor(vault: Vault, index: SnapshotIndex, signal: AbortSignal) {
    this.#vault = vault;
    this.#index = index;
    this.#signal = signal;
    this.snapshots = index.entries.flatMap((entry) => snapshotOf(entry) ?? []);
  }

  get problems(): readonly VaultProblem[] {
    const all = [...this.#found.values()];
    return [
      ...all.filter(({ snapshots }) => snapshots.length > 0),
      ...all.filter(({ snapshots }) => snapshots.length === 0),
    ];
  }

  /** Documents, links and sizes. */
  async start(): Promise<void> {
    const { blobs } = this.#vault;
    for (const problem of await checkVaultFiles(this.#vault, this.#index, this.#signal))
      this.#found.set(`${this.#found.size} ${problem.path ?? ''}`, problem);
    const roots = this.#index.entries.flatMap(({ descriptor }) => descriptor ?? []);
    this.#graph = await readVaultGraph(blobs, roots, this.#signal);
    for (const { digest, fault } of this.#graph.values()) {
      if (fault === undefined) continue;
      if (fault.kind === 'missing' && !isNeeded(this.#graph, digest)) continue;
      this.#tell(digest, fault.kind, fault.detail);
    }
    for (const snapshot of this.snapshots) await this.#openSnapshot(snapshot);
  }

  /** Every byte of a blob, and what is in it if it is a layer of ours. */
  async checkBlob(blob: StoredBlob, isDeep: boolean, done: (bytes: number) => void): Promise<void> {
    const { blobs } = this.#vault;
    const layers = isDeep ? this.#layers.get(blob.digest) : undefined;
    if (layers !== undefined) {
      for (const layer of layers) {
        const fault = await checkLayer(blobs, layer, this.#signal);
        if (fault) this.#tell(blob.digest, fault.kind, fault.detail);
      }
      done(blob.sizeBytes);
      return;
    }
    try {
      for await (const chunk of readVerified(blobs, { digest: blob.digest }, { signal: this.#signal }))
        done(chunk.length);
    } catch (error) {
      if (!isDamage(error)) throw error;
      const kind = error.code === 'blobMissing' ? 'missing' : 'wrongDigest';
      this.#tell(blob.digest, error.code === 'fileUnusable' ? 'unreadable' : kind, damageReason(error));
    }
  }

  /** Snapshots that nothing was found wrong with, and all of whose blobs were looked at. */
  soundSnapshots(isRead: (digest: Digest) => boolean): readonly Digest[] {
    const hurt = new Set([...this.#found.values()].flatMap(({ snapshots }) => snapshots));
    const unread = new Set<Digest>();
    for (const { digest, found } of this.#graph.values())
      if (found !== undefined && !isRead(digest))
        for (const id of snapshotsNeeding(this.#graph, digest, 'reach')) unread.add(id);
    return this.snapshots.map(({ id }) => id).filter((id) => !hurt.has(id) && !unread.has(id));
  }

  /** Whether its documents fit together. */
  async #openSnapshot(snapshot: Snapshot): Promise<void> {
    try {
      const contents = await openSnapshot(this.#vault, snapshot, { signal: this.#signal });
      const parts = [
        ...contents.images.flatMap(({ manifests }) => manifests.flatMap(({ layers }) => layers)),
        ...contents.volumes.flatMap(({ parts: layers }) => layers),
      ];
      for (const { descriptor, index } of parts) {
        const known = this.#layers.get(descriptor.digest) ?? [];
        const isKnown = known.some((one) => layerIndexBytes(one).equals(layerIndexBytes(index)));
        if (!isKnown) this.#layers.set(descriptor.digest, [...known, index]);
        if (descriptor.size !== index.sizeBytes)
          this.#tell(descriptor.digest, 'mismatch', 'its layer index states another size', [snapshot.id]);
      }
    } catch (error) {
      if (!isDamage(error)) throw error;
      const named = error.details['digest'];
      const digest = [...this.#graph.keys()].find((known) => known === named) ?? snapshot.id;
      // What is wrong with one of its blobs was told when that was looked at.
      const isTold = [...this.#found.values()].some(
        ({ kind, snapshots }) => kind !== 'entry' && snapshots.includes(snapshot.id),
      );
      if (isTold) return;
      const isWhole = await hasItsDigest(this.#vault, digest, this.#signal);
      const kind = !isWhole ? 'wrongDigest' : error.code === 'badJson' ? 'unreadable' : 'mismatch';
      this.#tell(digest, kind, damageReason(error), [snapshot.id]);
    }
  }

  #tell(digest: Digest, kind: ProblemKind, detail: string, known?: readonly Digest[]): void {
    const how = kind === 'missing' ? 'need' : 'reach';
    const snapshots = known ?? snapshotsNeeding(this.#graph, digest, how);
    const before = this.#found.get(digest);
    if (before === undefined) this.#found.set(digest, { kind, digest, detail, snapshots });
    else if (known !== undefined) {
      const both = [...new Set([...before.snapshots, ...known])];
      this.#found.set(digest, { ...before, snapshots: both });
    }
  }
}
