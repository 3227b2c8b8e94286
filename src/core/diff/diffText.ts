import { remarkText } from '../diffRemark.ts';
import { visibleName, visibleText } from '../fileTrees/visibleName.ts';
import type { ConfigChange, DiffReport, FileChange, FileChangeKind, HistoryChange } from './diffReport.ts';
import {
  fieldWords,
  isHiddenChange,
  packageWords,
  sideWords,
  sizeWords,
  strictnessWords,
  sumWords,
  versionWords,
} from './diffWords.ts';

const signs: Readonly<Record<FileChangeKind, string>> = {
  added: '+',
  removed: '-',
  content: 'M',
  metadata: 'm',
  type: 'T',
  moved: '>',
};

/**
 * The report as lines for a terminal or a log; names and values are shown so that none steers a screen. Steps of the
 * history that both sides have are left out.
 */
export function* diffText(report: DiffReport): Generator<string, void, undefined> {
  const { left, right, files, config, history, packages, remarks } = report;
  yield `--- ${visibleText(sideWords(left))}`;
  yield `+++ ${visibleText(sideWords(right))}`;
  yield strictnessWords(report);
  yield '';
  yield `Files: ${sumWords(report)}`;
  const width = files.reduce((most, change) => Math.max(most, sizeWords(change).length), 0);
  for (const change of files) yield fileLine(change, width);
  if (packages.length > 0) yield* ['', `Packages: ${packages.length}`];
  for (const change of packages)
    yield `${change.manager}  ${change.kind.padEnd(10)}  ${visibleText(`${packageWords(change)}  ${versionWords(change)}`)}`;
  if (config.length > 0) yield* ['', `Config: ${config.length}`];
  for (const change of config) yield* configLines(change);
  const steps = history.filter(({ kind }) => kind !== 'same');
  if (steps.length > 0) yield* ['', `History: ${steps.length} of ${history.length} steps`];
  for (const step of steps) yield* stepLines(step);
  if (remarks.length > 0) yield '';
  for (const remark of remarks) yield visibleText(remarkText(remark));
}

function fileLine(change: FileChange, width: number): string {
  const { kind, path, from } = change;
  const name = from === undefined ? shown(path) : `${shown(from)} → ${shown(path)}`;
  const fields = visibleText(fieldWords(change).join(', '));
  return `${signs[kind]} ${sizeWords(change).padStart(width)}  ${name}${fields === '' ? '' : `  (${fields})`}`;
}

function shown(path: string): string {
  return visibleName(`/${path}`);
}

function* configLines(change: ConfigChange): Generator<string, void, undefined> {
  const { setting, left, right } = change;
  yield `${visibleText(setting)}${isHiddenChange(change) ? ' (another value, not shown)' : ''}`;
  for (const [sign, value] of [
    ['-', left],
    ['+', right],
  ] as const)
    for (const line of value?.split('\n') ?? []) yield `  ${sign} ${lineOf(line)}`;
}

function* stepLines({ kind, text }: HistoryChange): Generator<string, void, undefined> {
  const [first = '', ...others] = text.split('\n');
  yield `${kind === 'added' ? '+' : '-'} ${lineOf(first)}`;
  for (const line of others) yield `    ${lineOf(line)}`;
}

/** Tabs of a script are blanks. */
function lineOf(text: string): string {
  return visibleText(text.replaceAll('\t', '  '));
}
