import { isDigest, type Digest } from '../digest.ts';
import { DrydockError } from '../errors.ts';
import { familiarName, tryParseImageName } from '../oci/imageName.ts';
import { documentKind, parseImageIndex, parseManifest, type Descriptor } from '../oci/manifest.ts';
import { isIndexType, ociIndexType, ociManifestType } from '../oci/mediaTypes.ts';
import type { ServedBlob, ServedContents, ServedDocument } from '../registry/endpoint.ts';
import { tagFor } from '../registry/remoteName.ts';
import { imageNotesOf } from '../snapshot/imageNotes.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { readSnapshots } from '../snapshot/snapshots.ts';
import { readDocument, readVerified, type CancelOptions } from '../vault/blobStore.ts';
import type { Vault } from '../vault/layout.ts';

/** What a tag stands for. */
type Target = Pick<Descriptor, 'digest' | 'mediaType'>;
/** Tags by repository. */
type Names = ReadonlyMap<string, ReadonlyMap<string, Target>>;

/** As registries have it. */
const maxDocumentBytes = 4 << 20;

/**
 * A vault as a registry that can only be pulled from. A snapshot lies under its name, `app:1.4-20261121T081500Z` or
 * `volume/data:20261121T081500Z`; an image also under the name it had, as the newest snapshot with an image of that
 * name has it. Where a registry takes fewer characters than a vault, others are replaced by `-`.
 *
 * index.json is read anew for every list and every tag, so that what is backed up meanwhile is there to be had. Who asks by
 * a digest was told it before, and is answered by what was read last.
 */
export function vaultContents(vault: Vault): ServedContents {
  const { blobs } = vault;
  // Documents never change, so what they say of others is read once.
  const imagesOf = remembered((digest: Digest, cancel: CancelOptions) => imagesIn(vault, digest, cancel));
  const linksOf = remembered((digest: Digest, cancel: CancelOptions) => linksIn(vault, digest, cancel));

  let last: Names = new Map();
  const names = async (cancel: CancelOptions): Promise<Names> => {
    const found = new Map<string, Map<string, Target>>();
    const add = (repository: string, tag: string, target: Target): void => {
      const tags = found.get(repository) ?? new Map<string, Target>();
      if (!tags.has(tag)) tags.set(tag, target);
      found.set(repository, tags);
    };
    const snapshots = await readSnapshots(vault, cancel);
    for (const { refName, id } of snapshots)
      add(...placeOf(refName), { digest: id, mediaType: ociIndexType });
    for (const { id } of snapshots)
      for (const { name, target } of (await imagesOf(id, cancel)) ?? []) add(...placeOf(name), target);
    last = found;
    return found;
  };
  const isThere = async (repository: string, cancel: CancelOptions): Promise<boolean> =>
    last.has(repository) || (await names(cancel)).has(repository);

  const document = async (
    digest: Digest,
    stated: string | undefined,
    cancel: CancelOptions,
  ): Promise<ServedDocument | undefined> => {
    const stat = await blobs.stat(digest);
    if (stat === undefined || stat.sizeBytes > maxDocumentBytes) return undefined;
    const bytes = await readDocument(blobs, stat, cancel);
    const mediaType = stated ?? typeOf(bytes, digest);
    return mediaType === undefined ? undefined : { mediaType, digest, bytes };
  };

  return {
    async repositories(cancel) {
      return [...(await names(cancel)).keys()].sort();
    },
    async tags(repository, cancel) {
      const tags = (await names(cancel)).get(repository);
      return tags && [...tags.keys()].sort();
    },
    async document(repository, ref, cancel) {
      if (isDigest(ref))
        return (await isThere(repository, cancel)) ? document(ref, undefined, cancel) : undefined;
      const target = (await names(cancel)).get(repository)?.get(ref);
      return target && document(target.digest, target.mediaType, cancel);
    },
    async blob(repository, digest, cancel) {
      if (!(await isThere(repository, cancel))) return undefined;
      const stat = await blobs.stat(digest);
      return stat && servedBlob(vault, stat.digest, stat.sizeBytes);
    },
    async referrers(repository, digest, cancel) {
      const found = new Map<Digest, Descriptor>();
      const seen = new Set<Digest>();
      const ahead = [...((await names(cancel)).get(repository)?.values() ?? [])].map((one) => one.digest);
      for (let next = ahead.pop(); next; next = ahead.pop()) {
        if (seen.has(next)) continue;
        seen.add(next);
        const links = await linksOf(next, cancel);
        if (links === undefined) continue;
        if (links.subject === digest) found.set(next, links.self);
        ahead.push(...links.children);
      }
      return [...found.values()];
    },
  };
}

function servedBlob({ blobs }: Vault, digest: Digest, sizeBytes: number): ServedBlob {
  return {
    sizeBytes,
    open: (range, cancel) =>
      range.start === 0 && range.end === sizeBytes
        ? readVerified(blobs, { digest, sizeBytes }, cancel)
        : blobs.open(digest, { ...cancel, range }),
  };
}

/** The repository and the tag that a name of a vault has in a registry. */
function placeOf(name: string): readonly [repository: string, tag: string] {
  const parsed = tryParseImageName(name);
  const text = parsed === undefined ? name : familiarName(parsed);
  const colon = text.lastIndexOf(':');
  const hasTag = colon > text.lastIndexOf('/');
  const path = (hasTag ? text.slice(0, colon) : text)
    .toLowerCase()
    .split('/')
    .map((part) =>
      // One pass, with none at the ends: a vault may hold names that a search for the last ones takes minutes in.
      part.replace(/[^a-z0-9]+/g, (text, at: number) =>
        at === 0 || at + text.length === part.length ? '' : separatorFor(text),
      ),
    )
    .filter((part) => part !== '')
    .join('/');
  return [path === '' ? 'unnamed' : path, hasTag ? tagFor(text.slice(colon + 1)) : 'latest'];
}

/** Separators that a path may have stay. Source: distribution-spec 1.1, "Pulling manifests". */
function separatorFor(text: string): string {
  return /^(?:[._]|__|-+)$/.test(text) ? text : '-';
}

interface NamedImage {
  readonly name: string;
  readonly target: Target;
}

/** The names of images in a snapshot; undefined for one that can't be read. */
async function imagesIn(
  { blobs }: Vault,
  id: Snapshot['id'],
  cancel: CancelOptions,
): Promise<readonly NamedImage[] | undefined> {
  const where = `${blobs.name}: ${id}`;
  const index = await readDocument(blobs, { digest: id }, cancel)
    .then((bytes) => parseImageIndex(bytes, where))
    .catch(forgiving);
  if (index === undefined) return undefined;
  return (index.manifests ?? []).flatMap(({ annotations, digest, mediaType }) => {
    const notes = imageNotesOf(annotations, where);
    return notes?.role === 'image' ? notes.tags.map((name) => ({ name, target: { digest, mediaType } })) : [];
  });
}

interface Links {
  readonly self: Descriptor;
  readonly subject: Digest | undefined;
  readonly children: readonly Digest[];
}

/** What a manifest or an index says of others; undefined for one that is not there or can't be read. */
async function linksIn({ blobs }: Vault, digest: Digest, cancel: CancelOptions): Promise<Links | undefined> {
  const stat = await blobs.stat(digest);
  if (stat === undefined || stat.sizeBytes > maxDocumentBytes) return undefined;
  const bytes = await readDocument(blobs, stat, cancel).catch(forgiving);
  const mediaType = bytes && typeOf(bytes, digest);
  if (bytes === undefined || mediaType === undefined) return undefined;
  const isIndex = isIndexType(mediaType);
  const parsed = isIndex ? parseImageIndex(bytes, digest) : parseManifest(bytes, digest);
  const artifactType =
    parsed.artifactType ?? (isIndex ? undefined : parseManifest(bytes, digest).config.mediaType);
  const self: Descriptor = {
    mediaType,
    digest,
    size: stat.sizeBytes,
    ...(artifactType !== undefined && { artifactType }),
    ...(parsed.annotations && { annotations: parsed.annotations }),
  };
  const children = isIndex ? (parseImageIndex(bytes, digest).manifests ?? []).map((one) => one.digest) : [];
  return { self, subject: parsed.subject?.digest, children };
}

/** What a document says it is; undefined for what is neither a manifest nor an index. */
function typeOf(bytes: Uint8Array, digest: Digest): string | undefined {
  try {
    const kind = documentKind(bytes, digest);
    if (kind === 'other') return undefined;
    const parsed = kind === 'index' ? parseImageIndex(bytes, digest) : parseManifest(bytes, digest);
    return parsed.mediaType ?? (kind === 'index' ? ociIndexType : ociManifestType);
  } catch (error) {
    forgiving(error);
    return undefined;
  }
}

/** What is broken or gone is not there to be had; verify tells of it. */
function forgiving(error: unknown): undefined {
  if (error instanceof DrydockError && ['blobMissing', 'blobDamaged', 'badJson'].includes(error.code))
    return undefined;
  throw error;
}

const mostRemembered = 10_000;

/** `work` with its results kept, the oldest forgotten first. What can't be read is tried again: it may be repaired. */
function remembered<T extends object>(
  work: (digest: Digest, cancel: CancelOptions) => Promise<T | undefined>,
): (digest: Digest, cancel: CancelOptions) => Promise<T | undefined> {
  const known = new Map<Digest, T>();
  return async (digest, cancel) => {
    const before = known.get(digest);
    if (before !== undefined) return before;
    const value = await work(digest, cancel);
    if (value === undefined) return undefined;
    const [oldest] = known.keys();
    if (known.size >= mostRemembered && oldest !== undefined) known.delete(oldest);
    known.set(digest, value);
    return value;
  };
}
