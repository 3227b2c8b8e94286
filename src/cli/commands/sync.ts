import { shortDigest } from '../../core/digest.ts';
import { formatBytes } from '../../core/quantity.ts';
import { remoteNameText } from '../../core/registry/remoteName.ts';
import { copyImage } from '../../core/transfer/copyImage.ts';
import { planSync, type SyncItem } from '../../core/transfer/planSync.ts';
import { misfitOf, parseSyncEnd, type SyncMisfit } from '../../core/transfer/syncEnds.ts';
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
    'All platforms come along, and so do signatures, attestations and whatever else refers to an image. Of what a tag stands for there already only what is lacking is brought. Nothing is deleted.',
  ],
  takes: { least: 2, most: 2 },
  options: {
    ...tagFilterOptions,
    'dry-run': { help: 'only say what would be copied' },
    ...registryOptions,
  },
  async run(context, args) {
    const source = asUsage(() => parseSyncEnd(args.first));
    const target = asUsage(() => parseSyncEnd(args.words[1] ?? ''));
    const misfit = misfitOf(source, target);
    if (misfit !== undefined) throw usageFailure(misfitWords[misfit]);
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

const misfitWords: Readonly<Record<SyncMisfit, string>> = {
  stars: 'SOURCE and DESTINATION need the same number of *.',
  digest: 'A digest can’t be chosen. Give REPOSITORY, or REPOSITORY:TAG.',
  manyIntoOne: 'All tags can’t become one. Name the TAG of SOURCE, too.',
  tagAndStar: 'A TAG goes with one repository, not with a *. Use --tag.',
  same: 'SOURCE and DESTINATION are the same.',
};
