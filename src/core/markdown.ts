import { visibleName, visibleText } from './fileTrees/visibleName.ts';

/** Signs that Markdown, GitHub's too, obeys within a line. */
const signs = /[\\`*_[\]<>|~&]/g;
/** What it obeys at the beginning of one: headings, lists. */
const start = /^(?=[-+#])|(?<=^\d+)(?=[.)](?: |$))/;

/** One line of text that Markdown shows as it is: names from images and archives are no markup. */
export function markdownText(text: string): string {
  return escaped(visibleText(text.replace(/\s+/g, ' ').trim()));
}

/** The same with every character told: no two names look alike. */
export function markdownName(name: string): string {
  return escaped(visibleName(name));
}

function escaped(text: string): string {
  return text
    .replace(signs, (sign) => (sign === '&' ? '&amp;' : sign === '<' ? '&lt;' : `\\${sign}`))
    .replace(start, '\\');
}

/** A table; the columns whose headings are in `numbers` stand to the right. */
export function markdownTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  numbers: readonly string[] = [],
): readonly string[] {
  return [...markdownHeader(header, numbers), ...rows.map((cells) => markdownRow(cells.map(markdownText)))];
}

/** The first two lines of a table. */
export function markdownHeader(
  header: readonly string[],
  numbers: readonly string[] = [],
): readonly string[] {
  const rule = header.map((heading) => (numbers.includes(heading) ? '--:' : ':--'));
  return [markdownRow(header.map(markdownText)), markdownRow(rule)];
}

/** One line of a table, of cells that are Markdown. */
export function markdownRow(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
