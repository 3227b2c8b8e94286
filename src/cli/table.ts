import { printable } from './printable.ts';

const gap = '  ';

/**
 * Lines of aligned columns under a header. Where the width of a terminal is given, the last column is cut to it;
 * without one (a pipe, a file) nothing is cut.
 */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  columns?: number,
): readonly string[] {
  const cells = [header, ...rows].map((row) =>
    row.map((cell) => printable(cell.replace(/\s+/g, ' ').trim())),
  );
  const widths = header.map((_, column) =>
    cells.reduce((widest, row) => Math.max(widest, lengthOf(row[column] ?? '')), 0),
  );
  return cells.map((row) =>
    cut(
      row
        .map((cell, column) =>
          column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - lengthOf(cell)),
        )
        .join(gap),
      columns,
    ),
  );
}

/** Cuts a line to the width of a terminal. */
export function cut(line: string, columns: number | undefined): string {
  if (columns === undefined || columns < 1) return line;
  const characters = Array.from(line);
  return characters.length <= columns ? line : `${characters.slice(0, columns - 1).join('')}…`;
}

function lengthOf(text: string): number {
  return Array.from(text).length;
}
