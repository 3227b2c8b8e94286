import type { Digest } from '../digest.ts';
import { parseImageIndex, parseManifest, type Descriptor } from '../oci/manifest.ts';
import { isIndexType } from '../oci/mediaTypes.ts';
import type { RemoteManifest } from '../registry/remoteRepository.ts';

/** What a document names. */
export interface Named {
  /** Manifests and indexes: of an index, and the subject of a manifest. */
  readonly documents: readonly Descriptor[];
  /** Config and layers of a manifest. */
  readonly blobs: readonly Descriptor[];
}

/** Throws `badJson`. */
export function namedBy(
  { bytes, mediaType }: Pick<RemoteManifest, 'bytes' | 'mediaType'>,
  where: string,
): Named {
  if (isIndexType(mediaType)) return { documents: parseImageIndex(bytes, where).manifests ?? [], blobs: [] };
  const { config, layers, subject } = parseManifest(bytes, where);
  return { documents: subject ? [subject] : [], blobs: [config, ...(layers ?? [])] };
}

/** The documents, each after those that it names: so a registry takes them. */
export function childrenFirst<T extends RemoteManifest>(
  documents: readonly T[],
  where: string,
): readonly T[] {
  const ahead = new Map<Digest, T>(documents.map((one) => [one.digest, one]));
  const ordered: T[] = [];
  // Not by recursion: how deep they nest is up to who made them.
  const open: { readonly one: T; readonly left: Digest[] }[] = [];
  const enter = (one: T | undefined): void => {
    // Taken out before its children are looked at, so that a circle ends.
    if (one === undefined || !ahead.delete(one.digest)) return;
    open.push({ one, left: namedBy(one, where).documents.map(({ digest }) => digest) });
  };
  for (const first of documents) {
    enter(first);
    for (let top = open.at(-1); top; top = open.at(-1)) {
      const next = top.left.pop();
      if (next !== undefined) enter(ahead.get(next));
      else {
        ordered.push(top.one);
        open.pop();
      }
    }
  }
  return ordered;
}

/** Whether a document names another one that is not among them. */
export function lacksAny(documents: readonly RemoteManifest[], where: string): boolean {
  const there = new Set<Digest>(documents.map(({ digest }) => digest));
  return documents.some((one) => namedBy(one, where).documents.some(({ digest }) => !there.has(digest)));
}
