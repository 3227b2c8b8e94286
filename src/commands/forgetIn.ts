import type { Digest } from '../core/digest.ts';
import type { Operation } from '../core/progress.ts';
import type { Snapshot } from '../core/snapshot/snapshot.ts';
import type { WritableVault } from '../vaults/vaultsInUse.ts';

/** Takes snapshots off the list of a vault, in a folder or in a registry. */
export async function forgetIn(
  { vault, owner }: WritableVault,
  input: { readonly ids: readonly Digest[]; readonly kept?: readonly Snapshot[] },
  operation: Operation,
): Promise<readonly Snapshot[]> {
  if (vault.listing === undefined) {
    const { forgetSnapshots } = await import('../core/maintenance/forgetSnapshots.ts');
    return forgetSnapshots({ vault, owner }, input, operation);
  }
  const [{ forgetInRegistry }, { requireInRegistry }] = await Promise.all([
    import('../core/transfer/forgetInRegistry.ts'),
    import('../core/transfer/registryVault.ts'),
  ]);
  return forgetInRegistry(requireInRegistry(vault), input, operation);
}
