import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vaultPaths, type VaultPaths } from '../../src/core/vault/vaultPaths.ts';

/** An empty folder for a test, gone when the test has ended. */
export function temporaryFolder(): { readonly path: () => string } {
  let path = '';
  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'drydock-vault-'));
  });
  afterEach(async () => {
    await rm(path, { recursive: true, force: true });
  });
  return { path: () => path };
}

/** The folders that blobs, locks and notes need, without the documents that make them a vault. */
export async function bareVaultFolders(root: string): Promise<VaultPaths> {
  const paths = vaultPaths(root);
  for (const folder of [paths.blobs, paths.partial, paths.locks, paths.journal])
    await mkdir(folder, { recursive: true });
  return paths;
}
