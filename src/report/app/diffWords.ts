import { pageFileTypes, pageKinds, type WireFacts } from '../../core/diff/diffPageData.ts';
import type { DiffPageStrings } from '../../core/diff/diffPageStrings.ts';
import { formatBytes } from '../../core/quantity.ts';
import { visibleName } from '../../core/fileTrees/visibleName.ts';
import { fieldsOf, leftBytes, rightBytes, type ChangeRow } from './changeRows.ts';
import { element, fill } from './element.ts';

/** Signs that stand for a kind beside its colour, which not everybody sees. */
export const kindSigns = ['+', '−', '≠', '≈', '⇄', '→'] as const;

export function kindWord(kind: number, strings: DiffPageStrings): string {
  return strings[pageKinds[kind] ?? 'content'];
}

/** The sign of a kind on its colour, read out as its word. */
export function kindMark(kind: number, strings: DiffPageStrings): HTMLElement {
  return element('span', {
    class: `mark kind-${pageKinds[kind] ?? ''}`,
    text: kindSigns[kind] ?? '',
    title: kindWord(kind, strings),
    attributes: { role: 'img', 'aria-label': kindWord(kind, strings) },
  });
}

/** `+1.2 MB`; a plain zero without a sign. */
export function signedBytes(bytes: number): string {
  if (bytes === 0) return '0 B';
  return `${bytes > 0 ? '+' : '−'}${formatBytes(Math.abs(bytes))}`;
}

export function signedCount(count: number, language: string): string {
  if (count === 0) return '0';
  return `${count > 0 ? '+' : '−'}${Math.abs(count).toLocaleString(language)}`;
}

export function modeWords(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}

const typeKeys = {
  file: 'typeFile',
  directory: 'typeDirectory',
  symlink: 'typeSymlink',
  hardlink: 'typeHardlink',
  'char-device': 'typeCharDevice',
  'block-device': 'typeBlockDevice',
  fifo: 'typeFifo',
  other: 'typeOther',
} as const;

export function typeWord([type]: WireFacts, strings: DiffPageStrings): string {
  return strings[typeKeys[pageFileTypes[type] ?? 'other']];
}

const sideKeys: Readonly<Record<string, keyof DiffPageStrings>> = {
  image: 'sideImage',
  layers: 'sideLayers',
  container: 'sideContainer',
  changes: 'sideChanges',
  volume: 'sideVolume',
  archive: 'sideArchive',
  folder: 'sideFolder',
};

export function sideWord(kind: string, strings: DiffPageStrings): string {
  return strings[sideKeys[kind] ?? 'sideFolder'];
}

/** A path as people write it, with everything in it to be seen. */
export function shownPath(path: string): string {
  return `/${visibleName(path)}`;
}

/** What a row's change is, in a few words: `mode 0644 → 0755 · owner`. */
export function whatWords(row: ChangeRow, strings: DiffPageStrings): string {
  const { left, right, from } = row;
  const words: string[] = [];
  if (from !== '') words.push(fill(strings.movedFrom, { path: shownPath(from) }));
  if (left === 0 || right === 0) return words.join(' · ');
  if (left[0] !== right[0]) words.push(`${typeWord(left, strings)} → ${typeWord(right, strings)}`);
  for (const field of fieldsOf(row)) {
    const [before, after] = fieldValues(field, left, right);
    const name = strings[field].toLowerCase();
    words.push(before === after ? name : `${name} ${before} → ${after}`);
  }
  return words.join(' · ');
}

function fieldValues(field: string, left: WireFacts, right: WireFacts): readonly [string, string] {
  switch (field) {
    case 'mode':
      return [modeWords(left[1]), modeWords(right[1])];
    case 'owner':
      return [`${left[2]}:${left[3]}`, `${right[2]}:${right[3]}`];
    case 'link':
      return [visibleName(left[6]), visibleName(right[6])];
    default:
      return ['', ''];
  }
}

/** Sizes of both sides and their difference as cells show them: nothing where a side has nothing. */
export function sizeWords(row: ChangeRow): readonly [left: string, right: string, delta: string] {
  return [
    row.left === 0 ? '' : formatBytes(leftBytes(row)),
    row.right === 0 ? '' : formatBytes(rightBytes(row)),
    signedBytes(rightBytes(row) - leftBytes(row)),
  ];
}
