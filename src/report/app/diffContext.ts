import type { DiffPageHead } from '../../core/diff/diffPageData.ts';
import type { DiffPageStrings } from '../../core/diff/diffPageStrings.ts';
import type { DiffSideName, DiffViewState } from '../diffProtocol.ts';
import type { ChangeRow } from './changeRows.ts';

/** What a host does for the page; a page in a file of its own has none. */
export interface DiffActions {
  strictness(strictness: 'strict' | 'semantic'): void;
  swap(): void;
  export(): void;
  compare(row: ChangeRow): void;
  open(row: ChangeRow, side: DiffSideName): void;
  copy(row: ChangeRow): void;
}

/** What all parts of the page are given. */
export interface DiffContext {
  readonly head: DiffPageHead;
  readonly strings: DiffPageStrings;
  readonly language: string;
  readonly actions: DiffActions | undefined;
  readonly view: () => DiffViewState;
  readonly keep: (change: Partial<Omit<DiffViewState, 'key'>>) => void;
}
