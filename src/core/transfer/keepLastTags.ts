import type { Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import { inParallel } from '../inParallel.ts';
import { parseImageIndex, parseManifest } from '../oci/manifest.ts';
import { isIndexType } from '../oci/mediaTypes.ts';
import type { Operation } from '../progress.ts';
import type { RemoteManifest, RemoteRepository } from '../registry/remoteRepository.ts';
import type { CancelOptions } from '../vault/blobStore.ts';
import { companionOf } from './companionTags.ts';
import { namedBy } from './documentGraph.ts';
import { createdIn, readConfig, timeIn } from './remoteConfig.ts';
import { isChosen, type TagFilter } from './wildcard.ts';

/** A tag and what it stands for. */
export interface TaggedImage {
  readonly tag: string;
  readonly digest: Digest;
  readonly mediaType: string;
  /** When it was made, by its own word, in milliseconds since 1970; left out where it says nothing of that. */
  readonly createdMs?: number;
  /** Manifests that its index names, and those that these name. */
  readonly reaches: readonly Digest[];
}

/** Why a tag stays: it is among the newest, a tag that stays needs the same, nobody knows how old it is, or it was not chosen. */
export type KeptReason = 'recent' | 'shared' | 'undated' | 'notChosen';

export interface TagPlan {
  readonly kept: readonly { readonly image: TaggedImage; readonly reason: KeptReason }[];
  /** Newest first. */
  readonly removed: readonly TaggedImage[];
}

/** No index of indexes goes deeper. */
const maxDepth = 4;

/** The tags of a repository, newest first; those without a date come last. Tags of signatures and the like are left out. */
export async function readTags(
  repository: RemoteRepository,
  { signal, progress }: Operation,
): Promise<readonly TaggedImage[]> {
  const tags: string[] = [];
  for await (const tag of repository.tags({ signal })) if (companionOf(tag) === undefined) tags.push(tag);
  const found = await readEach(repository, tags, { signal, progress });
  const timeOf = ({ createdMs = Number.NEGATIVE_INFINITY }: TaggedImage): number => createdMs;
  return found.toSorted((a, b) =>
    timeOf(b) > timeOf(a) ? 1 : timeOf(b) < timeOf(a) ? -1 : a.tag < b.tag ? -1 : 1,
  );
}

/**
 * Which tags to keep so that of those that `filter` chooses the newest `count` stay. What has no date stays, and so does
 * what is the same image as one that stays, or a part of it: registries take away images, with all of their tags.
 */
export function planKeepLast(
  images: readonly TaggedImage[],
  { count, filter }: { readonly count: number; readonly filter: TagFilter },
): TagPlan {
  const kept = new Map<string, KeptReason>();
  let recent = 0;
  for (const { tag, createdMs } of images)
    if (!isChosen(tag, filter)) kept.set(tag, 'notChosen');
    else if (createdMs === undefined) kept.set(tag, 'undated');
    else if (recent < count) {
      recent += 1;
      kept.set(tag, 'recent');
    }
  const needed = new Set<Digest>();
  for (const { tag, digest, reaches } of images)
    if (kept.has(tag)) for (const each of [digest, ...reaches]) needed.add(each);
  for (const { tag, digest } of images) if (!kept.has(tag) && needed.has(digest)) kept.set(tag, 'shared');
  return {
    kept: images.flatMap((image) => {
      const reason = kept.get(image.tag);
      return reason === undefined ? [] : [{ image, reason }];
    }),
    removed: images.filter(({ tag }) => !kept.has(tag)),
  };
}

export interface Removal extends TagPlan {
  /** Tags that stay and need what is to go, as a platform of theirs: nothing may be removed then. */
  readonly inTheWay: readonly TaggedImage[];
}

/** What goes with chosen tags: registries take away images with all of their tags. */
export function planRemoval(images: readonly TaggedImage[], tags: ReadonlySet<string>): Removal {
  const gone = new Set(images.filter(({ tag }) => tags.has(tag)).map(({ digest }) => digest));
  const staying = images.filter(({ digest }) => !gone.has(digest));
  return {
    kept: staying.map((image) => ({ image, reason: 'notChosen' })),
    removed: images.filter(({ digest }) => gone.has(digest)),
    inTheWay: staying.filter(({ reaches }) => reaches.some((digest) => gone.has(digest))),
  };
}

/**
 * Takes the images of a plan out of a repository, with the signatures and lists that are about them. The registry frees
 * the room when it next collects what nothing names. Rejects with `tagMoved` before anything is taken away where a tag
 * stands for something else by now, or a new one for what is to go; with `registryRefused` where one is there still, or as
 * the calls of the repository do: images before that one are gone then. What a tag that stays stands for is not taken away
 * as a signature either.
 */
export async function removeTags(
  repository: RemoteRepository,
  { removed, kept }: TagPlan,
  { signal, progress }: Operation,
): Promise<void> {
  const standing = [...removed, ...kept.map(({ image }) => image)];
  await inParallel(
    standing,
    async ({ tag, digest }) => {
      const now = await repository.headManifest(tag, { signal });
      if (now !== undefined && now.digest !== digest)
        throw failure('tagMoved', { tag: `${repository.path}:${tag}` });
    },
    signal,
  );
  const companions: string[] = [];
  const needed = new Set<Digest>(kept.flatMap(({ image: { digest, reaches } }) => [digest, ...reaches]));
  const gone = new Set<Digest>(removed.map(({ digest }) => digest));
  const planned = new Set(standing.map(({ tag }) => tag));
  const added: string[] = [];
  const others: string[] = [];
  for await (const tag of repository.tags({ signal })) {
    const subject = companionOf(tag);
    if (subject !== undefined && gone.has(subject)) companions.push(tag);
    else if (subject !== undefined) others.push(tag);
    if (subject === undefined && !planned.has(tag)) added.push(tag);
  }
  // Somebody may have given a tag to what is to go, for it to stay.
  for (const { tag, digest, reaches } of await readEach(repository, added, { signal, progress }))
    if ([digest, ...reaches].some((one) => gone.has(one)))
      throw failure('tagMoved', { tag: `${repository.path}:${tag}` });
  if (companions.length > 0)
    await inParallel(
      others,
      async (tag) => {
        const found = await repository.headManifest(tag, { signal });
        if (found !== undefined) needed.add(found.digest);
      },
      signal,
    );
  for (const digest of gone) {
    progress.report({ phase: 'finishing', item: `${repository.path}@${digest}` });
    signal.throwIfAborted();
    await remove(repository, digest, signal);
  }
  for (const tag of companions) {
    signal.throwIfAborted();
    const found = await repository.headManifest(tag, { signal });
    // One signature may stand under the tags of several images, and under one that a person gave.
    if (found !== undefined && !needed.has(found.digest)) await remove(repository, found.digest, signal);
  }
}

/** Takes a manifest away, and asks whether it is gone. */
async function remove(repository: RemoteRepository, digest: Digest, signal: AbortSignal): Promise<void> {
  await repository.deleteManifest(digest, { signal });
  if ((await repository.headManifest(digest, { signal })) === undefined) return;
  throw failure('registryRefused', {
    host: repository.host,
    what: `delete ${digest} from ${repository.path}`,
    reason: 'it is still there, whatever it answered',
  });
}

/** Those that are there still, in no order. */
async function readEach(
  repository: RemoteRepository,
  tags: readonly string[],
  { signal, progress }: Operation,
): Promise<readonly TaggedImage[]> {
  const found: TaggedImage[] = [];
  await inParallel(
    tags,
    async (tag) => {
      progress.report({ phase: 'reading', item: `${repository.path}:${tag}` });
      const manifest = await repository.getManifest(tag, { signal });
      // Taken away since the list was made.
      if (manifest === undefined) return;
      const reaches: Digest[] = [];
      const createdMs = await lookInto(repository, manifest, reaches, { signal });
      const { digest, mediaType } = manifest;
      found.push({ tag, digest, mediaType, reaches, ...(createdMs !== undefined && { createdMs }) });
    },
    signal,
  );
  return found;
}

/** Gathers what a document reaches, and tells when it was made. */
async function lookInto(
  repository: RemoteRepository,
  manifest: RemoteManifest,
  reaches: Digest[],
  cancel: CancelOptions,
  depth = 0,
): Promise<number | undefined> {
  const where = `${repository.host}/${repository.path}@${manifest.digest}`;
  if (!isIndexType(manifest.mediaType)) {
    const { annotations, config } = parseManifest(manifest.bytes, where);
    return (
      createdIn(annotations) ?? timeIn((await readConfig(repository, config, cancel))?.created ?? undefined)
    );
  }
  let createdMs = createdIn(parseImageIndex(manifest.bytes, where).annotations);
  for (const child of namedBy(manifest, where).documents) {
    reaches.push(child.digest);
    // Read only for what it reaches itself, or for a date where none is known yet.
    if (depth >= maxDepth || (createdMs !== undefined && !isIndexType(child.mediaType))) continue;
    const document = await repository.getManifest(child.digest, cancel);
    const time = document && (await lookInto(repository, document, reaches, cancel, depth + 1));
    createdMs ??= time;
  }
  return createdMs;
}
