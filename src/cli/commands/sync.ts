import { shortDigest } from '../../core/digest.ts';
import { formatBytes } from '../../core/quantity.ts';
import { parseRemoteName, remoteNameText, type RemoteName } from '../../core/registry/remoteName.ts';
import { copyImage } from '../../core/transfer/copyImage.ts';
import { planSync, type SyncItem } from '../../core/transfer/planSync.ts';
import type { Command } from '../command.ts';
import { asUsage, usageFailure } from '../failures.ts';
import { onEach } from '../onEachFile.ts';
import { registryOptions } from '../options.ts';
import { table } from '../table.ts';
import { chosenTags, tagFilterOptions } from '../tagFilterOptions.ts';

export const sync: Command = {
  name: 'sync',
  summary: 'Copy images between registries, with their digests',
  usage: 'SOURCE DESTINATION [--tag PATTERN] [--dry-run]',
  details: [
    'SOURCE is REPOSITORY:TAG or REPOSITORY@DIGEST for one image, REPOSITORY for all of its tags, or has a * in it for many repositories; the * of DESTINATION stands for the same part: HOST/dev/* HOST/prod/*.',
    'All platforms come along, and so do signatures, attestations and whatever else refers to an image. Tags that stand for the same digest there already are only looked after for these. Nothing is deleted.',
  ],
  takes: { least: 2, most: 2 },
  options: {
    ...tagFilterOptions,
    'dry-run': { help: 'only say what would be copied' },
    ...registryOptions,
  },
  async run(context, args) {
    const source = asUsage(() => parsePattern(args.first));
    const target = asUsage(() => parsePattern(args.words[1] ?? ''));
    requireFitting(source, target, args.words);
    const ref = source.digest ?? source.tag;
    const tags = chosenTags(args);
    if (ref !== undefined && tags.include.length + tags.exclude.length > 0)
      throw usageFailure(
        '--tag and --exclude-tag choose among all tags. Leave them out, or the one that is named.',
      );
    const deps = { from: await context.registry(source.host), to: await context.registry(target.host) };
    const tag = target.tag ?? source.tag;
    const { items, sourceTags } = await planSync(
      deps,
      {
        rule: { from: source.path, to: target.path },
        tags,
        ...(ref !== undefined && { only: { ref, ...(tag !== undefined && { tag }) } }),
      },
      context.operation,
    );
    const nameOf = ({ from, ref: its }: SyncItem): string =>
      `${source.host}/${from}${its.includes(':') ? '@' : ':'}${its}`;
    const targetOf = ({ to, tag: its, digest }: SyncItem): string =>
      remoteNameText({ host: target.host, path: to, ...(its === undefined ? { digest } : { tag: its }) });
    const documentOf = (item: SyncItem): Readonly<Record<string, unknown>> => ({
      to: targetOf(item),
      digest: item.digest,
      state: item.state,
      was: item.was ?? null,
    });
    const notes = items.length === 0 ? ['Nothing in the source is like that.'] : [];
    if (args.isSet('dry-run'))
      return {
        document: {
          isDryRun: true,
          images: items.map((item) => ({ from: nameOf(item), ...documentOf(item) })),
        },
        text: (columns) =>
          table(
            ['STATE', 'FROM', 'TO', 'DIGEST'],
            items.map((item) => [item.state, nameOf(item), targetOf(item), shortDigest(item.digest)]),
            columns,
          ),
        quiet: items.filter(({ state }) => state !== 'same').map(targetOf),
        notes,
      };
    const byName = new Map(items.map((item) => [nameOf(item), item]));
    const places = new Map();
    const report = await onEach(
      [...byName.keys()],
      async (name) => {
        const item = byName.get(name);
        if (item === undefined) throw new Error(name);
        const copied = await copyImage(
          { from: deps.from.repository(item.from), to: deps.to.repository(item.to) },
          {
            ref: item.ref,
            ...(item.tag !== undefined && { tag: item.tag }),
            sourceTags: sourceTags.get(item.from) ?? [],
          },
          context.operation,
          places,
        );
        const { wasThere, companions, blobs, sentBytes, totalBytes } = copied;
        return {
          document: { ...documentOf(item), wasThere, companions, blobs, sentBytes, totalBytes },
          text: () => [
            wasThere
              ? `There already: ${targetOf(item)} (${shortDigest(copied.digest)})`
              : `Copied and verified: ${targetOf(item)} (${shortDigest(copied.digest)}), ${formatBytes(sentBytes)} sent`,
          ],
          quiet: [targetOf(item)],
        };
      },
      { list: 'images', item: 'from' },
    );
    return { ...report, document: { isDryRun: false, ...report.document }, notes };
  },
};

/** A name that may have stars in its path. */
function parsePattern(text: string): RemoteName {
  // What may stand for a star is part of a name, so the rest must be a name with that.
  const name = parseRemoteName(text.replaceAll('*', 'x-star-x'));
  return { ...name, path: name.path.replaceAll('x-star-x', '*') };
}

function requireFitting(
  source: RemoteName,
  target: RemoteName,
  [first = '', second = '']: readonly string[],
): void {
  const stars = (text: string): number => text.split('*').length - 1;
  if (stars(first) !== stars(second)) throw usageFailure('SOURCE and DESTINATION need the same number of *.');
  if (target.digest !== undefined)
    throw usageFailure('A digest can’t be chosen. Give REPOSITORY, or REPOSITORY:TAG.');
  const isOne = (source.tag ?? source.digest) !== undefined;
  if (!isOne && target.tag !== undefined)
    throw usageFailure('All tags can’t become one. Name the TAG of SOURCE, too.');
  if (isOne && stars(first) > 0)
    throw usageFailure('A TAG goes with one repository, not with a *. Use --tag.');
  if (source.host === target.host && source.path === target.path && (target.tag ?? source.tag) === source.tag)
    throw usageFailure('SOURCE and DESTINATION are the same.');
}
