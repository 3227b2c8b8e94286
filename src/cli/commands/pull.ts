import { shortDigest } from '../../core/digest.ts';
import type { Platform } from '../../core/engine/records.ts';
import { tryParsePlatform } from '../../core/oci/platform.ts';
import { formatBytes } from '../../core/quantity.ts';
import { parseRemoteName } from '../../core/registry/remoteName.ts';
import { pull as pullInto, type Pulled } from '../../core/transfer/pull.ts';
import { currentProcess } from '../../core/vault/processIdentity.ts';
import type { Command } from '../command.ts';
import { asUsage, usageFailure } from '../failures.ts';
import { onEach } from '../onEachFile.ts';
import { registryOptions, vaultOption } from '../options.ts';
import { remarkWords } from '../remarkWords.ts';
import { snapshotDocument } from '../snapshotDocument.ts';
import { openChosenFolder } from '../vaultOption.ts';

export const pull: Command = {
  name: 'pull',
  summary: 'Pull snapshots and images from a registry into a vault',
  usage: 'REPOSITORY:TAG…',
  details: [
    'REPOSITORY:TAG, or REPOSITORY@DIGEST, is what `drydock push` has made, or any image. A snapshot comes under the ID that it had. An image becomes a new snapshot, its manifests and layers as they are there, with all platforms unless some are chosen. Only what the vault lacks is fetched, and every byte is checked before it is listed.',
  ],
  takes: { least: 1, most: Number.POSITIVE_INFINITY },
  options: {
    ...vaultOption,
    platform: {
      value: 'OS/ARCH[/VARIANT]',
      isRepeatable: true,
      help: 'only this platform of an image; may be given several times',
    },
    ...registryOptions,
  },
  async run(context, args) {
    const sources = new Map(args.words.map((word) => [word, asUsage(() => parseRemoteName(word))]));
    for (const [word, { tag, digest }] of sources)
      if ((tag ?? digest) === undefined)
        throw usageFailure(`"${word}" names nothing to pull. Give a tag, REPOSITORY:TAG.`);
    const platforms = chosenPlatforms(args.texts('platform'));
    const to = await openChosenFolder(
      context,
      args,
      'Name a vault in a folder; from registry to registry `drydock copy` brings snapshots, `drydock sync` images.',
    );
    const owner = await currentProcess();
    const report = await onEach(
      [...sources.keys()],
      async (word) => {
        const { host, path, tag, digest } = sources.get(word) ?? parseRemoteName(word);
        const from = (await context.registry(host)).repository(path);
        const pulled = await pullInto(
          { from, to, owner },
          { ref: digest ?? tag ?? '', platforms },
          context.operation,
        );
        return {
          document: documentOf(pulled),
          text: () => [words(pulled)],
          quiet: [pulled.snapshot.id],
          notes:
            pulled.kind === 'snapshot'
              ? []
              : pulled.remarks.map((remark) => `${word}: ${remarkWords(remark)}`),
        };
      },
      { list: 'pulled', item: 'name' },
    );
    return { ...report, document: { vault: to.paths.root, ...report.document } };
  },
};

function chosenPlatforms(texts: readonly string[]): readonly Platform[] | undefined {
  if (texts.length === 0) return undefined;
  return texts.map((text) => {
    const platform = tryParsePlatform(text);
    if (platform !== undefined) return platform;
    throw usageFailure(`--platform takes a platform such as linux/arm64, not "${text.slice(0, 100)}".`);
  });
}

function documentOf(pulled: Pulled): Readonly<Record<string, unknown>> {
  const { kind, fetched } = pulled;
  const snapshot = snapshotDocument(pulled.snapshot);
  return kind === 'snapshot'
    ? { kind, snapshot, wasThere: pulled.wasThere, fetched }
    : { kind, snapshot, wasThere: false, digest: pulled.digest, fetched, remarks: pulled.remarks };
}

function words(pulled: Pulled): string {
  const { id, refName } = pulled.snapshot;
  const name = `${refName} (${shortDigest(id)})`;
  return pulled.kind === 'snapshot' && pulled.wasThere
    ? `Verified, the vault had it already: ${name}`
    : `Pulled and verified: ${name}, ${formatBytes(pulled.fetched.bytes)} fetched`;
}
