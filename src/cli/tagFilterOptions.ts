import type { TagFilter } from '../core/transfer/wildcard.ts';
import type { Arguments } from './arguments.ts';
import type { OptionTable } from './options.ts';

/** What chooses among the tags of a repository. */
export const tagFilterOptions: OptionTable = {
  tag: {
    value: 'PATTERN',
    isRepeatable: true,
    help: "only tags like this, such as 'v*'; several: any of them",
  },
  'exclude-tag': { value: 'PATTERN', isRepeatable: true, help: 'no tags like this' },
};

export function chosenTags(args: Arguments): TagFilter {
  return { include: args.texts('tag'), exclude: args.texts('exclude-tag') };
}
