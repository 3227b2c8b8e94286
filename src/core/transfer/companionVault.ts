import { join } from 'node:path';
import { digestOf, hexOf } from '../digest.ts';
import { DrydockError } from '../errors.ts';
import type { CancelOptions } from '../vault/blobStore.ts';
import { createVault, openVault, type Vault } from '../vault/layout.ts';
import type { RegistryVault } from './registryVault.ts';

/**
 * What a restore out of a registry works in: a vault in a folder below `folder`, always the same one for the same
 * place, that reads through to the registry what it has not itself. Its journal undoes what broke off, and it keeps what
 * a restore replaced. No blob of the registry is stored in it.
 *
 * Rejects as {@link openVault} and {@link createVault} do.
 */
export async function companionVault(
  { remote, folder }: { readonly remote: RegistryVault; readonly folder: string },
  cancel: CancelOptions = {},
): Promise<Vault> {
  const path = companionFolder(folder, remote.paths.root);
  const own = await openOrMake(path, cancel);
  const { blobs: local } = own;
  const { blobs: far } = remote;
  return {
    ...own,
    blobs: {
      ...local,
      name: far.name,
      stat: async (digest) => (await local.stat(digest)) ?? (await far.stat(digest)),
      async *open(digest, options) {
        const isHere = (await local.stat(digest)) !== undefined;
        yield* (isHere ? local : far).open(digest, options);
      },
    },
  };
}

/** Where that of a place lies. */
export function companionFolder(folder: string, place: string): string {
  return join(folder, hexOf(digestOf(place)).slice(0, 16));
}

async function openOrMake(path: string, cancel: CancelOptions): Promise<Vault> {
  try {
    return await openVault({ path, access: 'write' });
  } catch (error) {
    if (!(error instanceof DrydockError) || error.code !== 'notAVault') throw error;
  }
  try {
    return await createVault({ path, compression: 'zstd' }, cancel);
  } catch (error) {
    // Another process made it meanwhile.
    if (!(error instanceof DrydockError) || error.code !== 'vaultExists') throw error;
    return await openVault({ path, access: 'write' });
  }
}
