import { failure } from '../errors.ts';

const hashMagic = 0x061561;
const pageHeaderBytes = 26;
/** Types of pages. */
const unsortedPage = 2;
const overflowPage = 7;
const sortedPage = 13;
/** Types of items: bytes in the page itself, and bytes on pages of their own. */
const inPage = 1;
const offPage = 3;
/** rpm notes the next number under the key 0, in four bytes; headers are longer. */
const shortestHeader = 16;

/** Whether a file is a hash of Berkeley DB, of either byte order. */
export function isBerkeleyHash(file: Buffer): boolean {
  return file.length >= 512 && (file.readUInt32LE(12) === hashMagic || file.readUInt32BE(12) === hashMagic);
}

/**
 * The values of a Berkeley DB hash, short ones left out; undefined for a page without any. Every hash page has a header
 * of 26 bytes, then the places of its items in pairs of key and value.
 * Source: Berkeley DB 5.3, dbinc/db_page.h. Throws `packageListBad`.
 */
export function* berkeleyValues(file: Buffer, name: string): Generator<Buffer | undefined, void, undefined> {
  const bad = (reason: string): Error => failure('packageListBad', { name, reason });
  const isLittle = file.readUInt32LE(12) === hashMagic;
  const uint32 = (bytes: Buffer, at: number): number =>
    isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
  const uint16 = (bytes: Buffer, at: number): number =>
    isLittle ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
  const pageBytes = uint32(file, 20);
  if (pageBytes < 512 || pageBytes > 65_536) throw bad('its pages have no possible size');
  if (file[24] !== 0) throw bad('it is encrypted');
  const pageAt = (number: number): Buffer => {
    const page = file.subarray(number * pageBytes, (number + 1) * pageBytes);
    if (page.length < pageBytes) throw bad('it is cut off');
    return page;
  };
  const last = uint32(file, 32);
  for (let number = 1; number <= last; number++) {
    const page = pageAt(number);
    if (page[25] !== unsortedPage && page[25] !== sortedPage) {
      yield undefined;
      continue;
    }
    const count = uint16(page, 20);
    if (pageHeaderBytes + 2 * count > pageBytes) throw bad('a page is damaged');
    for (let item = 1; item < count; item += 2) {
      const at = uint16(page, pageHeaderBytes + 2 * item);
      // Items are laid down from the page's end, so each one ends where the one before it begins.
      const end = uint16(page, pageHeaderBytes + 2 * (item - 1));
      if (at >= end || end > pageBytes) throw bad('a page is damaged');
      if (page[at] === inPage && end - at > shortestHeader) yield page.subarray(at + 1, end);
      else if (page[at] === offPage && end - at >= 12)
        yield chained(uint32(page, at + 4), uint32(page, at + 8));
    }
    yield undefined;
  }

  function chained(first: number, length: number): Buffer {
    if (length > file.length) throw bad('a value is longer than the file');
    const pieces: Buffer[] = [];
    let gathered = 0;
    for (let number = first; gathered < length;) {
      if (number === 0) throw bad('a value is cut off');
      // A circle of pages with a byte each would be gone round as often as the file has bytes.
      if (pieces.length * pageBytes >= file.length) throw bad('a value has more pages than the file');
      const page = pageAt(number);
      const bytes = uint16(page, 22);
      if (page[25] !== overflowPage || bytes === 0 || pageHeaderBytes + bytes > pageBytes)
        throw bad('a value is damaged');
      pieces.push(page.subarray(pageHeaderBytes, pageHeaderBytes + bytes));
      gathered += bytes;
      number = uint32(page, 16);
    }
    return Buffer.concat(pieces, length);
  }
}
