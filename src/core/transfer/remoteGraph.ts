import type { Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import type { Descriptor } from '../oci/manifest.ts';
import { isIndexType } from '../oci/mediaTypes.ts';
import type { RemoteManifest, RemoteRepository } from '../registry/remoteRepository.ts';
import type { CancelOptions } from '../vault/blobStore.ts';
import { namedBy } from './documentGraph.ts';
import type { FoundSnapshot } from './parcel.ts';
import { isDocumentType } from './vaultSources.ts';

/** All that a document in a registry reaches. */
export interface RemoteGraph {
  /** Their bytes are in memory; the first is what was asked for. */
  readonly documents: readonly RemoteManifest[];
  /** Each digest once. */
  readonly blobs: readonly Descriptor[];
}

/** A snapshot of many images has some hundred documents of a few KiB; these guard against hostile ones. */
const maxDocuments = 20_000;
const maxDocumentBytes = 256 << 20;

/** Where documents come from. */
type ReadDocument = (of: Descriptor) => Promise<RemoteManifest | undefined>;

/**
 * Reads every document below `top`, each once and with its digest. Platforms that an image's own index names may be
 * absent, as they were where it was pushed; what the top itself names may not. Rejects with `registryMissing`,
 * `registryContentWrong`, `badJson`, or as the calls of the repository do.
 */
export function remoteGraph(
  from: RemoteRepository,
  top: RemoteManifest,
  { mayLackPlatforms = false, ...cancel }: GraphOptions = {},
): Promise<RemoteGraph> {
  const read: ReadDocument = (of) => from.getManifest(of.digest, cancel);
  return gathered(from, top, read, { ...cancel, mayLackPlatforms });
}

export interface GraphOptions extends CancelOptions {
  /** For an image's own index: what the top itself names may be absent, too. */
  readonly mayLackPlatforms?: boolean;
}

/** As {@link remoteGraph}, of a parcel: its documents lie among the blobs. */
export async function parcelGraph(
  from: RemoteRepository,
  { root, parts }: Extract<FoundSnapshot, { readonly kind: 'parcel' }>,
  cancel: CancelOptions,
): Promise<RemoteGraph> {
  const read: ReadDocument = async ({ digest, size, mediaType }) => {
    if (!parts.has(digest)) return undefined;
    if (size > maxDocumentSize) throw tooMuch(from, `a document of ${size} bytes`);
    const pieces: Uint8Array[] = [];
    for await (const piece of from.openBlob({ digest, sizeBytes: size }, cancel)) pieces.push(piece);
    return { mediaType, digest, sizeBytes: size, bytes: Buffer.concat(pieces) };
  };
  const { mediaType, digest, sizeBytes: size } = root;
  const top = await read({ mediaType, digest, size });
  if (top === undefined) throw failure('registryMissing', { host: from.host, name: digest });
  return gathered(from, top, read, cancel);
}

const maxDocumentSize = 4 << 20;

async function gathered(
  from: RemoteRepository,
  top: RemoteManifest,
  read: ReadDocument,
  { signal, mayLackPlatforms = false }: GraphOptions,
): Promise<RemoteGraph> {
  const { host, path } = from;
  const documents = new Map<Digest, RemoteManifest>([[top.digest, top]]);
  const blobs = new Map<Digest, Descriptor>();
  const absent = new Set<Digest>();
  const ahead: RemoteManifest[] = [top];
  let sizeBytes = top.sizeBytes;
  for (let next = ahead.pop(); next; next = ahead.pop()) {
    signal?.throwIfAborted();
    const named = namedBy(next, `${host}/${path}@${next.digest}`);
    for (const blob of named.blobs) if (!isForeign(blob)) blobs.set(blob.digest, blob);
    for (const child of named.documents) {
      if (documents.has(child.digest)) continue;
      // Caches of builders list plain blobs in an index.
      if (isIndexType(next.mediaType) && !isDocumentType(child.mediaType) && child.mediaType !== '') {
        blobs.set(child.digest, child);
        continue;
      }
      const isOptional = mayLackPlatforms || next !== top || !isIndexType(next.mediaType);
      const document = absent.has(child.digest) ? undefined : await read(child);
      if (document === undefined) {
        if (!isOptional) throw failure('registryMissing', { host, name: `${path}@${child.digest}` });
        absent.add(child.digest);
        continue;
      }
      if (document.sizeBytes !== child.size)
        throw failure('registryContentWrong', {
          host,
          found: `${document.sizeBytes} bytes`,
          expected: `${child.digest} (${child.size} bytes)`,
        });
      sizeBytes += document.sizeBytes;
      documents.set(child.digest, typedAs(document, child));
      if (documents.size > maxDocuments || sizeBytes > maxDocumentBytes)
        throw tooMuch(from, `more than ${documents.size - 1} documents`);
      ahead.push(typedAs(document, child));
    }
  }
  return { documents: [...documents.values()], blobs: [...blobs.values()] };
}

/** What names a document knows its type; some registries forget it. */
export function typedAs(document: RemoteManifest, { mediaType }: Descriptor): RemoteManifest {
  return mediaType === '' || !isDocumentType(mediaType) ? document : { ...document, mediaType };
}

/** Layers that lie elsewhere on the web, and by their licence nowhere else. Source: image-spec, layer.md. */
export function isForeign({ mediaType }: Descriptor): boolean {
  return mediaType.includes('.nondistributable.') || mediaType.includes('.foreign.');
}

function tooMuch({ host, path }: RemoteRepository, reason: string): Error {
  return failure('archiveTooLarge', { name: `${host}/${path}`, reason });
}
