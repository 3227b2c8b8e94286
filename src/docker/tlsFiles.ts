import { join } from 'node:path';
import { failure } from '../core/errors.ts';
import type { Surroundings, TlsMaterial } from './endpoint.ts';
import { configFolder, readSmallFile, variable } from './configFiles.ts';

/**
 * The TLS files that DOCKER_TLS_VERIFY, DOCKER_TLS and DOCKER_CERT_PATH name; undefined where neither switch is set.
 * As in the CLI any text switches, even `0`, and the files lie in the configuration folder unless told otherwise.
 */
export async function environmentTls(around: Surroundings): Promise<TlsMaterial | undefined> {
  const verifies = variable(around, 'DOCKER_TLS_VERIFY') !== undefined;
  if (!verifies && variable(around, 'DOCKER_TLS') === undefined) return undefined;
  const folder = variable(around, 'DOCKER_CERT_PATH');
  const material = await tlsFolder(folder ?? configFolder(around), !verifies);
  if (folder !== undefined && material.ca === undefined && material.cert === undefined) {
    throw failure('fileUnusable', { path: folder, reason: 'DOCKER_CERT_PATH names no folder with ca.pem' });
  }
  return material;
}

/** Reads `ca.pem`, `cert.pem` and `key.pem` of a folder; each may be missing. */
export async function tlsFolder(folder: string, skipVerify: boolean): Promise<TlsMaterial> {
  const [ca, cert, key] = await Promise.all(
    ['ca.pem', 'cert.pem', 'key.pem'].map((name) => readSmallFile(join(folder, name))),
  );
  return {
    skipVerify,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}
