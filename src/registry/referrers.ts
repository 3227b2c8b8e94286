import * as z from 'zod';
import { type Digest } from '../core/digest.ts';
import { parseImageIndex, parseManifest, type Descriptor, type Manifest } from '../core/oci/manifest.ts';
import { isIndexType, ociIndexType } from '../core/oci/mediaTypes.ts';
import type { RemoteDescriptor, RemoteManifest } from '../core/registry/remoteRepository.ts';
import type { CancelOptions } from '../core/vault/blobStore.ts';
import { fallbackTag, getManifest, putManifest, scopeOf, type RepositoryCalls } from './manifests.ts';
import { pages } from './pages.ts';

const document = z.looseObject({});

/** What refers to a manifest. Source: distribution-spec, "Listing Referrers" and "Unavailable Referrers API". */
export async function listReferrers(
  on: RepositoryCalls,
  digest: Digest,
  { signal }: CancelOptions,
): Promise<readonly Descriptor[]> {
  const { client, path } = on;
  const call = {
    what: `read the referrers of ${digest} in ${path}`,
    to: `${path}/referrers/${digest}`,
    scopes: [scopeOf(path, 'pull')],
    headers: { accept: ociIndexType },
  };
  const found: Descriptor[] = [];
  for await (const page of pages(client, call, document, signal)) {
    if (page === undefined) return await inFallback(on, digest, signal ? { signal } : {});
    const index = parseImageIndex(Buffer.from(JSON.stringify(page)), `${client.address.host}: ${call.what}`);
    found.push(...(index.manifests ?? []));
  }
  return found;
}

async function inFallback(
  on: RepositoryCalls,
  digest: Digest,
  cancel: CancelOptions,
): Promise<readonly Descriptor[]> {
  const manifest = await getManifest(on, fallbackTag(digest), cancel);
  // A tag of that form may have been given to anything.
  if (manifest === undefined || !isIndexType(manifest.mediaType)) return [];
  return parseImageIndex(manifest.bytes, `${on.path}:${fallbackTag(digest)}`).manifests ?? [];
}

/**
 * Stores a manifest, and where the registry keeps no lists of referrers puts it into the one that stands under the
 * fallback tag of its subject. Two who do that at once may lose one of them, so the list is read again, and written
 * again where need be.
 */
export async function putReferring(
  on: RepositoryCalls,
  manifest: Pick<RemoteManifest, 'bytes' | 'mediaType'>,
  options: CancelOptions & { readonly tag?: string },
): Promise<RemoteDescriptor> {
  const { descriptor, keepsReferrers } = await putManifest(on, manifest, options);
  if (keepsReferrers) return descriptor;
  const refers = referring(manifest, descriptor, on);
  if (refers === undefined) return descriptor;
  const cancel = options.signal ? { signal: options.signal } : {};
  for (let round = 0; round < maxRounds; round += 1) {
    const listed = await inFallback(on, refers.subject, cancel);
    if (listed.some(({ digest }) => digest === descriptor.digest)) break;
    const index = {
      schemaVersion: 2,
      mediaType: ociIndexType,
      manifests: [...listed, refers.entry],
    };
    const bytes = Buffer.from(JSON.stringify(index));
    await putManifest(
      on,
      { bytes, mediaType: ociIndexType },
      { ...cancel, tag: fallbackTag(refers.subject) },
    );
  }
  return descriptor;
}

const maxRounds = 3;

/** Whom a manifest refers to, and how the list names it; nothing for one that refers to nobody. */
function referring(
  { bytes, mediaType }: Pick<RemoteManifest, 'bytes' | 'mediaType'>,
  { digest, sizeBytes }: RemoteDescriptor,
  { path }: RepositoryCalls,
): { readonly subject: Digest; readonly entry: object } | undefined {
  const where = `${path}@${digest}`;
  const { subject, annotations, artifactType } = isIndexType(mediaType)
    ? parseImageIndex(bytes, where)
    : typedByConfig(parseManifest(bytes, where));
  if (!subject) return undefined;
  const entry = {
    mediaType,
    digest,
    size: sizeBytes,
    ...(artifactType !== undefined && { artifactType }),
    ...(annotations && { annotations }),
  };
  return { subject: subject.digest, entry };
}

/** Before there was an `artifactType`, the type of the config was all there was. */
function typedByConfig({
  subject,
  annotations,
  artifactType,
  config,
}: Manifest): Pick<Manifest, 'subject' | 'annotations' | 'artifactType'> {
  return { subject, annotations, artifactType: artifactType ?? config.mediaType };
}
