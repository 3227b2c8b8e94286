import { shortDigest, type Digest } from '../../core/digest.ts';
import { failure } from '../../core/errors.ts';
import { copySnapshots } from '../../core/maintenance/copySnapshots.ts';
import type { Operation } from '../../core/progress.ts';
import { formatBytes } from '../../core/quantity.ts';
import { findSnapshot, readSnapshots } from '../../core/snapshot/snapshots.ts';
import { copyFromRegistry } from '../../core/transfer/copyFromRegistry.ts';
import {
  copyToRegistry,
  type RegistryCopy,
  type RegistryCopyInput,
} from '../../core/transfer/copyToRegistry.ts';
import { isInRegistry, type RegistryVault } from '../../core/transfer/registryVault.ts';
import type { Vault } from '../../core/vault/layout.ts';
import { currentProcess } from '../../core/vault/processIdentity.ts';
import { snapshotWords } from '../chosenSnapshot.ts';
import type { Command } from '../command.ts';
import { vaultOption } from '../options.ts';
import { exitCodes } from '../exitCode.ts';
import { toldFailure, usageFailure } from '../failures.ts';
import { snapshotDocument } from '../snapshotDocument.ts';
import { openVaultAt, registryVaultAt, vaultPath } from '../vaultOption.ts';

export const copy: Command = {
  name: 'copy',
  summary: 'Copy snapshots into another vault',
  usage: '[SNAPSHOT…] --to VAULT',
  details: [
    snapshotWords,
    'Without SNAPSHOT all are copied. Only what the other vault lacks is stored there, and every byte is read back. Either of them may lie in a registry, registry://HOST/REPOSITORY: that is asked for every blob and document at the end. Pins, tags and what a verification found stay behind then.',
  ],
  takes: { least: 0, most: Number.POSITIVE_INFINITY },
  options: {
    ...vaultOption,
    to: { value: 'VAULT', help: 'the vault to copy to, a folder or registry://HOST/REPOSITORY' },
  },
  async run(context, args) {
    const target = args.text('to');
    if (target === undefined || target === '') throw usageFailure('Say with --to which vault to copy to.');
    const fromPlace = vaultPath(context, args);
    const sides: Sides = {
      from: (await registryVaultAt(context, fromPlace)) ?? (await openVaultAt(context, fromPlace, 'read')),
      to: (await registryVaultAt(context, target)) ?? (await openVaultAt(context, target, 'write')),
    };
    const { from, to } = sides;
    const all = await readSnapshots(from, context.operation);
    const chosen =
      args.words.length === 0 ? [...all].reverse() : args.words.map((word) => findSnapshot(all, word));
    const ids = [...new Set(chosen.map(({ id }) => id))];
    const failures: { readonly item: string; readonly error: unknown }[] = [];
    const onFailure = (id: Digest, error: unknown): void => {
      // One damaged snapshot must not keep all that were made since from the other vault.
      if (ids.length === 1) throw error;
      failures.push({ item: all.find((one) => one.id === id)?.refName ?? id, error });
    };
    const results = await copyBetween(sides, { ids, onFailure }, context.operation);
    return {
      document: {
        from: from.paths.root,
        to: to.paths.root,
        snapshots: results.map(({ snapshot, wasThere, copied }) => ({
          ...snapshotDocument(snapshot),
          wasThere,
          copied,
        })),
        ...(failures.length === 0
          ? {}
          : {
              failed: failures.map(({ item, error }) => ({ name: item, error: toldFailure(error) })),
              error: toldFailure(failure('partlyFailed', { failed: failures.length, total: ids.length })),
            }),
      },
      text: () =>
        results.map(({ snapshot: { id, refName }, wasThere, copied: { bytes } }) =>
          wasThere
            ? `${isInRegistry(to) ? 'The registry had it already, all of it is there' : 'Verified, the vault had it already'}: ${refName} (${shortDigest(id)})`
            : `Copied and verified: ${refName} (${shortDigest(id)}), ${formatBytes(bytes)} new`,
        ),
      quiet: results.map(({ snapshot: { id } }) => id),
      failures,
      exitCode:
        failures.length === 0 ? exitCodes.done : results.length === 0 ? exitCodes.failed : exitCodes.partly,
    };
  },
};

interface Sides {
  readonly from: Vault & Partial<RegistryVault>;
  readonly to: Vault & Partial<RegistryVault>;
}

async function copyBetween(
  { from, to }: Sides,
  input: RegistryCopyInput,
  operation: Operation,
): Promise<readonly RegistryCopy[]> {
  if (isInRegistry(to)) return copyToRegistry({ from, to }, input, operation);
  const owner = await currentProcess();
  if (isInRegistry(from)) return copyFromRegistry({ from, to, owner }, input, operation);
  return copySnapshots({ from, to, owner }, input, operation);
}
