import type { Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import { inParallel } from '../inParallel.ts';
import type { Descriptor } from '../oci/manifest.ts';
import type { Operation } from '../progress.ts';
import type {
  BlobSource,
  ManifestRef,
  RemoteManifest,
  RemoteRepository,
} from '../registry/remoteRepository.ts';
import type { CancelOptions } from '../vault/blobStore.ts';
import { companionOf, isOwnDocument } from './companionTags.ts';
import { childrenFirst } from './documentGraph.ts';
import { remoteGraph, type RemoteGraph } from './remoteGraph.ts';
import { ship, type KnownPlaces, type Shipped, type ShippedDocument } from './shipment.ts';

export interface CopyImageInput {
  readonly ref: ManifestRef;
  /** Its tag over there; without one it is known there by its digest alone. */
  readonly tag?: string;
  /** All tags of the repository that it comes from: some are of signatures. */
  readonly sourceTags: readonly string[];
}

export interface CopiedImage extends Shipped {
  readonly digest: Digest;
  /** Whether the tag stood for this digest there already, with all that it needs. */
  readonly wasThere: boolean;
  /** Manifests that belong to it: signatures, attestations, whatever refers to it. */
  readonly companions: number;
}

/** Referrers of referrers go on; nobody signs signatures for longer than this. */
const maxCompanions = 10_000;

/**
 * Copies what a tag or a digest stands for into another repository, of the same registry or of another one, with its
 * digest: all platforms that there are, and all that belongs to it by the registry's list of referrers or by cosign's
 * tags. Blobs go through memory piece by piece; what the other side has, or can mount, is not sent.
 *
 * Rejects with `registryMissing`, as {@link ship} does, or an AbortError.
 */
export async function copyImage(
  { from, to }: { readonly from: RemoteRepository; readonly to: RemoteRepository },
  { ref, tag, sourceTags }: CopyImageInput,
  operation: Operation,
  places?: KnownPlaces,
): Promise<CopiedImage> {
  const { signal, progress } = operation;
  const item = `${from.host}/${from.path}${ref.includes(':') ? '@' : ':'}${ref}`;
  progress.report({ phase: 'preparing', item });
  const top = await from.getManifest(ref, { signal });
  if (top === undefined) throw failure('registryMissing', { host: from.host, name: item });
  const there = await to.headManifest(tag ?? top.digest, { signal });
  const isThere = there?.digest === top.digest;
  const own = await remoteGraph(from, top, { signal, mayLackPlatforms: true });
  const others = await companionsOf(from, own, sourceTags, { signal });
  const tags = new Map<Digest, string>(
    others.flatMap(({ digest, tag: its }) => (its ? [[digest, its]] : [])),
  );
  if (tag !== undefined) tags.set(top.digest, tag);
  const documents = new Map<Digest, RemoteManifest>();
  const blobs = new Map<Digest, Descriptor>();
  for (const graph of [own, ...others.map((one) => one.graph)]) {
    for (const one of graph.documents) documents.set(one.digest, one);
    for (const one of graph.blobs) blobs.set(one.digest, one);
  }
  // A tag may stand for an index of which somebody brought only a part. What is there is not stored once more: some
  // registries refuse a tag that is given again.
  const lacking = isThere ? await lackedBy(to, own, places, { signal }) : undefined;
  if (lacking !== undefined)
    for (const { digest } of [...own.documents, ...own.blobs]) {
      if (lacking.has(digest)) continue;
      documents.delete(digest);
      blobs.delete(digest);
    }
  const wasThere = lacking?.size === 0;
  const tagged = childrenFirst([...documents.values()], item).map((one): ShippedDocument => {
    const its = tags.get(one.digest);
    return its === undefined ? one : { ...one, tag: its };
  });
  const sources = [...blobs.values()].map((blob) => remoteSource(from, blob, to.host));
  const shipped = await ship(to, { item, blobs: sources, documents: tagged }, operation, places);
  return { ...shipped, digest: top.digest, wasThere, companions: others.length };
}

/** What of a graph a repository does not have. */
async function lackedBy(
  to: RemoteRepository,
  { documents, blobs }: RemoteGraph,
  places: KnownPlaces = new Map(),
  { signal }: { readonly signal: AbortSignal },
): Promise<ReadonlySet<Digest>> {
  const lacking = new Set<Digest>();
  for (const { digest } of documents)
    if ((await to.headManifest(digest, { signal })) === undefined) lacking.add(digest);
  await inParallel(
    blobs,
    async ({ digest, size }) => {
      if (places.get(digest) === to.path) return;
      if ((await to.headBlob(digest, { signal }))?.sizeBytes === size) places.set(digest, to.path);
      else lacking.add(digest);
    },
    signal,
  );
  return lacking;
}

interface Companion {
  readonly digest: Digest;
  readonly tag?: string;
  readonly graph: RemoteGraph;
}

/** What belongs to a graph's documents, and to what belongs to them. */
async function companionsOf(
  from: RemoteRepository,
  { documents }: RemoteGraph,
  sourceTags: readonly string[],
  cancel: CancelOptions,
): Promise<readonly Companion[]> {
  const bySubject = new Map<Digest, string[]>();
  for (const tag of sourceTags) {
    const subject = companionOf(tag);
    if (subject === undefined || !isOwnDocument(tag)) continue;
    bySubject.set(subject, [...(bySubject.get(subject) ?? []), tag]);
  }
  const found = new Map<Digest, Companion>();
  const seen = new Set<Digest>(documents.map(({ digest }) => digest));
  const ahead = [...seen];
  const take = async (ref: ManifestRef, tag?: string): Promise<void> => {
    const top = await from.getManifest(ref, cancel);
    // A list may name what was deleted since.
    if (top === undefined || (seen.has(top.digest) && tag === undefined)) return;
    const graph = await remoteGraph(from, top, { ...cancel, mayLackPlatforms: true });
    found.set(top.digest, { digest: top.digest, graph, ...(tag !== undefined && { tag }) });
    for (const { digest } of graph.documents) {
      if (!seen.has(digest)) ahead.push(digest);
      seen.add(digest);
    }
    if (found.size > maxCompanions)
      throw failure('archiveTooLarge', {
        name: `${from.host}/${from.path}`,
        reason: `more than ${maxCompanions} signatures and the like`,
      });
  };
  for (let subject = ahead.pop(); subject !== undefined; subject = ahead.pop()) {
    for (const { digest } of await from.referrers(subject, cancel)) if (!seen.has(digest)) await take(digest);
    for (const tag of bySubject.get(subject) ?? []) await take(tag, tag);
  }
  return [...found.values()];
}

function remoteSource(from: RemoteRepository, { digest, size }: Descriptor, host: string): BlobSource {
  return {
    digest,
    sizeBytes: size,
    open: (start, cancel) => from.openBlob({ digest, sizeBytes: size }, { ...cancel, start }),
    ...(from.host === host && { mountFrom: from.path }),
  };
}
