import { failure } from '../errors.ts';

const magic = Buffer.from('SQLite format 3\0');
const leafTable = 0x0d;
const interiorTable = 0x05;
/** Deeper than the b-tree of any table that a file can hold. */
const maxDepth = 40;
/** SQLite's own limit unless it is built otherwise. */
const mostColumns = 2000;

/** Whether a file is a database of SQLite. */
export function isSqlite(file: Buffer): boolean {
  return file.subarray(0, magic.length).equals(magic);
}

/**
 * The blobs in the last column of all rows of one table; undefined for a page without any and for a row of
 * another table, so that whoever asks can pause. No index, no journal and no
 * write-ahead log is read: a database at rest has none.
 * Source: "Database File Format" of SQLite 3, sections 1.3, 1.5, 1.6 and 2.1. Throws `packageListBad`.
 */
export function* sqliteBlobs(
  file: Buffer,
  { table, name }: { readonly table: string; readonly name: string },
): Generator<Buffer | undefined, void, undefined> {
  const pages = new SqlitePages(file, name);
  for (const record of pages.rows(1)) {
    const [type, called, , rootPage] = record === undefined ? [] : pages.columnsOf(record);
    if (text(type) !== 'table' || text(called) !== table) {
      yield undefined;
      continue;
    }
    if (typeof rootPage !== 'number') throw pages.bad('its table has no place');
    for (const row of pages.rows(rootPage)) {
      const last = row && pages.columnsOf(row).at(-1);
      yield Buffer.isBuffer(last) ? last : undefined;
    }
    return;
  }
  throw pages.bad(`it has no table ${table}`);
}

type Column = Buffer | number | undefined;

function text(column: Column): string | undefined {
  return Buffer.isBuffer(column) ? column.toString('utf8') : undefined;
}

class SqlitePages {
  readonly #file: Buffer;
  readonly #name: string;
  readonly #pageBytes: number;
  readonly #usableBytes: number;
  readonly #visited = new Set<number>();
  #gatheredBytes = 0;

  constructor(file: Buffer, name: string) {
    this.#file = file;
    this.#name = name;
    if (file.length < 512) throw this.bad('it is cut off');
    const stated = file.readUInt16BE(16);
    this.#pageBytes = stated === 1 ? 65_536 : stated;
    this.#usableBytes = this.#pageBytes - (file[20] ?? 0);
    if (this.#pageBytes < 512 || this.#usableBytes < 480) throw this.bad('its pages have no possible size');
  }

  bad(reason: string): Error {
    return failure('packageListBad', { name: this.#name, reason });
  }

  /** The records of a table's b-tree. */
  *rows(root: number, depth = 0): Generator<Buffer | undefined, void, undefined> {
    if (this.#visited.has(root) || depth > maxDepth) throw this.bad('its tables refer to themselves');
    this.#visited.add(root);
    const page = this.#page(root);
    const start = root === 1 ? 100 : 0;
    const kind = page[start];
    if (kind !== leafTable && kind !== interiorTable) throw this.bad('a page is of the wrong kind');
    const count = page.readUInt16BE(start + 3);
    const cells = start + (kind === leafTable ? 8 : 12);
    if (cells + 2 * count > page.length) throw this.bad('a page is damaged');
    for (let cell = 0; cell < count; cell++) {
      const at = page.readUInt16BE(cells + 2 * cell);
      if (kind === leafTable) yield this.#record(page, at);
      else yield* this.rows(this.#uint32(page, at), depth + 1);
    }
    if (kind === interiorTable) yield* this.rows(page.readUInt32BE(start + 8), depth + 1);
    yield undefined;
  }

  columnsOf(record: Buffer): readonly Column[] {
    const header = this.#varint(record, 0);
    if (header.value > record.length) throw this.bad('a row is damaged');
    const columns: Column[] = [];
    let at = header.value;
    for (let next = header.length; next < header.value;) {
      const type = this.#varint(record, next);
      next += type.length;
      const length = lengthOf(type.value);
      const bytes = record.subarray(at, at + length);
      if (bytes.length < length) throw this.bad('a row is cut off');
      if (columns.push(valueOf(type.value, bytes)) > mostColumns)
        throw this.bad('a row has too many columns');
      at += length;
    }
    return columns;
  }

  /** The payload of a cell: what fits into the page, and the rest on a chain of other pages. */
  #record(page: Buffer, at: number): Buffer {
    const size = this.#varint(page, at);
    const rowId = this.#varint(page, at + size.length);
    const start = at + size.length + rowId.length;
    if (size.value > this.#file.length) throw this.bad('a row is longer than the file');
    this.#gatheredBytes += size.value;
    if (this.#gatheredBytes > this.#file.length) throw this.bad('its rows share their bytes');
    const most = this.#usableBytes - 35;
    if (size.value <= most) return this.#slice(page, start, size.value);
    const least = Math.floor(((this.#usableBytes - 12) * 32) / 255) - 23;
    const fitting = least + ((size.value - least) % (this.#usableBytes - 4));
    const here = fitting <= most ? fitting : least;
    const pieces = [this.#slice(page, start, here)];
    let gathered = here;
    for (let number = this.#uint32(page, start + here); gathered < size.value;) {
      const overflow = this.#page(number);
      const piece = overflow.subarray(4, Math.min(this.#usableBytes, 4 + size.value - gathered));
      pieces.push(piece);
      gathered += piece.length;
      number = overflow.readUInt32BE(0);
    }
    return Buffer.concat(pieces, size.value);
  }

  #page(number: number): Buffer {
    const start = (number - 1) * this.#pageBytes;
    const page = this.#file.subarray(Math.max(start, 0), start + this.#pageBytes);
    if (number < 1 || page.length < this.#pageBytes) throw this.bad('it is cut off');
    return page;
  }

  #slice(page: Buffer, start: number, length: number): Buffer {
    if (start + length > page.length) throw this.bad('a row is cut off');
    return page.subarray(start, start + length);
  }

  #uint32(page: Buffer, at: number): number {
    return this.#slice(page, at, 4).readUInt32BE(0);
  }

  /** Up to nine bytes of seven bits, the last one of eight. */
  #varint(bytes: Buffer, at: number): { readonly value: number; readonly length: number } {
    let value = 0;
    for (let length = 1; length <= 9; length++) {
      const byte = bytes[at + length - 1];
      if (byte === undefined) throw this.bad('a number is cut off');
      value = length === 9 ? value * 256 + byte : value * 128 + (byte & 0x7f);
      if (byte < 0x80 || length === 9) return { value, length };
    }
    throw this.bad('a number is cut off');
  }
}

/** Bytes of a value of a serial type. */
function lengthOf(type: number): number {
  if (type >= 12) return Math.floor((type - 12) / 2);
  return [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0][type] ?? 0;
}

function valueOf(type: number, bytes: Buffer): Column {
  if (type >= 12) return bytes;
  if (type >= 1 && type <= 5) return bytes.readIntBE(0, bytes.length);
  if (type === 6) return Number(bytes.readBigInt64BE(0));
  return type === 8 || type === 9 ? type - 8 : undefined;
}
