import { DrydockError, fillTemplate, reasonOf } from './errors.ts';

/** What a comparison has to say beside its differences, in English with places; the extension translates these. */
const templates = {
  imageUnread:
    'Config and history were not compared: the image of {name} was not read yet. Look into that image, then compare again.',
  fileGuessed: 'The bytes of 1 file are not known on both sides; size and time were compared.',
  filesGuessed: 'The bytes of {count} files are not known on both sides; size and time were compared.',
  nameTakenAway: '{name} takes 1 name away from the layers below, and the other side does not: {examples}',
  namesTakenAway:
    '{name} takes {count} names away from the layers below, and the other side does not: {examples}',
  nameMade: '1 empty name that engines make in every container is left out; compared strictly it counts.',
  namesMade:
    '{count} empty names that engines make in every container are left out; compared strictly they count.',
  listOnOneSide: '{path} is in {name} alone, so its packages were not compared.',
  npmNotRead: '{count} more packages of npm differ in {name}; they were not read.',
  listHasLog: '{path} holds changes to the list of packages that were not read.',
  listNotRead: 'The packages in {paths} of {name} were not read: {reason}',
  listsNotRead: 'The packages in {paths} and {count} more of {name} were not read: {reason}',
} as const;

/** A sentence with its places open, and what goes into them: a reason is a sentence again. */
export interface DiffRemark {
  /** The key under which translations are kept. */
  readonly template: string;
  readonly args: Readonly<Record<string, string | number | DiffRemark>>;
}

/** Gives a sentence in a language, its places filled. */
export type Worded = (template: string, args: Record<string, string | number>) => string;

export function diffRemark(code: keyof typeof templates, args: DiffRemark['args']): DiffRemark {
  return { template: templates[code], args };
}

/** The reason of a failure, to stand in a remark. */
export function remarkReason(error: unknown): DiffRemark {
  return error instanceof DrydockError
    ? { template: error.template, args: error.details }
    : { template: '{reason}', args: { reason: reasonOf(error) } };
}

/** The remark as text on one line, in English unless `worded` gives another language. */
export function remarkText({ template, args }: DiffRemark, worded: Worded = fillTemplate): string {
  const filled = Object.entries(args).map(([name, value]) => [
    name,
    typeof value === 'object' ? remarkText(value, worded).trim().replace(/\s+/g, ' ').slice(0, 500) : value,
  ]);
  return worded(template, Object.fromEntries(filled) as Record<string, string | number>);
}

/** Every text of a remark, for translators. */
export function remarkTexts(): readonly string[] {
  return Object.values(templates);
}
