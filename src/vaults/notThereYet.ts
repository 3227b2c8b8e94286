import { isRegistryVault } from '../core/registry/registryVaultName.ts';
import type { KnownVault } from './vaultList.ts';

/** Whether it is a repository that the registry does not have, or does not show: the first copy to it makes it. */
export function isNotThereYet({ path, state }: Pick<KnownVault, 'path' | 'state'>): boolean {
  return state.kind === 'failed' && isRegistryVault(path) && state.error.code === 'registryMissing';
}
