import { printable } from './printable.ts';

/** Signs that Markdown, GitHub's too, obeys within a line. */
const signs = /[\\`*_[\]<>|~&]/g;
/** What it obeys at the beginning of one: headings, lists. */
const start = /^(?=[-+#])|(?<=^\d+)(?=[.)](?: |$))/;

/** One line of text that Markdown shows as it is: names from images and archives are no markup. */
export function markdownText(text: string): string {
  return printable(text.replace(/\s+/g, ' ').trim())
    .replace(signs, (sign) => (sign === '&' ? '&amp;' : sign === '<' ? '&lt;' : `\\${sign}`))
    .replace(start, '\\');
}

/** A table; the columns whose headings are in `numbers` stand to the right. */
export function markdownTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  numbers: readonly string[] = [],
): readonly string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map(markdownText).join(' | ')} |`;
  const rule = header.map((heading) => (numbers.includes(heading) ? '--:' : ':--'));
  return [line(header), `| ${rule.join(' | ')} |`, ...rows.map(line)];
}
