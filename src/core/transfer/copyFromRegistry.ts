import { failure } from '../errors.ts';
import type { Operation } from '../progress.ts';
import { requireWritable, type Vault } from '../vault/layout.ts';
import type { ProcessIdentity } from '../vault/processIdentity.ts';
import type { RegistryCopy, RegistryCopyInput } from './copyToRegistry.ts';
import { pullSnapshot } from './pullSnapshot.ts';
import type { RegistryVault } from './registryVault.ts';

/**
 * Copies snapshots of a vault in a registry into one in a folder, under their IDs, as {@link pullSnapshot} does: only
 * what the folder lacks is fetched, and every byte is read back. One snapshot after the other, in the order of `ids`.
 *
 * Rejects with `snapshotGone` or as pulling does. Snapshots before that one are copied then.
 */
export async function copyFromRegistry(
  deps: { readonly from: RegistryVault; readonly to: Vault; readonly owner: ProcessIdentity },
  { ids, onFailure }: RegistryCopyInput,
  operation: Operation,
): Promise<readonly RegistryCopy[]> {
  const { from, to, owner } = deps;
  requireWritable(to);
  const { signal } = operation;
  const listed = new Map((await from.list({ signal })).snapshots.map((one) => [one.snapshot.id, one]));
  const copies: RegistryCopy[] = [];
  for (const id of ids)
    try {
      const [ref] = listed.get(id)?.manifests ?? [];
      if (ref === undefined) throw failure('snapshotGone', { vault: from.paths.root, id });
      const { snapshot, wasThere, fetched } = await pullSnapshot(
        { from: from.repository, to, owner },
        { ref },
        operation,
      );
      copies.push({ snapshot, wasThere, copied: fetched });
    } catch (error) {
      if (onFailure === undefined || signal.aborted) throw error;
      onFailure(id, error);
    }
  return copies;
}
