import { shortDigest } from '../../core/digest.ts';
import { formatAge } from '../../core/quantity.ts';
import { parseRemoteName } from '../../core/registry/remoteName.ts';
import {
  planKeepLast,
  readTags,
  removeTags,
  type KeptReason,
  type TaggedImage,
} from '../../core/transfer/keepLastTags.ts';
import { isChosen } from '../../core/transfer/wildcard.ts';
import type { Command } from '../command.ts';
import { asUsage, usageFailure } from '../failures.ts';
import { isoTime } from '../isoTime.ts';
import { registryOptions } from '../options.ts';
import { table } from '../table.ts';
import { chosenTags, tagFilterOptions } from '../tagFilterOptions.ts';

const reasonWords: Readonly<Record<KeptReason, string>> = {
  recent: 'among the newest',
  shared: 'the same as one that stays, or a part of it',
  undated: 'says nothing of its age',
  notChosen: 'not chosen',
};

export const tags: Command = {
  name: 'tags',
  summary: 'List the tags of a repository, newest first, or keep only the last of them',
  usage: 'REPOSITORY [--tag PATTERN] [--keep-last N [--yes]]',
  details: [
    'With --keep-last the newest N of the chosen tags stay and the others would be removed; that is only shown, and done with --yes. A registry removes images with all of their tags, so what is the same as one that stays, or a part of it, stays too. Signatures of what is removed go as well.',
    'The registry frees the room when it collects its garbage; some refuse to remove anything.',
  ],
  takes: { least: 1, most: 1 },
  options: {
    ...tagFilterOptions,
    'keep-last': { value: 'N', help: 'show which tags would be removed so that the newest N stay' },
    yes: { help: 'remove them' },
    ...registryOptions,
  },
  async run(context, args) {
    const { host, path, tag, digest } = asUsage(() => parseRemoteName(args.first));
    if ((tag ?? digest) !== undefined)
      throw usageFailure('Give a REPOSITORY without a tag; --tag chooses some.');
    const text = args.text('keep-last');
    const count = Number(text);
    if (text !== undefined && !(/^\d{1,9}$/.test(text) && count > 0))
      throw usageFailure(`--keep-last needs a number from 1, not "${text}".`);
    if (text === undefined && args.isSet('yes')) throw usageFailure('--yes goes with --keep-last.');
    const filter = chosenTags(args);
    const repository = (await context.registry(host)).repository(path);
    const all = await readTags(repository, context.operation);
    const nowMs = context.now();
    if (text === undefined) {
      const list = all.filter((one) => isChosen(one.tag, filter));
      return {
        document: { repository: `${host}/${path}`, tags: list.map(tagDocument) },
        text: (columns) =>
          table(
            ['TAG', 'CREATED', 'DIGEST'],
            list.map((one) => [one.tag, ageOf(one, nowMs), shortDigest(one.digest)]),
            columns,
          ),
        quiet: list.map((one) => one.tag),
      };
    }
    const plan = planKeepLast(all, { count, filter });
    const isDryRun = !args.isSet('yes');
    if (!isDryRun && plan.removed.length > 0) await removeTags(repository, plan, context.operation);
    return {
      document: {
        repository: `${host}/${path}`,
        isDryRun,
        kept: plan.kept.map(({ image, reason }) => ({ ...tagDocument(image), reason })),
        removed: plan.removed.map(tagDocument),
      },
      text: (columns) => [
        ...table(
          ['', 'TAG', 'CREATED', 'DIGEST', 'WHY'],
          [
            ...plan.kept.map(({ image, reason }) => row('keep', image, reasonWords[reason], nowMs)),
            ...plan.removed.map((image) => row('remove', image, '', nowMs)),
          ],
          columns,
        ),
        `${isDryRun ? 'Would remove' : 'Removed'} ${plan.removed.length} of ${all.length} tags`,
      ],
      quiet: plan.removed.map((one) => one.tag),
    };
  },
};

function tagDocument({ tag, digest, mediaType, createdMs }: TaggedImage): Readonly<Record<string, unknown>> {
  return { tag, digest, mediaType, createdAt: isoTime(createdMs) ?? null };
}

function row(fate: string, image: TaggedImage, why: string, nowMs: number): readonly string[] {
  return [fate, image.tag, ageOf(image, nowMs), shortDigest(image.digest), why];
}

function ageOf({ createdMs }: TaggedImage, nowMs: number): string {
  return createdMs === undefined ? '?' : formatAge(createdMs, nowMs);
}
