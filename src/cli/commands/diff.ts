import { diffDocument } from '../../core/diff/diffDocument.ts';
import { diffHtml } from '../../core/diff/diffHtml.ts';
import { readDiffBundle } from '../../core/diff/diffBundle.ts';
import { diffMarkdown } from '../../core/diff/diffMarkdown.ts';
import type { DiffReport } from '../../core/diff/diffReport.ts';
import { isDifferent } from '../../core/diff/diffSums.ts';
import { diffText } from '../../core/diff/diffText.ts';
import { makeDiffReport } from '../../core/diff/makeDiffReport.ts';
import type { Command, CommandContext } from '../command.ts';
import { openSide, sideWords } from '../comparedSides.ts';
import { exitCodes } from '../exitCode.ts';
import { usageFailure } from '../failures.ts';
import { shownName } from '../fileEntry.ts';
import { cacheOption, vaultOption } from '../options.ts';

export const diff: Command = {
  name: 'diff',
  summary: 'Compare files, packages, config and history of any two',
  usage: 'A B',
  details: [
    ...sideWords,
    'In text, + was added, - removed, M changed in content, m in metadata alone, T is of another type, > moved. Values that look like secrets are masked.',
  ],
  takes: { least: 2, most: 2 },
  options: {
    ...vaultOption,
    ...cacheOption,
    strict: { help: 'times and build history count too' },
    semantic: { help: 'they do not; so it is without either' },
    format: {
      value: 'KIND',
      choices: ['text', 'json', 'markdown', 'html'],
      help: 'what is printed; json is the same as --json, html one page that needs nothing else',
    },
    'exit-code': { help: 'end with 1 where they differ' },
  },
  async run(context, args) {
    if (args.isSet('strict') && args.isSet('semantic'))
      throw usageFailure('--strict and --semantic exclude each other.');
    const [left = '', right = ''] = args.words;
    if (left === '-' && right === '-') throw usageFailure('Only one of the two can be standard input.');
    const isHtml = args.text('format') === 'html';
    if (isHtml && args.isSet('json')) throw usageFailure('--json and --format html exclude each other.');
    const pageOf = isHtml ? await openPage(context) : undefined;
    const sides = { left: await openSide(context, args, left), right: await openSide(context, args, right) };
    const strictness = args.isSet('strict') ? 'strict' : 'semantic';
    const report = await makeDiffReport({ ...sides, strictness }, context.operation);
    return {
      document: diffDocument(report),
      text: () => [...diffText(report)],
      markdown: () => [...diffMarkdown(report)],
      quiet: report.files.map(({ path }) => `/${shownName(path)}`),
      ...(pageOf && { bytes: pageOf(report) }),
      ...(args.isSet('exit-code') && isDifferent(report) && { exitCode: exitCodes.failed }),
    };
  },
};

/** Reads what the page is made of before anything else takes its time. */
async function openPage({
  reportFolder,
}: CommandContext): Promise<(report: DiffReport) => AsyncIterable<Uint8Array>> {
  const bundle = await readDiffBundle(reportFolder ?? '');
  return async function* page(report) {
    for (const piece of diffHtml({ report, bundle })) yield await Promise.resolve(Buffer.from(piece));
  };
}
