import { shortDigest } from '../../core/digest.ts';
import { formatBytes } from '../../core/quantity.ts';
import { parseRemoteName } from '../../core/registry/remoteName.ts';
import { pullSnapshot } from '../../core/transfer/pullSnapshot.ts';
import { currentProcess } from '../../core/vault/processIdentity.ts';
import type { Command } from '../command.ts';
import { asUsage, usageFailure } from '../failures.ts';
import { onEach } from '../onEachFile.ts';
import { registryOptions, vaultOption } from '../options.ts';
import { snapshotDocument } from '../snapshotDocument.ts';
import { openChosenVault } from '../vaultOption.ts';

export const pull: Command = {
  name: 'pull',
  summary: 'Pull snapshots from a registry into a vault',
  usage: 'REPOSITORY:TAG…',
  details: [
    'REPOSITORY:TAG, or REPOSITORY@DIGEST, is what `drydock push` has made. The snapshot comes under the ID that it had; only what the vault lacks is fetched, and every byte is checked before it is listed.',
  ],
  takes: { least: 1, most: Number.POSITIVE_INFINITY },
  options: { ...vaultOption, ...registryOptions },
  async run(context, args) {
    const sources = new Map(args.words.map((word) => [word, asUsage(() => parseRemoteName(word))]));
    for (const [word, { tag, digest }] of sources)
      if ((tag ?? digest) === undefined)
        throw usageFailure(`"${word}" names no snapshot. Give its tag, REPOSITORY:TAG.`);
    const to = await openChosenVault(context, args, 'write');
    const owner = await currentProcess();
    const report = await onEach(
      [...sources.keys()],
      async (word) => {
        const { host, path, tag, digest } = sources.get(word) ?? parseRemoteName(word);
        const from = (await context.registry(host)).repository(path);
        const { snapshot, wasThere, fetched } = await pullSnapshot(
          { from, to, owner },
          { ref: digest ?? tag ?? '' },
          context.operation,
        );
        const { id, refName } = snapshot;
        return {
          document: { snapshot: snapshotDocument(snapshot), wasThere, fetched },
          text: () => [
            wasThere
              ? `Verified, the vault had it already: ${refName} (${shortDigest(id)})`
              : `Pulled and verified: ${refName} (${shortDigest(id)}), ${formatBytes(fetched.bytes)} fetched`,
          ],
          quiet: [id],
        };
      },
      { list: 'pulled', item: 'name' },
    );
    return { ...report, document: { vault: to.paths.root, ...report.document } };
  },
};
