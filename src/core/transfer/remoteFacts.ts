import type { Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import { inParallel } from '../inParallel.ts';
import { parseImageIndex, parseManifest, type Descriptor } from '../oci/manifest.ts';
import { annotations as annotationNames, isImageConfigType, isIndexType } from '../oci/mediaTypes.ts';
import type { Operation } from '../progress.ts';
import type { ManifestRef, RemoteManifest, RemoteRepository } from '../registry/remoteRepository.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { snapshotOfDocument } from '../snapshot/snapshotOfDocument.ts';
import type { CancelOptions } from '../vault/blobStore.ts';
import { snapshotIn } from './parcel.ts';
import { createdIn, readConfig, timeIn } from './remoteConfig.ts';
import { isDocumentType } from './vaultSources.ts';

/** One platform of an image. */
export interface RemotePlatform {
  /** `linux/arm64/v8`; `unknown` where nothing tells. */
  readonly name: string;
  readonly digest: Digest;
  /** Its manifest, config and layers, as they lie there; left out for one that an index names and nobody pushed. */
  readonly sizeBytes?: number;
}

/** What stands under a tag or a digest of a repository. */
export interface RemoteFacts {
  readonly digest: Digest;
  readonly mediaType: string;
  /** When it was made, by its own word, in milliseconds since 1970. */
  readonly createdMs?: number;
  /** Signatures and attestations: what refers to it, what cosign keeps beside it, what its index names beside platforms. */
  readonly companions: number;
  readonly what:
    | { readonly kind: 'image'; readonly sizeBytes: number; readonly platforms: readonly RemotePlatform[] }
    /** What `drydock push` made; its size is that of what it holds, unpacked. */
    | { readonly kind: 'snapshot'; readonly snapshot: Snapshot }
    /** A chart, a signature, a cache of a builder. */
    | { readonly kind: 'artifact'; readonly type: string; readonly sizeBytes: number };
}

/** No image is built for more; an index that says so is read no further. */
const maxPlatforms = 200;
const maxTypeLength = 255;
/** What cosign keeps under tags of its own. */
const cosignEnds = ['sig', 'att', 'sbom'];

/**
 * Reads what a tag or a digest stands for, and of an image no more than its documents. Rejects with `registryMissing`
 * where it is not there, `badJson`, or as the calls of the repository do.
 */
export async function readRemoteFacts(
  from: RemoteRepository,
  ref: ManifestRef,
  { signal, progress }: Operation,
): Promise<RemoteFacts> {
  const item = `${from.host}/${from.path}${ref.includes(':') ? '@' : ':'}${ref}`;
  progress.report({ phase: 'reading', item });
  const top = await from.getManifest(ref, { signal });
  if (top === undefined) throw failure('registryMissing', { host: from.host, name: `${from.path}:${ref}` });
  const { digest, mediaType } = top;
  const beside = await companionsOf(from, digest, signal);
  const said = snapshotIn(top, item);
  const snapshot = said && snapshotOfDocument(top.bytes, said.kind === 'index' ? top : said.root, item);
  if (snapshot !== undefined) {
    const { createdMs } = snapshot;
    return { digest, mediaType, createdMs, companions: beside, what: { kind: 'snapshot', snapshot } };
  }
  const {
    createdMs,
    companions = 0,
    what,
  } = isIndexType(mediaType)
    ? await factsOfIndex(from, top, item, signal)
    : await factsOfManifest(from, top, item, { signal });
  return {
    ...{ digest, mediaType, companions: beside + companions, what },
    ...(createdMs !== undefined && { createdMs }),
  };
}

interface Found {
  readonly createdMs?: number | undefined;
  readonly companions?: number;
  readonly what: RemoteFacts['what'];
}

async function factsOfManifest(
  from: RemoteRepository,
  { bytes, digest, sizeBytes: ownBytes }: RemoteManifest,
  where: string,
  cancel: CancelOptions,
): Promise<Found> {
  const { config, layers, artifactType, annotations } = parseManifest(bytes, where);
  const sizeBytes = [config, ...(layers ?? [])].reduce((sum, { size }) => sum + size, ownBytes);
  const created = createdIn(annotations);
  if (artifactType !== undefined || !isImageConfigType(config.mediaType)) {
    const type = (artifactType ?? config.mediaType).slice(0, maxTypeLength);
    return { createdMs: created, what: { kind: 'artifact', type, sizeBytes } };
  }
  const read = await readConfig(from, config, cancel);
  const platforms = [{ name: platformText(read), digest, sizeBytes }];
  return {
    createdMs: created ?? timeIn(read?.created ?? undefined),
    what: { kind: 'image', sizeBytes, platforms },
  };
}

async function factsOfIndex(
  from: RemoteRepository,
  top: RemoteManifest,
  where: string,
  signal: AbortSignal,
): Promise<Found> {
  const { manifests, annotations, artifactType } = parseImageIndex(top.bytes, where);
  const children = manifests ?? [];
  const platforms = children.filter((child) => isPlatform(child)).slice(0, maxPlatforms);
  const created = createdIn(annotations);
  if (platforms.length === 0 || artifactType !== undefined) {
    const sizeBytes = children.reduce((sum, { size }) => sum + size, top.sizeBytes);
    const type = (artifactType ?? top.mediaType).slice(0, maxTypeLength);
    return { createdMs: created, what: { kind: 'artifact', type, sizeBytes } };
  }
  const sizes = new Map<Digest, number>([[top.digest, top.sizeBytes]]);
  const found = new Map<Digest, RemotePlatform>();
  let oldestMs: number | undefined;
  await inParallel(
    platforms,
    async ({ digest, platform }) => {
      const manifest = await from.getManifest(digest, { signal });
      const known = platform ? platformText(platform) : undefined;
      if (manifest === undefined || isIndexType(manifest.mediaType)) {
        found.set(digest, { name: known ?? 'unknown', digest });
        return;
      }
      const { config, layers, annotations: its } = parseManifest(manifest.bytes, where);
      const parts = [config, ...(layers ?? [])];
      for (const part of parts) sizes.set(part.digest, part.size);
      sizes.set(digest, manifest.sizeBytes);
      const sizeBytes = parts.reduce((sum, { size }) => sum + size, manifest.sizeBytes);
      // Small, but one more call each: only where nothing else tells.
      const mayKnow = known !== undefined && (created ?? oldestMs ?? createdIn(its)) !== undefined;
      const read = mayKnow ? undefined : await readConfig(from, config, { signal });
      found.set(digest, { name: known ?? platformText(read), digest, sizeBytes });
      oldestMs ??= createdIn(its) ?? timeIn(read?.created ?? undefined);
    },
    signal,
  );
  return {
    createdMs: created ?? oldestMs,
    companions: children.length - children.filter((child) => isPlatform(child)).length,
    what: {
      kind: 'image',
      sizeBytes: [...sizes.values()].reduce((sum, size) => sum + size, 0),
      platforms: platforms.flatMap(({ digest }) => found.get(digest) ?? []),
    },
  };
}

/** Builders list attestations beside platforms, and caches list plain blobs. */
function isPlatform({ mediaType, platform, annotations }: Descriptor): boolean {
  if (annotations?.[annotationNames.attestationKind] !== undefined) return false;
  return isDocumentType(mediaType) && platform?.os !== 'unknown';
}

async function companionsOf(from: RemoteRepository, digest: Digest, signal: AbortSignal): Promise<number> {
  const referrers = await from.referrers(digest, { signal });
  let count = referrers.length;
  await inParallel(
    cosignEnds,
    async (end) => {
      const found = await from.headManifest(`${digest.replace(':', '-')}.${end}`, { signal });
      if (found !== undefined) count += 1;
    },
    signal,
  );
  return count;
}

function platformText(
  platform:
    { readonly os: string; readonly architecture: string; readonly variant?: string | undefined } | undefined,
): string {
  if (platform === undefined) return 'unknown';
  const text = [platform.os, platform.architecture, platform.variant ?? '']
    .filter((part) => part !== '')
    .join('/')
    .slice(0, 100);
  return text === '' ? 'unknown' : text;
}
