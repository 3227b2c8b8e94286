/**
 * What the host and the diff page tell each other. Both sides read a message through the parser here.
 *
 * The host owns the report. The page gets its head at once and asks for the rows chunk by chunk, so that neither side
 * is held up by a hundred thousand of them; then it sorts, filters and draws by itself. What is to be opened or copied
 * it names by the row's place in the report.
 */
import {
  parseDiffPageHead,
  parseWireRows,
  type DiffPageHead,
  type WireRow,
} from '../core/diff/diffPageData.ts';
import { parseDiffPageStrings, type DiffPageStrings } from '../core/diff/diffPageStrings.ts';
import { isCount, isFields, isText } from '../core/messageShapes.ts';

export type DiffPageState =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly message: string }
  /** Nothing is compared: the page came back after a reload, or the reading was stopped. Nobody asked for a long read. */
  | {
      readonly kind: 'asking';
      readonly reason: 'reloaded' | 'stopped';
      readonly left: string;
      readonly right: string;
    }
  | {
      readonly kind: 'ready';
      /** Tells apart the rows of one comparison from those of another. */
      readonly generation: number;
      readonly head: DiffPageHead;
    };

export type ToDiffPage =
  | {
      readonly type: 'show';
      /** What the page keeps for the host over a reload; the page does not look into it. */
      readonly key: string;
      readonly language: string;
      readonly strings: DiffPageStrings;
      readonly state: DiffPageState;
    }
  | {
      readonly type: 'rows';
      readonly generation: number;
      readonly start: number;
      readonly rows: readonly WireRow[];
    }
  | { readonly type: 'copied' };

export type DiffSideName = 'left' | 'right';

export type FromDiffPage =
  | { readonly type: 'ready' | 'retry' | 'swap' | 'export' }
  | { readonly type: 'rows'; readonly generation: number; readonly start: number }
  | { readonly type: 'strictness'; readonly strictness: 'strict' | 'semantic' }
  | { readonly type: 'compare' | 'copy'; readonly generation: number; readonly row: number }
  | { readonly type: 'open'; readonly generation: number; readonly row: number; readonly side: DiffSideName };

export const diffTabs = ['files', 'packages', 'config', 'history', 'remarks'] as const;
export type DiffTab = (typeof diffTabs)[number];

/** What the reader was looking at; kept by VS Code over a reload, together with the host's key. */
export interface DiffViewState {
  readonly key: string;
  readonly tab: DiffTab;
  readonly arrangement: 'tree' | 'table';
  readonly query: string;
  /** Kinds that are shown, by their place in `pageKinds`; all where it is empty. */
  readonly kinds: readonly number[];
  readonly sort: { readonly column: 'path' | 'left' | 'right' | 'delta'; readonly isDescending: boolean };
}

/** A message of the page, or undefined for anything that is none. */
export function parseFromDiffPage(value: unknown): FromDiffPage | undefined {
  if (!isFields(value)) return undefined;
  const { type, generation, start, row, side, strictness } = value;
  switch (type) {
    case 'ready':
    case 'retry':
    case 'swap':
    case 'export':
      return { type };
    case 'rows':
      return isCount(generation) && isCount(start) ? { type, generation, start } : undefined;
    case 'strictness':
      return strictness === 'strict' || strictness === 'semantic' ? { type, strictness } : undefined;
    case 'compare':
    case 'copy':
      return isCount(generation) && isCount(row) ? { type, generation, row } : undefined;
    case 'open':
      return isCount(generation) && isCount(row) && (side === 'left' || side === 'right')
        ? { type, generation, row, side }
        : undefined;
    default:
      return undefined;
  }
}

/** A message of the host, or undefined for anything that is none. */
export function parseToDiffPage(value: unknown): ToDiffPage | undefined {
  if (!isFields(value)) return undefined;
  switch (value['type']) {
    case 'copied':
      return { type: 'copied' };
    case 'rows': {
      const { generation, start } = value;
      const rows = parseWireRows(value['rows']);
      return isCount(generation) && isCount(start) && rows !== undefined
        ? { type: 'rows', generation, start, rows }
        : undefined;
    }
    case 'show': {
      const { key, language, strings, state } = value;
      const isShow =
        isText(key) && isText(language) && parseDiffPageStrings(strings) !== undefined && isState(state);
      return isShow ? (value as unknown as ToDiffPage) : undefined;
    }
    default:
      return undefined;
  }
}

function isState(value: unknown): boolean {
  if (!isFields(value)) return false;
  switch (value['kind']) {
    case 'loading':
      return true;
    case 'failed':
      return isText(value['message']);
    case 'asking':
      return (
        (value['reason'] === 'reloaded' || value['reason'] === 'stopped') &&
        isText(value['left']) &&
        isText(value['right'])
      );
    case 'ready':
      return isCount(value['generation']) && parseDiffPageHead(value['head']) !== undefined;
    default:
      return false;
  }
}

/** What was kept of a page, or undefined; anything odd in it falls back to what a new page shows. */
export function parseDiffViewState(value: unknown): DiffViewState | undefined {
  if (!isFields(value) || !isText(value['key'])) return undefined;
  const { key, tab, query, kinds } = value;
  const sort = isFields(value['sort']) ? value['sort'] : {};
  const columns = ['path', 'left', 'right', 'delta'] as const;
  return {
    key,
    tab: diffTabs.find((known) => known === tab) ?? 'files',
    arrangement: value['arrangement'] === 'table' ? 'table' : 'tree',
    query: isText(query) ? query.slice(0, 1_000) : '',
    kinds: Array.isArray(kinds) ? kinds.filter(isCount).slice(0, 6) : [],
    sort: {
      column: columns.find((known) => known === sort['column']) ?? 'path',
      isDescending: sort['isDescending'] === true,
    },
  };
}
