import { join } from 'node:path';
import { digestOf, hexOf } from '../digest.ts';
import type { CancelOptions } from '../vault/blobStore.ts';
import type { Vault } from '../vault/layout.ts';
import { throughVault } from '../vault/throughVault.ts';
import type { RegistryVault } from './registryVault.ts';

/**
 * What a restore out of a registry works in: a {@link throughVault} in a folder below `folder`, always the same one for
 * the same place. Rejects as that does.
 */
export function companionVault(
  { remote, folder }: { readonly remote: RegistryVault; readonly folder: string },
  cancel: CancelOptions = {},
): Promise<Vault> {
  return throughVault({ path: companionFolder(folder, remote.paths.root), far: remote.blobs }, cancel);
}

/** Where that of a place lies. */
export function companionFolder(folder: string, place: string): string {
  return join(folder, hexOf(digestOf(place)).slice(0, 16));
}
