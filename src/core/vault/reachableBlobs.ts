import * as z from 'zod';
import type { Digest } from '../digest.ts';
import { DrydockError, failure } from '../errors.ts';
import { documentKind, parseImageIndex, parseManifest, type Descriptor } from '../oci/manifest.ts';
import {
  dockerManifestType,
  isImageConfigType,
  isIndexType,
  isLayerType,
  ociManifestType,
} from '../oci/mediaTypes.ts';
import { parseJson } from '../oci/parseJson.ts';
import { readDocument, type BlobReader, type BlobStat, type CancelOptions } from './blobStore.ts';

/** A blob that something points at. */
export interface BlobReference {
  readonly mediaType: string;
  readonly digest: Digest;
  /** What the descriptor that points at it states. */
  readonly sizeBytes: number;
  /** The document that points at it first; left out for an entry of index.json. */
  readonly from?: Digest;
  /** Left out when the vault has no such blob. An index may list platforms that were never there. */
  readonly found?: BlobStat;
}

export type Root = Pick<BlobReference, 'mediaType' | 'digest' | 'sizeBytes'>;

/** Every type of ours that stands in a descriptor is of a document that only its own reader knows. */
const ownTypes = 'application/vnd.drydock.';
const maxDocumentBytes = 4 << 20;
/** Far above what a vault of many years holds; the digests of a million blobs take 100 MB. */
const maxBlobs = 5_000_000;

/**
 * Every blob that is reached from `roots`, each digest once, parents before children. What can't be read is never
 * taken for something that reaches nothing: rejects with `blobDamaged` or `badJson`, since who removes blobs by this
 * list must not guess.
 */
export async function* reachableBlobs(
  store: BlobReader,
  roots: Iterable<Root>,
  { signal }: CancelOptions = {},
): AsyncGenerator<BlobReference, void, undefined> {
  const seen = new Set<Digest>();
  const ahead: BlobReference[] = [...roots].reverse();
  for (let next = ahead.pop(); next; next = ahead.pop()) {
    signal?.throwIfAborted();
    if (seen.has(next.digest)) continue;
    seen.add(next.digest);
    if (seen.size > maxBlobs)
      throw failure('archiveTooLarge', { name: store.name, reason: `more than ${maxBlobs} blobs` });
    const found = await store.stat(next.digest);
    yield { ...next, ...(found && { found }) };
    if (found === undefined) continue;
    const children = await childrenOf(store, next, found, signal && { signal });
    for (const { mediaType, digest, size } of children.reverse())
      if (!seen.has(digest)) ahead.push({ mediaType, digest, sizeBytes: size, from: next.digest });
  }
}

/** What a blob points at; nothing for one that is no document. Rejects as {@link reachableBlobs} does. */
export async function childrenOf(
  store: BlobReader,
  { mediaType, digest }: Root,
  found: BlobStat,
  cancel: CancelOptions | undefined,
): Promise<Descriptor[]> {
  const isIndex = isIndexType(mediaType);
  const isManifest = mediaType === ociManifestType || mediaType === dockerManifestType;
  // Other tools leave the type out or use their own; only a small blob can be a document then.
  const isKnown = isIndex || isManifest || isDataType(mediaType);
  if (isKnown ? !isIndex && !isManifest : found.sizeBytes > maxDocumentBytes) return [];
  const bytes = await readDocument(store, { digest }, { maxBytes: maxDocumentBytes, ...cancel });
  const where = `${store.name}: ${digest}`;
  const kind = !isKnown ? unknownKind(bytes, where) : isIndex ? 'index' : 'manifest';
  if (kind === 'other') return [];
  if (kind === 'index') return [...(parseImageIndex(bytes, where).manifests ?? [])];
  const { config, layers, subject } = parseManifest(bytes, where);
  return [config, ...(layers ?? []), ...(subject ? [subject] : [])];
}

/** Whether a blob of this type points at nothing. */
function isDataType(mediaType: string): boolean {
  return isLayerType(mediaType) || isImageConfigType(mediaType) || mediaType.startsWith(ownTypes);
}

/** The bytes have their digest, so what is no JSON was none when it was stored. */
function unknownKind(bytes: Uint8Array, where: string): 'manifest' | 'index' | 'other' {
  if (bytes[0] !== 0x7b) return 'other';
  try {
    const { schemaVersion } = parseJson(bytes, z.looseObject({ schemaVersion: z.unknown() }), where);
    // A config of an image has a field "config" as well, but no version.
    return schemaVersion === 2 ? documentKind(bytes, where) : 'other';
  } catch (error) {
    if (error instanceof DrydockError && error.code === 'badJson') return 'other';
    throw error;
  }
}
