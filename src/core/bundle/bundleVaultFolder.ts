import { join } from 'node:path';

/** Where the vault that restores out of bundles work in lies: one for all bundles of this machine. */
export function bundleVaultFolder(dataFolder: string): string {
  return join(dataFolder, 'bundles');
}
