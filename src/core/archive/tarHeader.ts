import { isUtf8 } from 'node:buffer';

/** Tar works in blocks of 512 bytes. Source: POSIX.1-2017, pax, "ustar Interchange Format". */
export const blockBytes = 512;

export type TarEntryType =
  'file' | 'directory' | 'symlink' | 'hardlink' | 'char-device' | 'block-device' | 'fifo' | 'other';

/** One entry of a tar, PAX records and GNU long names applied. Sizes and offsets are bytes. */
export interface TarEntry {
  readonly path: string;
  /** The path as it stands in the tar, present only when that is not UTF-8. */
  readonly rawPath?: Uint8Array;
  readonly type: TarEntryType;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of data that follow the header; 0 for everything that has none. */
  readonly sizeBytes: number;
  /** Seconds since 1970, with a fraction where PAX gives one. */
  readonly mtime: number;
  /** Target of a symlink (as written) or of a hardlink (a path in the tar); empty for others. */
  readonly linkPath: string;
  /** The target as it stands in the tar, present only when that is not UTF-8. */
  readonly rawLinkPath?: Uint8Array;
  /** Major and minor number; only for character and block devices. */
  readonly device?: readonly [number, number];
  /** The PAX records of this entry, global ones included. Values may be binary (xattrs). */
  readonly pax: ReadonlyMap<string, Uint8Array>;
  /** Whether the data is a map of holes and pieces rather than the file's content. */
  readonly isSparse: boolean;
  /** Where the first header block that belongs to the entry starts, PAX and long-name blocks included. */
  readonly headerOffset: number;
  readonly dataOffset: number;
}

/** A header block as it stands, before PAX records are applied. */
export interface RawHeader {
  readonly typeFlag: string;
  readonly path: Uint8Array;
  readonly linkPath: Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly mtime: number;
  /** Major and minor number; means something for devices only, and other writers may leave rubbish there. */
  readonly device: () => readonly [number, number];
  /** GNU sparse only: whether blocks with more of the map follow. */
  readonly hasMoreSparseBlocks: boolean;
}

/** Why a header block is not one; the scanner adds the archive's name and the place. */
export class BadHeader extends Error {}

/** Whether every byte is zero. */
export function isZero(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte !== 0) return false;
  return true;
}

const posixMagic = Buffer.from('ustar\0');
const noBytes = Buffer.alloc(0);
const checksumStart = 148;
const checksumLength = 8;

/** Reads one header block; names in it are parts of the block, not copies. Throws {@link BadHeader}. */
export function parseHeader(block: Buffer): RawHeader {
  checkSum(block);
  const isPosix = block.compare(posixMagic, 0, posixMagic.length, 257, 263) === 0;
  const prefix = isPosix ? textField(block, 345, 155) : noBytes;
  const name = textField(block, 0, 100);
  return {
    typeFlag: String.fromCharCode(block[156] ?? 0),
    path: prefix.length > 0 ? Buffer.concat([prefix, Buffer.from('/'), name]) : name,
    linkPath: textField(block, 157, 100),
    mode: numberField(block, 100, 8, 'mode') & 0o7777,
    uid: numberField(block, 108, 8, 'uid'),
    gid: numberField(block, 116, 8, 'gid'),
    sizeBytes: numberField(block, 124, 12, 'size'),
    mtime: numberField(block, 136, 12, 'mtime'),
    device: () => [numberField(block, 329, 8, 'device number'), numberField(block, 337, 8, 'device number')],
    hasMoreSparseBlocks: block[482] === 1,
  };
}

/**
 * Reads PAX records (`<length> <key>=<value>\n`, the length counting the whole record) into `records`; an empty
 * value removes a key. Throws {@link BadHeader}.
 */
export function parsePaxRecords(body: Buffer, records: Map<string, Uint8Array>): void {
  let offset = 0;
  while (offset < body.length) {
    const space = body.indexOf(0x20, offset);
    const length = space < 0 || space - offset > 9 ? NaN : decimal(body.toString('latin1', offset, space));
    const end = offset + length;
    if (!(end > space + 1 && end <= body.length) || body[end - 1] !== 0x0a)
      throw new BadHeader('a PAX record of wrong length');
    const equals = body.indexOf(0x3d, space + 1);
    if (equals < 0 || equals >= end) throw new BadHeader('a PAX record without "="');
    const key = body.toString('utf8', space + 1, equals);
    const value = body.subarray(equals + 1, end - 1);
    if (value.length === 0) records.delete(key);
    else records.set(key, value);
    offset = end;
  }
}

/** The number in a PAX value; throws {@link BadHeader} for what is not a plain decimal. */
export function paxNumber(value: Uint8Array, key: string): number {
  const text = Buffer.from(value).toString('latin1');
  const number = /^-?\d+(\.\d*)?$/.test(text) ? Number(text) : NaN;
  if (!Number.isFinite(number)) throw new BadHeader(`a PAX ${key} that is not a number`);
  return number;
}

/** The text of a name, and its bytes when they are not UTF-8. */
export function nameOf(bytes: Uint8Array): { readonly text: string; readonly raw?: Uint8Array } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const text = buffer.toString('utf8');
  return isUtf8(buffer) ? { text } : { text, raw: Uint8Array.from(buffer) };
}

/** What a type flag means. A directory of the oldest format is a file whose name ends in a slash. */
export function entryTypeOf(typeFlag: string, path: string): TarEntryType {
  switch (typeFlag) {
    case '0':
    case '\0':
    case '7':
    case 'S':
      return typeFlag === '\0' && path.endsWith('/') ? 'directory' : 'file';
    case '1':
      return 'hardlink';
    case '2':
      return 'symlink';
    case '3':
      return 'char-device';
    case '4':
      return 'block-device';
    case '5':
      return 'directory';
    case '6':
      return 'fifo';
    default:
      return 'other';
  }
}

/** The sum of all bytes with the checksum field taken as spaces; very old writers summed signed bytes. */
function checkSum(block: Buffer): void {
  const stated = octal(block, checksumStart, checksumLength);
  let unsigned = checksumLength * 0x20;
  let high = 0;
  for (let at = 0; at < blockBytes; at++) {
    if (at === checksumStart) at += checksumLength;
    const byte = block[at] ?? 0;
    unsigned += byte;
    high += byte >> 7;
  }
  if (stated !== unsigned && stated !== unsigned - 256 * high) throw new BadHeader('wrong checksum');
}

function textField(block: Buffer, start: number, length: number): Buffer {
  let end = start;
  while (end < start + length && block[end] !== 0) end++;
  return block.subarray(start, end);
}

function numberField(block: Buffer, start: number, length: number, name: string): number {
  const first = block[start] ?? 0;
  const value = first & 0x80 ? base256(block, start, length) : octal(block, start, length);
  if (!Number.isSafeInteger(value)) throw new BadHeader(`its ${name} is not a number`);
  return value;
}

/** Digits between spaces or NULs; 0 for a field without any. */
function octal(block: Buffer, start: number, length: number): number {
  const end = start + length;
  let at = start;
  while (at < end && isBlank(block[at])) at++;
  let value = 0;
  for (; at < end && !isBlank(block[at]); at++) {
    const digit = (block[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) return NaN;
    value = value * 8 + digit;
  }
  return value;
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0 || byte === 0x20;
}

/** GNU and star: the high bit marks a two's-complement big-endian number. */
function base256(block: Buffer, start: number, length: number): number {
  const isNegative = ((block[start] ?? 0) & 0x40) !== 0;
  let value = isNegative ? -1n : 0n;
  for (let i = 0; i < length; i++) {
    const byte = block[start + i] ?? 0;
    const bits = i === 0 ? (isNegative ? byte | 0x80 : byte & 0x7f) : byte;
    value = i === 0 ? BigInt(isNegative ? bits - 256 : bits) : (value << 8n) | BigInt(bits);
  }
  return Number(value);
}

function decimal(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : NaN;
}
