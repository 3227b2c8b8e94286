import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { getCACertificates } from 'node:tls';
import { failure, reasonOf } from '../core/errors.ts';
import { readSmallFile } from '../docker/configFiles.ts';

/** What a TLS connection to one registry is made with; PEM texts. */
export interface RegistryCertificates {
  /** All authorities that are trusted. Left out where Node's own are all there are. */
  readonly ca?: readonly string[];
  readonly cert?: string;
  readonly key?: string;
}

/**
 * The certificates that engines would use for a registry: in `<folder>/<host>/` each `*.crt` is an authority, and
 * `NAME.cert` with `NAME.key` is how we are known there. Authorities of NODE_EXTRA_CA_CERTS are among Node's own.
 * Source: docs.docker.com, "Verify repository client with certificates".
 */
export async function registryCertificates(
  folders: readonly string[],
  host: string,
): Promise<RegistryCertificates> {
  const authorities: string[] = [];
  let own: { readonly cert: string; readonly key: string } | undefined;
  for (const folder of folders.map((each) => join(each, host)))
    for (const name of await namesIn(folder)) {
      const path = join(folder, name);
      if (name.endsWith('.crt')) authorities.push((await readSmallFile(path)) ?? '');
      if (!name.endsWith('.cert')) continue;
      const key = await readSmallFile(path.replace(/cert$/, 'key'));
      const cert = await readSmallFile(path);
      if (key !== undefined && cert !== undefined) own ??= { cert, key };
    }
  return {
    ...(authorities.length > 0 && { ca: [...getCACertificates('default'), ...authorities] }),
    ...own,
  };
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw failure('fileUnusable', { path: folder, reason: reasonOf(error) }, error);
  }
}
