import { join } from 'node:path';
import { hexOf, type Digest } from '../digest.ts';

/** Where everything of a vault lies. README.md describes each. */
export interface VaultPaths {
  readonly root: string;
  readonly ociLayout: string;
  readonly index: string;
  readonly blobs: string;
  readonly vaultFile: string;
  readonly locks: string;
  readonly journal: string;
  readonly partial: string;
}

/** The places of the vault at `root`. */
export function vaultPaths(root: string): VaultPaths {
  const own = join(root, 'drydock');
  return {
    root,
    ociLayout: join(root, 'oci-layout'),
    index: join(root, 'index.json'),
    blobs: join(root, 'blobs', 'sha256'),
    vaultFile: join(own, 'vault.json'),
    locks: join(own, 'locks'),
    journal: join(own, 'journal'),
    partial: join(own, 'partial'),
  };
}

/** The file of a blob. */
export function blobPath(paths: VaultPaths, digest: Digest): string {
  return join(paths.blobs, hexOf(digest));
}
