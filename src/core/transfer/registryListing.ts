import type { Digest } from '../digest.ts';
import { DrydockError, failure, reasonOf } from '../errors.ts';
import { inParallel } from '../inParallel.ts';
import type { RemoteManifest, RemoteRepository } from '../registry/remoteRepository.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { snapshotOfDocument } from '../snapshot/snapshotOfDocument.ts';
import { readDocument, type CancelOptions } from '../vault/blobStore.ts';
import { companionOf } from './companionTags.ts';
import { snapshotIn } from './parcel.ts';
import type { RegistryBlobs } from './registryBlobs.ts';

/** A snapshot as it lies in a repository. */
export interface ListedSnapshot {
  /** Under a name that no other one of the repository has. */
  readonly snapshot: Snapshot;
  readonly tags: readonly string[];
  /** What the tags stand for: the snapshot's own index, and parcels of it. */
  readonly manifests: readonly Digest[];
}

/** A tag of which nobody knows what it stands for. */
export interface ListFault {
  readonly tag: string;
  readonly reason: string;
}

export interface RegistryList {
  readonly snapshots: readonly ListedSnapshot[];
  readonly faults: readonly ListFault[];
}

/** As many as index.json may have entries. */
const maxTags = 100_000;

interface Tagged {
  readonly tag: string;
  readonly manifest: Digest;
  readonly snapshot: Snapshot;
}

/**
 * The snapshots that the tags of a repository stand for; images and what belongs to other tools are left out. One tag
 * that can't be read hides no other. Rejects with `registryMissing` where there is no such repository, or as its calls
 * do.
 */
export async function readRegistryList(
  from: RemoteRepository,
  blobs: RegistryBlobs,
  { signal = new AbortController().signal }: CancelOptions,
): Promise<RegistryList> {
  const tags: string[] = [];
  for await (const tag of from.tags({ signal })) {
    if (companionOf(tag) === undefined) tags.push(tag);
    if (tags.length > maxTags)
      throw failure('archiveTooLarge', { name: blobs.name, reason: `more than ${maxTags} tags` });
  }
  const found: Tagged[] = [];
  const faults: ListFault[] = [];
  await inParallel(
    tags,
    async (tag) => {
      try {
        const top = await from.getManifest(tag, { signal });
        // Taken away since the list was made.
        const snapshot = top && (await snapshotOfTag(blobs, top, { signal }));
        if (top && snapshot) found.push({ tag, manifest: top.digest, snapshot });
      } catch (error) {
        if (!isFault(error)) throw error;
        faults.push({ tag, reason: reasonOf(error) });
      }
    },
    signal,
  );
  const byTag = (a: { readonly tag: string }, b: { readonly tag: string }): number =>
    a.tag < b.tag ? -1 : 1;
  return { snapshots: withFreeNames(together(found.sort(byTag))), faults: faults.sort(byTag) };
}

async function snapshotOfTag(
  blobs: RegistryBlobs,
  top: RemoteManifest,
  cancel: CancelOptions,
): Promise<Snapshot | undefined> {
  const where = `${blobs.name}: ${top.digest}`;
  const form = snapshotIn(top, where);
  if (form === undefined) return undefined;
  // Before its documents are read: in a parcel they are blobs.
  blobs.take(top);
  const root = form.kind === 'index' ? top : form.root;
  const bytes = form.kind === 'index' ? top.bytes : await readDocument(blobs, root, cancel);
  const snapshot = snapshotOfDocument(bytes, root, where);
  if (snapshot === undefined) throw new SaysNothing('it does not say of what it is a snapshot');
  return snapshot;
}

class SaysNothing extends Error {}

/** What is wrong with one tag alone. */
function isFault(error: unknown): boolean {
  const codes = ['badJson', 'blobMissing', 'blobDamaged', 'registryContentWrong', 'registryGarbled'];
  return error instanceof SaysNothing || (error instanceof DrydockError && codes.includes(error.code));
}

function together(found: readonly Tagged[]): readonly ListedSnapshot[] {
  const byId = new Map<Digest, ListedSnapshot>();
  for (const { tag, manifest, snapshot } of found) {
    const { tags = [], manifests = [] } = byId.get(snapshot.id) ?? {};
    byId.set(snapshot.id, {
      snapshot,
      tags: [...tags, tag],
      manifests: [...new Set([...manifests, manifest])],
    });
  }
  return [...byId.values()];
}

/** Two of the same second have the same name in their documents; the order of their IDs tells them apart each time. */
function withFreeNames(listed: readonly ListedSnapshot[]): readonly ListedSnapshot[] {
  const taken = new Set<string>();
  const inOrder = listed.toSorted((a, b) => (a.snapshot.id < b.snapshot.id ? -1 : 1));
  return inOrder.map((one) => {
    const { refName } = one.snapshot;
    let name = refName;
    for (let number = 2; taken.has(name); number += 1) name = `${refName}-${number}`;
    taken.add(name);
    return { ...one, snapshot: { ...one.snapshot, refName: name } };
  });
}
