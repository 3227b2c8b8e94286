import {
  pageFields,
  pageFileTypes,
  type PageField,
  type WireFacts,
  type WireRow,
} from '../../core/diff/diffPageData.ts';

/** A changed file as the page holds it. */
export interface ChangeRow {
  /** Its place in the report, by which the host knows it. */
  readonly index: number;
  readonly path: string;
  /** In the order of `pageKinds`. */
  readonly kind: number;
  readonly fields: number;
  readonly left: WireFacts | 0;
  readonly right: WireFacts | 0;
  /** Where a moved file was; else empty. */
  readonly from: string;
}

/** Reads a chunk; `start` is the place of its first row in the report. */
export function rowsOf(chunk: readonly WireRow[], start: number): readonly ChangeRow[] {
  let before = '';
  return chunk.map(([shared, rest, kind, fields, left, right, from], at) => {
    before = before.slice(0, shared) + rest;
    return { index: start + at, path: before, kind, fields, left, right, from };
  });
}

export const leftBytes = ({ left }: ChangeRow): number => (left === 0 ? 0 : left[4]);
export const rightBytes = ({ right }: ChangeRow): number => (right === 0 ? 0 : right[4]);
/** How many bytes the right side has more. */
export const deltaBytes = (row: ChangeRow): number => rightBytes(row) - leftBytes(row);
/** How much of a side the change is about; what the pictures draw. */
export const weightBytes = (row: ChangeRow): number => Math.max(leftBytes(row), rightBytes(row));

export function fieldsOf({ fields }: ChangeRow): readonly PageField[] {
  return pageFields.filter((_, bit) => (fields & (1 << bit)) !== 0);
}

/** Whether a side has bytes to show: links, devices and folders have none. */
export function isReadable(side: WireFacts | 0): boolean {
  return side !== 0 && pageFileTypes[side[0]] === 'file';
}
