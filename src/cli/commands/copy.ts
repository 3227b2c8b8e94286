import { shortDigest } from '../../core/digest.ts';
import { failure } from '../../core/errors.ts';
import { copySnapshots } from '../../core/maintenance/copySnapshots.ts';
import { formatBytes } from '../../core/quantity.ts';
import { findSnapshot, readSnapshots } from '../../core/snapshot/snapshots.ts';
import { currentProcess } from '../../core/vault/processIdentity.ts';
import { snapshotWords } from '../chosenSnapshot.ts';
import type { Command } from '../command.ts';
import { vaultOption } from '../options.ts';
import { exitCodes } from '../exitCode.ts';
import { toldFailure, usageFailure } from '../failures.ts';
import { snapshotDocument } from '../snapshotDocument.ts';
import { openChosenVault, openVaultAt } from '../vaultOption.ts';

export const copy: Command = {
  name: 'copy',
  summary: 'Copy snapshots into another vault',
  usage: '[SNAPSHOT…] --to FOLDER',
  details: [
    snapshotWords,
    'Without SNAPSHOT all are copied. Only what the other vault lacks is stored there, and every byte is read back.',
  ],
  takes: { least: 0, most: Number.POSITIVE_INFINITY },
  options: { ...vaultOption, to: { value: 'FOLDER', help: 'the vault to copy to' } },
  async run(context, args) {
    const target = args.text('to');
    if (target === undefined || target === '')
      throw usageFailure('Say with --to FOLDER which vault to copy to.');
    const from = await openChosenVault(context, args, 'read');
    const to = await openVaultAt(target, 'write');
    const all = await readSnapshots(from);
    const chosen =
      args.words.length === 0 ? [...all].reverse() : args.words.map((word) => findSnapshot(all, word));
    const ids = [...new Set(chosen.map(({ id }) => id))];
    const owner = await currentProcess();
    const failures: { readonly item: string; readonly error: unknown }[] = [];
    const results = await copySnapshots(
      { from, to, owner },
      {
        ids,
        onFailure: (id, error) => {
          // One damaged snapshot must not keep all that were made since from the other vault.
          if (ids.length === 1) throw error;
          failures.push({ item: all.find((one) => one.id === id)?.refName ?? id, error });
        },
      },
      context.operation,
    );
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
            ? `Verified, the vault had it already: ${refName} (${shortDigest(id)})`
            : `Copied and verified: ${refName} (${shortDigest(id)}), ${formatBytes(bytes)} new`,
        ),
      quiet: results.map(({ snapshot: { id } }) => id),
      failures,
      exitCode:
        failures.length === 0 ? exitCodes.done : results.length === 0 ? exitCodes.failed : exitCodes.partly,
    };
  },
};
