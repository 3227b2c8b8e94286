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
  const take = (one: T): void => {
    // Taken out before its children are looked at, so that a circle ends.
    if (!ahead.delete(one.digest)) return;
    for (const { digest } of namedBy(one, where).documents) {
      const child = ahead.get(digest);
      if (child !== undefined) take(child);
    }
    ordered.push(one);
  };
  for (const one of documents) take(one);
  return ordered;
}

/** Whether a document names another one that is not among them. */
export function lacksAny(documents: readonly RemoteManifest[], where: string): boolean {
  const there = new Set<Digest>(documents.map(({ digest }) => digest));
  return documents.some((one) => namedBy(one, where).documents.some(({ digest }) => !there.has(digest)));
}
