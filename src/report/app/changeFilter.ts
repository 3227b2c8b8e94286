import type { ChangeRow } from './changeRows.ts';
import type { Turns } from './turns.ts';

export interface ChangeFilter {
  /** Kinds that are shown, by their place in `pageKinds`; all where it is empty. */
  readonly kinds: ReadonlySet<number>;
  /** Words that the path must have, in whatever case. */
  readonly query: string;
}

/** The rows that fit, in their order. A moved file is found under both of its paths. */
export async function fitting(
  rows: readonly ChangeRow[],
  { kinds, query }: ChangeFilter,
  turns: Turns,
): Promise<readonly ChangeRow[]> {
  const words = query.split(/\s+/).filter((word) => word !== '');
  if (kinds.size === 0 && words.length === 0) return rows;
  const patterns = words.map((word) => new RegExp(escaped(word), 'i'));
  const found: ChangeRow[] = [];
  for (const row of rows) {
    const isKind = kinds.size === 0 || kinds.has(row.kind);
    if (isKind && patterns.every((word) => word.test(row.path) || (row.from !== '' && word.test(row.from))))
      found.push(row);
    if (turns.isOver) await turns.next();
  }
  return found;
}

function escaped(word: string): string {
  return word.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}
