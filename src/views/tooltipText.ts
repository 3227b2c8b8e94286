import { visibleLines, visibleText } from '../core/fileTrees/visibleName.ts';
import type { ItemDetails } from './viewItem.ts';

const longestValue = 400;
const longestCode = 4_000;
const mostLines = 12;

/**
 * The Markdown of a tooltip. What comes from an engine is never markup: every ASCII punctuation mark is escaped,
 * which Markdown allows for all of them, so that links, images, HTML, entities and table bars stay text.
 */
export function tooltipText({ title, rows, code }: ItemDetails): string {
  const named = rows.filter(([name, value]) => name !== '' && value !== '');
  const plain = rows.filter(([name, value]) => name === '' && value !== '');
  const parts = [
    `**${escapeMarkdown(title)}**`,
    ...(code === undefined || code === '' ? [] : [fenced(code)]),
    ...plain.map(([, value]) => escapeMarkdown(value)),
    ...(named.length === 0 ? [] : [['| | |', '|---|---|', ...named.map(tableRow)].join('\n')]),
  ];
  return parts.join('\n\n');
}

/** `text` as Markdown that shows exactly that text, on one line. */
export function escapeMarkdown(text: string): string {
  const oneLine = text.replace(/\p{Cc}+/gu, ' ').trim();
  return visibleText(oneLine).replace(/[!-/:-@[-`{-~]/g, String.raw`\$&`);
}

function tableRow([name, value]: readonly [string, string]): string {
  const lines = value.split('\n').filter((line) => line !== '');
  const shown = lines.slice(0, mostLines).map((line) => escapeMarkdown(shortened(line, longestValue)));
  if (lines.length > mostLines) shown.push(`… \\+${lines.length - mostLines}`);
  return `| ${escapeMarkdown(name)} | ${shown.join(' · ')} |`;
}

/** A fence longer than every run of backticks inside can't be closed by what is inside. */
function fenced(code: string): string {
  const shown = visibleLines(shortened(code, longestCode));
  const runs = shown.match(/`+/g) ?? [];
  const fence = '`'.repeat(Math.max(3, ...runs.map((run) => run.length + 1)));
  return `${fence}dockerfile\n${shown}\n${fence}`;
}

function shortened(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
