/**
 * What the host and the page of a snapshot tell each other. Both sides read a message through the parser here, which
 * imports only what the browser's build may read.
 *
 * The host owns the data and words everything. Files are listed folder by folder as the page opens them.
 */
import { hasTexts, isCount, isFields, isListOf, isText, isTexts } from '../core/messageShapes.ts';

export interface PageRow {
  readonly name: string;
  /** Worded facts: `12 MB`, `linux/amd64`. */
  readonly facts: string;
  /** Further lines below it. */
  readonly lines: readonly string[];
}

export interface PageSection {
  readonly title: string;
  readonly rows: readonly PageRow[];
}

/** A file system of the snapshot that can be looked into. */
export interface PageRoot {
  /** As the host knows it. */
  readonly name: string;
  readonly label: string;
  readonly canExtract: boolean;
  readonly canPutBack: boolean;
}

export interface PageSnapshot {
  readonly name: string;
  readonly facts: readonly (readonly [label: string, text: string])[];
  /** What is wrong with it; empty when nothing is. */
  readonly alert: string;
  readonly sections: readonly PageSection[];
  readonly remarks: readonly { readonly kind: string; readonly subject: string; readonly detail: string }[];
  readonly roots: readonly PageRoot[];
}

export interface PageFile {
  readonly name: string;
  readonly path: string;
  readonly type: 'folder' | 'file' | 'link' | 'other';
  /** Worded size, mode and owner. */
  readonly facts: string;
}

export type SnapshotPageState =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'ready'; readonly snapshot: PageSnapshot };

export const snapshotStringKeys = [
  'loading',
  'failedTitle',
  'retry',
  'restore',
  'remarks',
  'files',
  'open',
  'extract',
  'putBack',
  'empty',
  'more',
] as const;
export type SnapshotPageStrings = Readonly<Record<(typeof snapshotStringKeys)[number], string>>;

/** Which snapshot a page is of; kept by VS Code over a reload. */
export interface SnapshotPageKey {
  readonly vaultPath: string;
  readonly id: string;
  readonly title: string;
}

export type ToSnapshotPage =
  | {
      readonly type: 'show';
      readonly key: SnapshotPageKey;
      readonly language: string;
      readonly strings: SnapshotPageStrings;
      readonly state: SnapshotPageState;
    }
  | {
      readonly type: 'files';
      readonly request: number;
      readonly files: readonly PageFile[];
      /** How many more there are than were sent. */
      readonly left: number;
    }
  | { readonly type: 'failed'; readonly request: number; readonly message: string };

export type FromSnapshotPage =
  | { readonly type: 'ready' | 'retry' | 'restore' }
  | { readonly type: 'list'; readonly request: number; readonly root: string; readonly path: string }
  | { readonly type: 'open' | 'extract' | 'putBack'; readonly root: string; readonly path: string };

/** A message of the page, or undefined for anything that is none. */
export function parseFromSnapshotPage(value: unknown): FromSnapshotPage | undefined {
  if (!isFields(value)) return undefined;
  const { type, request, root, path } = value;
  switch (type) {
    case 'ready':
    case 'retry':
    case 'restore':
      return { type };
    case 'list':
      return isCount(request) && isText(root) && isText(path) ? { type, request, root, path } : undefined;
    case 'open':
    case 'extract':
    case 'putBack':
      return isText(root) && isText(path) ? { type, root, path } : undefined;
    default:
      return undefined;
  }
}

/** A message of the host, or undefined for anything that is none. */
export function parseToSnapshotPage(value: unknown): ToSnapshotPage | undefined {
  if (!isFields(value)) return undefined;
  const isSound = (): boolean => {
    switch (value['type']) {
      case 'failed':
        return isCount(value['request']) && isText(value['message']);
      case 'files':
        return isCount(value['request']) && isCount(value['left']) && isListOf(value['files'], isFile);
      case 'show': {
        const { strings } = value;
        return (
          parseSnapshotPageKey(value['key']) !== undefined &&
          isText(value['language']) &&
          isFields(strings) &&
          snapshotStringKeys.every((key) => isText(strings[key])) &&
          isState(value['state'])
        );
      }
      default:
        return false;
    }
  };
  return isSound() ? (value as unknown as ToSnapshotPage) : undefined;
}

/** What was kept of a page, or undefined. */
export function parseSnapshotPageKey(value: unknown): SnapshotPageKey | undefined {
  if (!isFields(value)) return undefined;
  const { vaultPath, id, title } = value;
  return isText(vaultPath) && isText(id) && isText(title) ? { vaultPath, id, title } : undefined;
}

function isState(value: unknown): boolean {
  if (!isFields(value)) return false;
  if (value['kind'] === 'loading') return true;
  if (value['kind'] === 'failed') return isText(value['message']);
  const { snapshot } = value;
  return (
    value['kind'] === 'ready' &&
    isFields(snapshot) &&
    isText(snapshot['name']) &&
    isText(snapshot['alert']) &&
    isListOf(snapshot['facts'], (fact) => isListOf(fact, isText)) &&
    isListOf(snapshot['sections'], isSection) &&
    isListOf(snapshot['remarks'], (one) => hasTexts(one, ['kind', 'subject', 'detail'])) &&
    isListOf(
      snapshot['roots'],
      (one) =>
        hasTexts(one, ['name', 'label']) &&
        isFields(one) &&
        typeof one['canExtract'] === 'boolean' &&
        typeof one['canPutBack'] === 'boolean',
    )
  );
}

function isSection(value: unknown): boolean {
  return (
    hasTexts(value, ['title']) &&
    isFields(value) &&
    isListOf(
      value['rows'],
      (row) => hasTexts(row, ['name', 'facts']) && isFields(row) && isTexts(row['lines']),
    )
  );
}

const fileTypes: ReadonlySet<unknown> = new Set(['folder', 'file', 'link', 'other']);

function isFile(value: unknown): boolean {
  return hasTexts(value, ['name', 'path', 'facts']) && isFields(value) && fileTypes.has(value['type']);
}
