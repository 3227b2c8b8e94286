import type { Digest } from '../digest.ts';
import { failure, isCancellation, reasonOf } from '../errors.ts';
import type { Operation } from '../progress.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { ListedSnapshot } from './registryListing.ts';
import type { RegistryVault } from './registryVault.ts';

export interface RegistryForgetInput {
  readonly ids: readonly Digest[];
  /** For whose sake the others may go: nothing is removed when one of these is not there any more. */
  readonly kept?: readonly Snapshot[];
}

/**
 * Takes snapshots out of a vault in a registry, with all of their tags, and asks whether they are gone. What they alone
 * held is freed by the registry when it next collects what nothing names.
 *
 * Rejects with `snapshotGone` before anything is removed; with `registryRefused` or `registryDenied` where the registry
 * removes nothing, or not for this log-in, or as its other calls do; with `partlyForgotten` where some are gone by then.
 */
export async function forgetInRegistry(
  vault: RegistryVault,
  { ids, kept = [] }: RegistryForgetInput,
  { signal, progress }: Operation,
): Promise<readonly Snapshot[]> {
  const listed = new Map((await vault.list({ signal })).snapshots.map((one) => [one.snapshot.id, one]));
  const requireListed = (id: Digest): ListedSnapshot => {
    const found = listed.get(id);
    if (found === undefined) throw failure('snapshotGone', { vault: vault.paths.root, id });
    return found;
  };
  for (const { id } of kept) requireListed(id);
  const wanted = ids.map(requireListed);
  const gone: Snapshot[] = [];
  for (const one of wanted)
    try {
      signal.throwIfAborted();
      progress.report({ phase: 'finishing', item: one.snapshot.refName });
      await remove(vault, one, signal);
      gone.push(one.snapshot);
    } catch (error) {
      const names = gone.map(({ refName }) => refName).join(', ');
      if (gone.length === 0 || isCancellation(error)) throw error;
      throw failure('partlyForgotten', { vault: vault.paths.root, names, reason: reasonOf(error) }, error);
    }
  return gone;
}

async function remove(
  { repository, paths }: RegistryVault,
  { manifests, tags, snapshot }: ListedSnapshot,
  signal: AbortSignal,
): Promise<void> {
  for (const digest of manifests) await repository.deleteManifest(digest, { signal });
  for (const ref of [...manifests, ...tags]) {
    const found = await repository.headManifest(ref, { signal });
    // Somebody may have given the tag to something else meanwhile.
    if (found === undefined || !manifests.includes(found.digest)) continue;
    throw failure('registryRefused', {
      host: repository.host,
      what: `remove ${snapshot.refName} from ${paths.root}`,
      reason: `${ref} is still there, whatever it answered`,
    });
  }
}
