import * as z from 'zod';
import { digestOf, isDigest, type Digest } from '../core/digest.ts';
import { failure } from '../core/errors.ts';
import {
  dockerManifestListType,
  dockerManifestType,
  isIndexType,
  ociIndexType,
  ociManifestType,
} from '../core/oci/mediaTypes.ts';
import { parseJson } from '../core/oci/parseJson.ts';
import type { ManifestRef, RemoteDescriptor, RemoteManifest } from '../core/registry/remoteRepository.ts';
import type { CancelOptions } from '../core/vault/blobStore.ts';
import type { Scope } from './authorizer.ts';
import { readUpTo } from './readUpTo.ts';
import type { Answer, Call, RegistryClient } from './registryClient.ts';
import { readRefusal, refusalFailure } from './refusal.ts';

/** What registries take at least. Source: distribution-spec, "Pushing Manifests". */
export const maxManifestBytes = 4 << 20;

const types = [ociIndexType, ociManifestType, dockerManifestListType, dockerManifestType];
const accept = types.join(', ');
const typed = z.looseObject({ mediaType: z.string().max(255).optional() });

/** What calls about one repository have in common. */
export interface RepositoryCalls {
  readonly client: RegistryClient;
  readonly path: string;
}

/** What a call needs to be allowed in a repository. */
export function scopeOf(path: string, actions: 'pull' | 'pull,push' | 'delete'): Scope {
  return `repository:${path}:${actions}`;
}

/** Rejects as the port says. Registries that can't tell are asked for the whole. */
export async function headManifest(
  on: RepositoryCalls,
  ref: ManifestRef,
  { signal }: CancelOptions,
): Promise<RemoteDescriptor | undefined> {
  const call = { ...readingCall(on, ref), method: 'HEAD', ok: [200, 404, 405] } as const;
  const told = await on.client.ask(call, signal, async ({ status, headers, response }) => {
    await readUpTo(response, 0);
    if (status === 404) return 'none';
    const digest = headers['docker-content-digest'];
    const sizeBytes = Number(headers['content-length'] ?? Number.NaN);
    if (status !== 200 || typeof digest !== 'string' || !isDigest(digest)) return undefined;
    // A digest that is asked for can only stand for itself.
    if (!Number.isSafeInteger(sizeBytes) || (isDigest(ref) && digest !== ref)) return undefined;
    return { digest, sizeBytes, mediaType: plainType(headers['content-type']) };
  });
  if (told === 'none') return undefined;
  return told ?? (await getManifest(on, ref, signal ? { signal } : {}));
}

export async function getManifest(
  on: RepositoryCalls,
  ref: ManifestRef,
  { signal }: CancelOptions,
): Promise<RemoteManifest | undefined> {
  const call = { ...readingCall(on, ref), method: 'GET', ok: [200, 404] } as const;
  return on.client.ask(call, signal, async (answer) => {
    if (answer.status === 404) {
      await readRefusal(answer.response, 404);
      return undefined;
    }
    const bytes = await readUpTo(answer.response, maxManifestBytes);
    const digest = digestOf(bytes);
    const stated = answer.headers['docker-content-digest'];
    const expected = isDigest(ref) ? ref : typeof stated === 'string' && isDigest(stated) ? stated : digest;
    const { host } = on.client.address;
    if (digest !== expected) throw failure('registryContentWrong', { host, found: digest, expected });
    return { digest, sizeBytes: bytes.length, bytes, mediaType: typeOf(on, answer, bytes, call.what) };
  });
}

/** Resolves with whether the registry itself keeps the list of what refers to the manifest's subject. */
export async function putManifest(
  on: RepositoryCalls,
  { bytes, mediaType }: Pick<RemoteManifest, 'bytes' | 'mediaType'>,
  { tag, signal }: CancelOptions & { readonly tag?: string },
): Promise<{ readonly descriptor: RemoteDescriptor; readonly keepsReferrers: boolean }> {
  const digest = digestOf(bytes);
  const call = {
    what: `store the manifest ${tag ?? digest} in ${on.path}`,
    method: 'PUT',
    to: `${on.path}/manifests/${tag ?? digest}`,
    scopes: [scopeOf(on.path, 'pull,push')],
    headers: { 'content-type': mediaType },
    body: bodyOf(bytes),
    ok: [201],
  } as const;
  return on.client.ask(call, signal, async ({ headers, response }) => {
    await readUpTo(response, maxManifestBytes);
    const stored = headers['docker-content-digest'];
    if (typeof stored === 'string' && isDigest(stored) && stored !== digest)
      throw failure('registryContentWrong', {
        host: on.client.address.host,
        found: stored,
        expected: digest,
      });
    const descriptor = { digest, sizeBytes: bytes.length, mediaType };
    return { descriptor, keepsReferrers: headers['oci-subject'] !== undefined };
  });
}

export async function deleteManifest(
  on: RepositoryCalls,
  ref: ManifestRef,
  { signal }: CancelOptions,
): Promise<void> {
  const call: Call = {
    what: `delete ${ref} from ${on.path}`,
    method: 'DELETE',
    to: `${on.path}/manifests/${ref}`,
    scopes: [scopeOf(on.path, 'delete'), scopeOf(on.path, 'pull')],
    // What is gone is gone, whoever did it.
    ok: [202, 200, 204, 404, 405],
  };
  await on.client.ask(call, signal, async ({ status, response }) => {
    const refusal = await readRefusal(response, status);
    if (status === 405) throw refusalFailure(on.client.address.host, call.what, refusal);
  });
}

/** A body that is in memory. */
export function bodyOf(bytes: Uint8Array): NonNullable<Call['body']> {
  return {
    sizeBytes: bytes.length,
    async *open() {
      yield await Promise.resolve(bytes);
    },
  };
}

function readingCall({ path }: RepositoryCalls, ref: ManifestRef): Omit<Call, 'method' | 'ok'> {
  return {
    what: `read the manifest ${ref} of ${path}`,
    to: `${path}/manifests/${ref}`,
    scopes: [scopeOf(path, 'pull')],
    headers: { accept },
  };
}

/** Some registries give every document one type; then the document's own word counts. Two that differ are a trap. */
function typeOf({ client }: RepositoryCalls, { headers }: Answer, bytes: Uint8Array, what: string): string {
  const stated = plainType(headers['content-type']);
  const { mediaType } = parseJson(bytes, typed, `${client.address.host}: ${what}`);
  const isKnown = types.includes(stated);
  if (mediaType === undefined || mediaType === '') return isKnown ? stated : ociManifestType;
  if (isKnown && isIndexType(stated) !== isIndexType(mediaType))
    throw failure('registryGarbled', {
      host: client.address.host,
      what,
      reason: `it is sent as ${stated} and calls itself ${mediaType}`,
    });
  return mediaType;
}

function plainType(header: string | undefined): string {
  return (header ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

/** The tag under which referrers of a manifest are listed on registries that don't list them. */
export function fallbackTag(digest: Digest): string {
  return digest.replace(':', '-');
}
