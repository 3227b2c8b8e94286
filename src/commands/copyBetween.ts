import type { Digest } from '../core/digest.ts';
import type { Operation } from '../core/progress.ts';
import type { RegistryCopy } from '../core/transfer/copyToRegistry.ts';
import type { Vault } from '../core/vault/layout.ts';
import type { WritableVault } from '../vaults/vaultsInUse.ts';

/** Copies snapshots from a vault into another one; either may lie in a registry. */
export async function copyBetween(
  from: Vault,
  { vault: to, owner }: WritableVault,
  ids: readonly Digest[],
  operation: Operation,
): Promise<readonly RegistryCopy[]> {
  if (from.listing === undefined && to.listing === undefined) {
    const { copySnapshots } = await import('../core/maintenance/copySnapshots.ts');
    return copySnapshots({ from, to, owner }, { ids }, operation);
  }
  const [{ copyFromRegistry }, { copyToRegistry }, { requireInRegistry }] = await Promise.all([
    import('../core/transfer/copyFromRegistry.ts'),
    import('../core/transfer/copyToRegistry.ts'),
    import('../core/transfer/registryVault.ts'),
  ]);
  return to.listing === undefined
    ? copyFromRegistry({ from: requireInRegistry(from), to, owner }, { ids }, operation)
    : copyToRegistry({ from, to: requireInRegistry(to) }, { ids }, operation);
}
