import { remarkText } from '../diffRemark.ts';
import { markdownHeader, markdownName, markdownRow, markdownText } from '../markdown.ts';
import type { DiffReport, FileChange } from './diffReport.ts';
import {
  fieldWords,
  isHiddenChange,
  kindWords,
  packageWords,
  sideWords,
  sizeWords,
  strictnessWords,
  sumWords,
  versionWords,
} from './diffWords.ts';

/** A table of more rows is nothing that anybody reads, and what hosts of Markdown refuse. */
const mostRows = 5000;

/**
 * The report as lines of Markdown. Every name and value is text in it and no markup, whatever it holds; of more changes
 * than a table should have, how many are left out is said.
 */
export function* diffMarkdown(report: DiffReport): Generator<string, void, undefined> {
  const { left, right, files, config, history, packages, remarks } = report;
  yield `# ${markdownText(left.name)} → ${markdownText(right.name)}`;
  yield '';
  yield `- left: ${markdownText(sideWords(left))}`;
  yield `- right: ${markdownText(sideWords(right))}`;
  yield `- files: ${sumWords(report)}`;
  yield '';
  yield strictnessWords(report);
  yield* section(
    'Files',
    ['', 'SIZE', 'PATH', 'OTHERWISE'],
    files,
    (change) => [kindWords[change.kind], sizeWords(change), pathWords(change), fieldWords(change).join(', ')],
    ['SIZE'],
  );
  yield* section('Packages', ['', 'PACKAGE', 'NAME', 'VERSION'], packages, (change) => [
    change.kind,
    change.manager,
    markdownText(packageWords(change)),
    markdownText(versionWords(change)),
  ]);
  yield* section('Config', ['SETTING', 'LEFT', 'RIGHT'], config, (change) => [
    markdownName(change.setting),
    linesWords(change.left),
    isHiddenChange(change) ? 'another value, not shown' : linesWords(change.right),
  ]);
  const steps = history.filter(({ kind }) => kind !== 'same');
  yield* section('History', ['', 'STEP'], steps, ({ kind, text }) => [kind, linesWords(text)]);
  if (remarks.length > 0) yield* ['', '## Remarks', ''];
  for (const remark of remarks) yield `- ${markdownText(remarkText(remark))}`;
}

function* section<T>(
  title: string,
  header: readonly string[],
  changes: readonly T[],
  /** Cells that are Markdown. */
  rowOf: (change: T) => readonly string[],
  numbers: readonly string[] = [],
): Generator<string, void, undefined> {
  if (changes.length === 0) return;
  yield* ['', `## ${title}`, ''];
  yield* markdownHeader(header, numbers);
  for (const change of changes.slice(0, mostRows)) yield markdownRow(rowOf(change));
  if (changes.length > mostRows)
    yield* ['', `${(changes.length - mostRows).toLocaleString('en')} more are left out.`];
}

function pathWords({ path, from }: FileChange): string {
  const name = markdownName(`/${path}`);
  return from === undefined ? name : `${markdownName(`/${from}`)} → ${name}`;
}

/** Several lines in one cell. */
function linesWords(text: string | undefined): string {
  return (text ?? '').split('\n').map(markdownText).join('<br>');
}
