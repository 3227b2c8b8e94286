import { copyFile, mkdir, open, realpath, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { hexOf, type Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import { syncFolder } from '../files/writeDurably.ts';
import { hasCode } from '../files/fileErrors.ts';
import { ociIndexType } from '../oci/mediaTypes.ts';
import type { Operation } from '../progress.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { snapshotOf } from '../snapshot/snapshotAnnotations.ts';
import { entryOfSnapshot } from '../snapshot/snapshotOfDocument.ts';
import { readVerified, requireExpected } from '../vault/blobStore.ts';
import { requireWritable, type Vault } from '../vault/layout.ts';
import { withLock } from '../vault/locks.ts';
import { withPartialFile } from '../vault/partialFile.ts';
import type { ProcessIdentity } from '../vault/processIdentity.ts';
import { sealed, sealState } from '../vault/entrySeal.ts';
import {
  emptyIndex,
  newEntry,
  refNameOf,
  snapshotIndexBytes,
  snapshotType,
  type IndexEntry,
} from '../vault/snapshotIndex.ts';
import { readSnapshotIndex, updateSnapshotIndex } from '../vault/updateIndex.ts';
import { blobPath } from '../vault/vaultPaths.ts';
import { findSnapshotDocuments } from './findSnapshotDocuments.ts';
import { markVerified } from './markVerified.ts';
import { hasItsDigest } from './hasItsDigest.ts';
import { entryRepairs, isMendable, isSetAside, readOrReason, wasOurs } from './planRepair.ts';
import type { VaultProblem } from './vaultProblem.ts';
import { examineVault, type VerifyReport } from './verifyVault.ts';

export interface RepairResult {
  readonly isIndexNew: boolean;
  readonly relisted: readonly Digest[];
  readonly accepted: readonly Digest[];
  readonly fetched: readonly Digest[];
  readonly setAside: readonly Digest[];
  readonly dropped: readonly Snapshot[];
  /** What is still wrong. */
  readonly problems: readonly VaultProblem[];
}

/** Each round brings back documents that tell of more that is missing; a graph is no deeper than this. */
const maxRounds = 10;
const waitMs = 10_000;

/**
 * Mends a vault, alone on it:
 * 1. where index.json can't be read, keep a copy and put one in its place that lists what is found in the blobs,
 * 2. take entries that were changed as they are, and list again what lost its entry,
 * 3. fetch every missing or damaged blob of which `from` has a good copy, read before anything is touched, until no
 * more comes to light, 4. put damaged blobs without a copy to `drydock/damaged`, so that a later backup can store
 * them anew, 5. only where asked, take damaged snapshots out of index.json unless they are pinned, 6. mark the rest.
 *
 * Nothing is deleted but damaged bytes that a good copy replaces. Rejects with `vaultInUse`, `vaultsAreSame`.
 */
export async function repairVault(
  { vault, from, owner }: { readonly vault: Vault; readonly from?: Vault; readonly owner: ProcessIdentity },
  { isDropping }: { readonly isDropping: boolean },
  operation: Operation,
): Promise<RepairResult> {
  requireWritable(vault);
  const { paths, steps } = vault;
  const isFolder = from?.listing === undefined;
  if (from !== undefined && isFolder && (await realpath(from.paths.root)) === (await realpath(paths.root)))
    throw failure('vaultsAreSame', { path: paths.root });
  const lock = { scope: 'vault', mode: 'exclusive', waitMs } as const;
  return await withLock({ paths, owner, steps }, lock, operation, async (held) => {
    const { signal } = held;
    const work = { ...operation, signal };
    const deps = { vault, owner };
    const read = await readOrReason(vault, { signal });
    const isIndexNew = 'reason' in read;
    let relisted: readonly Snapshot[];
    let accepted: readonly Digest[] = [];
    if (isIndexNew) {
      relisted = await findSnapshotDocuments({ vault, from }, new Set(), signal);
      await replaceIndex(deps, relisted, signal);
    } else {
      ({ relisted, accepted } = await entryRepairs({ vault, from }, read.index, signal));
      await mendEntries(deps, relisted, new Set(accepted), { from, signal });
    }
    const mended = await mendBlobs(vault, from, work, () => held.ensureHeld());
    const dropped = isDropping ? await dropDamaged(deps, mended.report, signal) : [];
    await held.ensureHeld();
    await markVerified(deps, mended.report, { signal });
    const gone = new Set(dropped.map(({ id }) => id));
    return {
      isIndexNew,
      relisted: relisted.map(({ id }) => id),
      accepted,
      fetched: mended.fetched,
      setAside: mended.setAside,
      dropped,
      problems: mended.report.problems.filter(
        ({ digest, snapshots }) =>
          !(snapshots.length > 0 && snapshots.every((id) => gone.has(id))) &&
          !(snapshots.length === 0 && digest !== undefined && mended.setAside.includes(digest)),
      ),
    };
  });
}

interface Deps {
  readonly vault: Vault;
  readonly owner: ProcessIdentity;
}

/**
 * The old file is kept, under a name by which a person finds it. The new one has all entries at once: of one without
 * them nobody could tell any more that there were some, and prune would remove what they need.
 */
async function replaceIndex(
  { vault: { paths, steps }, owner }: Deps,
  relisted: readonly Snapshot[],
  signal: AbortSignal,
): Promise<void> {
  const lock = { scope: 'index', mode: 'exclusive', waitMs } as const;
  const { schemaVersion, mediaType } = emptyIndex;
  const entries = relisted.map((snapshot) => sealed(entryOfSnapshot(snapshot, () => false)));
  await withLock({ paths, owner, steps }, lock, { signal }, async (held) => {
    const options = { steps, signal: held.signal };
    await withPartialFile(
      paths.partial,
      [snapshotIndexBytes({ fields: { schemaVersion, mediaType }, entries })],
      options,
      async (partial) => {
        await held.ensureHeld();
        const name = `index.json-${new Date().toISOString().replace(/[:.]/g, '-')}`;
        try {
          // A copy, so that at no moment there is no index.json.
          await copyDurably(paths.index, await damagedFolder(paths.root), name);
        } catch (error) {
          if (!hasCode(error, 'ENOENT')) throw error;
        }
        await rename(partial.path, paths.index);
        steps.reached('index replaced');
        await syncFolder(paths.root);
      },
    );
  });
}

async function copyDurably(path: string, folder: string, name: string): Promise<void> {
  await copyFile(path, join(folder, name));
  const copy = await open(join(folder, name), 'r+');
  try {
    await copy.sync();
  } finally {
    await copy.close();
  }
  await syncFolder(folder);
}

/** What was changed is sealed as it stands, what lost its mark gets it again, and what lost its entry gets a new one. */
async function mendEntries(
  deps: Deps,
  relisted: readonly Snapshot[],
  accepted: ReadonlySet<Digest>,
  { from, signal }: { readonly from: Vault | undefined; readonly signal: AbortSignal },
): Promise<void> {
  if (relisted.length === 0 && accepted.size === 0) return;
  const { entries: present } = await readSnapshotIndex(deps.vault, { signal });
  const elsewhere = new Set<Digest>();
  for (const { descriptor } of present)
    if (descriptor && (await from?.blobs.stat(descriptor.digest))) elsewhere.add(descriptor.digest);
  const isAgain = new Set(relisted.map(({ id }) => id));
  /** One that was changed so that it names nothing makes room for the snapshots that were found. */
  const isReplaced = (entry: IndexEntry): boolean => {
    const digest = entry.descriptor?.digest;
    if (digest === undefined) return wasOurs(entry);
    if (isAgain.has(digest)) return true;
    return sealState(entry) === 'broken' && !accepted.has(digest) && !elsewhere.has(digest);
  };
  await updateSnapshotIndex(
    deps,
    (entries) => {
      const kept = entries
        .filter((entry) => relisted.length === 0 || !isReplaced(entry))
        .map((entry) => marked(entry, accepted));
      const taken = new Set(kept.map(refNameOf));
      const added = relisted.map((snapshot) => {
        const entry = entryOfSnapshot(snapshot, (name) => taken.has(name));
        taken.add(refNameOf(entry));
        return entry;
      });
      return [...kept, ...added];
    },
    { signal, isAccepting: true },
  );
}

function marked(entry: IndexEntry, accepted: ReadonlySet<Digest>): IndexEntry {
  const { descriptor, fields } = entry;
  if (descriptor === undefined || !accepted.has(descriptor.digest)) return entry;
  const mended = newEntry({ ...descriptor, mediaType: ociIndexType, artifactType: snapshotType });
  return { ...mended, fields: { ...fields, ...mended.fields } };
}

async function mendBlobs(
  vault: Vault,
  from: Vault | undefined,
  operation: Operation,
  ensureHeld: () => Promise<void>,
): Promise<{ fetched: readonly Digest[]; setAside: readonly Digest[]; report: VerifyReport }> {
  const { signal } = operation;
  const fetched: Digest[] = [];
  let report = await examineVault(vault, { depth: 'digests' }, operation);
  for (let round = 0; from !== undefined && round < maxRounds; round += 1) {
    let isAny = false;
    for (const problem of report.problems) {
      const { digest } = problem;
      if (digest === undefined || !(await isMendable(vault, problem, signal))) continue;
      if (!(await hasItsDigest(from, digest, signal))) continue;
      await fetchBlob(vault, from, digest, { signal, ensureHeld });
      fetched.push(digest);
      isAny = true;
    }
    if (!isAny) break;
    report = await examineVault(vault, { depth: 'digests' }, operation);
  }
  const setAside: Digest[] = [];
  for (const problem of report.problems) {
    const { kind, digest } = problem;
    if (digest === undefined || !isSetAside(kind) || !(await isMendable(vault, problem, signal))) continue;
    const folder = await damagedFolder(vault.paths.root);
    await ensureHeld();
    await rename(blobPath(vault.paths, digest), join(folder, hexOf(digest)));
    vault.steps.reached('blob removed');
    await syncFolder(folder);
    await syncFolder(vault.paths.blobs);
    setAside.push(digest);
  }
  return { fetched, setAside, report };
}

/** Puts a good copy in the place of what is there, once all of it lies beside that. */
async function fetchBlob(
  { paths, steps }: Vault,
  from: Vault,
  digest: Digest,
  { signal, ensureHeld }: { readonly signal: AbortSignal; readonly ensureHeld: () => Promise<void> },
): Promise<void> {
  const bytes = readVerified(from.blobs, { digest }, { signal });
  await withPartialFile(paths.partial, bytes, { steps, signal, mode: 0o444 }, async (partial) => {
    requireExpected(partial, { expectedDigest: digest });
    await ensureHeld();
    await rename(partial.path, blobPath(paths, digest));
    steps.reached('blob named');
    await syncFolder(paths.blobs);
  });
}

async function damagedFolder(root: string): Promise<string> {
  const folder = join(root, 'drydock', 'damaged');
  await mkdir(folder, { recursive: true });
  return folder;
}

async function dropDamaged(
  deps: Deps,
  { problems }: VerifyReport,
  signal: AbortSignal,
): Promise<readonly Snapshot[]> {
  // What is only wrong with an entry is no loss of data.
  const hurt = new Set(problems.flatMap(({ kind, snapshots }) => (kind === 'entry' ? [] : snapshots)));
  let dropped: readonly Snapshot[] = [];
  await updateSnapshotIndex(
    deps,
    (entries) => {
      const isDropped = (entry: IndexEntry): boolean => {
        const snapshot = snapshotOf(entry);
        return snapshot !== undefined && hurt.has(snapshot.id) && !snapshot.isPinned;
      };
      const gone = entries.filter(isDropped);
      dropped = gone.flatMap((entry) => snapshotOf(entry) ?? []);
      return gone.length === 0 ? entries : entries.filter((entry) => !isDropped(entry));
    },
    { signal },
  );
  return dropped;
}
