import { mkdir } from 'node:fs/promises';
import { DrydockError } from '../errors.ts';
import { explainFileError } from '../files/fileErrors.ts';
import type { BlobReader, CancelOptions } from './blobStore.ts';
import { createVault, openVault, type Vault } from './layout.ts';

/**
 * A vault in the folder at `path`, made where there is none, that reads through to `far` what it has not itself. Its
 * journal undoes what broke off, and it keeps what a restore replaced: nobody chose that place, so no other user may
 * look into it. Nothing of `far` is stored in it, and it is called by the name of that.
 *
 * Rejects as {@link openVault} and {@link createVault} do.
 */
export async function throughVault(
  { path, far }: { readonly path: string; readonly far: BlobReader },
  cancel: CancelOptions = {},
): Promise<Vault> {
  const own = await openOrMake(path, cancel);
  const { blobs: local } = own;
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

async function openOrMake(path: string, cancel: CancelOptions): Promise<Vault> {
  try {
    return await openVault({ path, access: 'write' });
  } catch (error) {
    if (!(error instanceof DrydockError) || error.code !== 'notAVault') throw error;
  }
  await mkdir(path, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw explainFileError(error, path);
  });
  try {
    return await createVault({ path, compression: 'zstd' }, cancel);
  } catch (error) {
    // Another process made it meanwhile.
    if (!(error instanceof DrydockError) || error.code !== 'vaultExists') throw error;
    return await openVault({ path, access: 'write' });
  }
}
