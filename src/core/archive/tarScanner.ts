import { failure } from '../errors.ts';
import type { DrydockError } from '../errors.ts';
import { engineMessageIn } from './engineMessage.ts';
import {
  BadHeader,
  blockBytes,
  entryTypeOf,
  isZero,
  nameOf,
  parseHeader,
  parsePaxRecords,
  paxNumber,
} from './tarHeader.ts';
import type { RawHeader, TarEntry } from './tarHeader.ts';

export type TarEvent =
  | { readonly kind: 'entry'; readonly entry: TarEntry }
  /** A piece of the entry's data, a view of the chunk that was pushed. */
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  /** Every byte of the entry's data has been seen. */
  | { readonly kind: 'entryEnd'; readonly entry: TarEntry };

/** Guards against hostile tars. */
export interface TarLimits {
  readonly maxEntries: number;
  /** Bytes of one PAX header or GNU long name. */
  readonly maxRecordBytes: number;
  readonly maxPathBytes: number;
  /** Bytes of all global PAX headers of a tar. They count for every entry, so that each costs time there. */
  readonly maxGlobalBytes: number;
}

/** Far above what engines write: a layer of a million files, xattrs of 64 KiB, paths of 4 KiB. */
export const defaultTarLimits: TarLimits = {
  maxEntries: 4_000_000,
  maxRecordBytes: 1 << 20,
  maxPathBytes: 1 << 16,
  maxGlobalBytes: 1 << 14,
};

type State = 'header' | 'record' | 'sparseMap' | 'data' | 'padding' | 'secondZero' | 'after' | 'trailing';

const emptyPax: ReadonlyMap<string, Uint8Array> = new Map();
const tailBytes = 4096;
/** One for each of GNU's three ways to write sparse files as PAX records. */
const sparseKeys = ['GNU.sparse.major', 'GNU.sparse.map', 'GNU.sparse.numblocks'];
const endEvent = (entry: TarEntry): TarEvent => ({ kind: 'entryEnd', entry });

/**
 * Reads a tar as its bytes come: ustar, PAX, GNU long names and base-256 numbers, GNU sparse entries as stored.
 *
 * Nothing is guessed. A header must have its checksum, the two zero blocks must stand where a header would, and
 * after them only zeros may come: engines end a cut tar without an HTTP error, or write their error after it.
 * Memory is one block, one PAX record and a reference to the last chunk.
 */
export class TarScanner {
  readonly #name: string;
  readonly #limits: TarLimits;
  #state: State = 'header';
  /** Bytes seen before the current chunk's unread part. */
  #offset = 0;
  readonly #block = Buffer.alloc(blockBytes);
  #blockFill = 0;
  #record: Buffer = Buffer.alloc(0);
  #recordFill = 0;
  #recordFlag = '';
  /** Data or padding bytes that are still to come. */
  #left = 0;
  #entry: TarEntry | undefined;
  #entries = 0;
  #headerOffset = -1;
  #pax = new Map<string, Uint8Array>();
  readonly #globalPax = new Map<string, Uint8Array>();
  #globalBytes = 0;
  /** Bytes of the records that belong to the next entry. */
  #recordBytes = 0;
  #longPath: Uint8Array | undefined;
  #longLink: Uint8Array | undefined;
  #pendingSparse: RawHeader | undefined;
  #trailing: Buffer = Buffer.alloc(0);
  #trailingOffset = 0;
  #tail: Uint8Array = Buffer.alloc(0);

  /** `name` is what failures call the archive. */
  constructor(name: string, limits: TarLimits = defaultTarLimits) {
    this.#name = name;
    this.#limits = limits;
  }

  /** Entries seen so far. */
  get entryCount(): number {
    return this.#entries;
  }

  /** Whether a whole block has been a valid header or an end mark: before that it may be no tar at all. */
  get hasSeenHeader(): boolean {
    return (
      this.#entries > 0 || this.#headerOffset >= 0 || this.#state === 'secondZero' || this.#state === 'after'
    );
  }

  /** Takes the next bytes. The events must be read to the end before the next push. */
  *push(bytes: Uint8Array): Generator<TarEvent, void, undefined> {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#keepTail(chunk);
    let at = 0;
    while (at < chunk.length) {
      switch (this.#state) {
        case 'header':
        case 'secondZero':
        case 'sparseMap': {
          const taken = this.#fillBlock(chunk, at);
          at += taken;
          this.#offset += taken;
          if (this.#blockFill === blockBytes) {
            this.#blockFill = 0;
            yield* this.#takeBlock();
          }
          break;
        }
        case 'record': {
          const taken = chunk.copy(this.#record, this.#recordFill, at);
          at += taken;
          this.#offset += taken;
          this.#recordFill += taken;
          if (this.#recordFill === this.#record.length) this.#takeRecord();
          break;
        }
        case 'data': {
          const piece = chunk.subarray(at, at + this.#left);
          at += piece.length;
          this.#offset += piece.length;
          this.#left -= piece.length;
          yield { kind: 'data', bytes: piece };
          if (this.#left === 0) yield* this.#endEntry();
          break;
        }
        case 'padding': {
          const taken = Math.min(this.#left, chunk.length - at);
          at += taken;
          this.#offset += taken;
          this.#left -= taken;
          if (this.#left === 0) this.#state = 'header';
          break;
        }
        case 'after': {
          const rest = chunk.subarray(at);
          const zeros = leadingZeros(rest);
          at += zeros;
          this.#offset += zeros;
          if (zeros < rest.length) this.#startTrailing();
          break;
        }
        case 'trailing': {
          this.#trailing = Buffer.concat([this.#trailing, chunk.subarray(at)]);
          this.#offset += chunk.length - at;
          at = chunk.length;
          if (this.#trailing.length >= tailBytes) throw this.#trailingFailure();
          break;
        }
      }
    }
  }

  /** Says that no more bytes come; throws when the tar did not end as a tar must. */
  finish(): void {
    if (this.#state === 'after') return;
    if (this.#state === 'trailing') throw this.#trailingFailure();
    const message = engineMessageIn(this.#tail);
    if (message !== undefined) throw failure('archiveTrailing', { name: this.#name, reason: message });
    const isBetweenEntries = this.#state === 'header' && this.#blockFill === 0 && this.#headerOffset < 0;
    if (isBetweenEntries || this.#state === 'secondZero') throw failure('archiveNoEnd', { name: this.#name });
    const isInData = this.#state === 'data' || this.#state === 'padding';
    throw failure('archiveCut', {
      name: this.#name,
      entry:
        isInData && this.#entry ? this.#entry.path : `the header at byte ${this.#offset - this.#blockFill}`,
    });
  }

  #fillBlock(chunk: Buffer, at: number): number {
    const taken = chunk.copy(this.#block, this.#blockFill, at);
    this.#blockFill += taken;
    return taken;
  }

  *#takeBlock(): Generator<TarEvent, void, undefined> {
    if (this.#state === 'sparseMap') {
      if (this.#block[504] !== 1 && this.#pendingSparse) yield* this.#startEntry(this.#pendingSparse);
      return;
    }
    if (isZero(this.#block)) {
      if (this.#headerOffset >= 0)
        throw this.#badHeader(new BadHeader('a long name or PAX header without an entry'));
      this.#state = this.#state === 'secondZero' ? 'after' : 'secondZero';
      return;
    }
    if (this.#state === 'secondZero' || this.#block[0] === 0x7b) {
      const looksLikeHeader = this.#state === 'header' && isHeader(this.#block);
      if (!looksLikeHeader) {
        this.#offset -= blockBytes;
        this.#startTrailing();
        this.#trailing = Buffer.from(this.#block);
        this.#offset += blockBytes;
        return;
      }
    }
    if (this.#headerOffset < 0) this.#headerOffset = this.#offset - blockBytes;
    const header = this.#attempt(() => parseHeader(this.#block));
    switch (header.typeFlag) {
      case 'x':
      case 'X':
      case 'g':
      case 'L':
      case 'K':
        this.#startRecord(header);
        break;
      case 'S':
        if (header.hasMoreSparseBlocks) {
          // The block it is read from is filled with the rest of the map next.
          this.#pendingSparse = parseHeader(Buffer.from(this.#block));
          this.#state = 'sparseMap';
        } else yield* this.#startEntry(header);
        break;
      case 'M':
      case 'V':
      case 'D':
        throw failure('archiveUnsupported', { name: this.#name, what: 'a multi-volume or incremental tar' });
      default:
        yield* this.#startEntry(header);
    }
  }

  #startRecord(header: RawHeader): void {
    const { maxRecordBytes, maxGlobalBytes } = this.#limits;
    if (header.sizeBytes < 0 || header.sizeBytes > maxRecordBytes)
      throw this.#tooLarge(`a header record of ${header.sizeBytes} bytes`);
    // A header counts as well: a tar of nothing but empty records would go on without an entry.
    if (header.typeFlag === 'g') this.#globalBytes += header.sizeBytes + blockBytes;
    else this.#recordBytes += header.sizeBytes + blockBytes;
    if (this.#recordBytes > 4 * maxRecordBytes || this.#globalBytes > maxGlobalBytes)
      throw this.#tooLarge('more header records than any entry needs');
    this.#recordFlag = header.typeFlag;
    this.#left = header.sizeBytes;
    this.#record = Buffer.alloc(Math.ceil(header.sizeBytes / blockBytes) * blockBytes);
    this.#recordFill = 0;
    this.#state = 'record';
    if (header.sizeBytes === 0) this.#takeRecord();
  }

  #takeRecord(): void {
    const body = this.#record.subarray(0, this.#left);
    this.#state = 'header';
    const nul = body.indexOf(0);
    const text = nul < 0 ? body : body.subarray(0, nul);
    if (this.#recordFlag === 'L') this.#longPath = text;
    else if (this.#recordFlag === 'K') this.#longLink = text;
    else if (this.#recordFlag === 'g') {
      this.#attempt(() => {
        parsePaxRecords(body, this.#globalPax);
      });
      // Global records are a block of their own, not a part of the entry that follows.
      this.#headerOffset = -1;
    } else
      this.#attempt(() => {
        parsePaxRecords(body, this.#pax);
      });
  }

  *#startEntry(header: RawHeader): Generator<TarEvent, void, undefined> {
    const entry = this.#attempt(() => this.#entryOf(header));
    if (++this.#entries > this.#limits.maxEntries)
      throw this.#tooLarge(`more than ${this.#limits.maxEntries} entries`);
    this.#entry = entry;
    this.#headerOffset = -1;
    this.#pax = new Map();
    this.#recordBytes = 0;
    this.#longPath = this.#longLink = this.#pendingSparse = undefined;
    this.#left = entry.sizeBytes;
    this.#state = 'data';
    yield { kind: 'entry', entry };
    if (this.#left === 0) yield* this.#endEntry();
  }

  *#endEntry(): Generator<TarEvent, void, undefined> {
    const entry = this.#entry;
    if (entry === undefined) return;
    this.#left = (blockBytes - (entry.sizeBytes % blockBytes)) % blockBytes;
    this.#state = this.#left === 0 ? 'header' : 'padding';
    yield endEvent(entry);
  }

  #entryOf(header: RawHeader): TarEntry {
    const pax = this.#mergedPax();
    const path = nameOf(pax.get('path') ?? this.#longPath ?? header.path);
    const link = nameOf(pax.get('linkpath') ?? this.#longLink ?? header.linkPath);
    if (path.text.length > this.#limits.maxPathBytes || link.text.length > this.#limits.maxPathBytes)
      throw this.#tooLarge('a path of more than ' + String(this.#limits.maxPathBytes) + ' bytes');
    const type = entryTypeOf(header.typeFlag, path.text);
    const isLink = type === 'symlink' || type === 'hardlink';
    const number = (key: string, otherwise: number): number => {
      const value = pax.get(key);
      return value === undefined ? otherwise : paxNumber(value, key);
    };
    const stated = number('size', header.sizeBytes);
    if (!Number.isSafeInteger(stated) || stated < 0 || !Number.isSafeInteger(this.#offset + stated))
      throw new BadHeader('an impossible size');
    return {
      path: path.text,
      ...(path.raw && { rawPath: path.raw }),
      type,
      mode: header.mode,
      uid: number('uid', header.uid),
      gid: number('gid', header.gid),
      // As Go's archive/tar, which the engines use: links, devices and directories never have data.
      sizeBytes: type === 'file' || type === 'other' ? stated : 0,
      mtime: number('mtime', header.mtime),
      linkPath: isLink ? link.text : '',
      ...(isLink && link.raw && { rawLinkPath: link.raw }),
      ...((type === 'char-device' || type === 'block-device') && { device: header.device() }),
      pax,
      isSparse: header.typeFlag === 'S' || sparseKeys.some((key) => pax.has(key)),
      headerOffset: this.#headerOffset,
      dataOffset: this.#offset,
    };
  }

  #mergedPax(): ReadonlyMap<string, Uint8Array> {
    if (this.#globalPax.size === 0) return this.#pax.size === 0 ? emptyPax : this.#pax;
    return new Map([...this.#globalPax, ...this.#pax]);
  }

  #startTrailing(): void {
    this.#state = 'trailing';
    this.#trailingOffset = this.#offset;
  }

  #trailingFailure(): DrydockError {
    const reason = engineMessageIn(this.#trailing) ?? `data at byte ${this.#trailingOffset}`;
    // A block that starts with "{" at the very first header is some other kind of file.
    if (this.#trailingOffset === 0) return this.#badHeader(new BadHeader('wrong checksum'), 0);
    return failure('archiveTrailing', { name: this.#name, reason });
  }

  #keepTail(chunk: Buffer): void {
    this.#tail =
      chunk.length >= tailBytes
        ? chunk.subarray(-tailBytes)
        : Buffer.concat([this.#tail, chunk]).subarray(-tailBytes);
  }

  #attempt<T>(parse: () => T): T {
    try {
      return parse();
    } catch (error) {
      throw error instanceof BadHeader ? this.#badHeader(error) : error;
    }
  }

  #badHeader(error: BadHeader, offset = this.#offset - blockBytes): DrydockError {
    return failure('archiveBadHeader', { name: this.#name, offset, reason: error.message });
  }

  #tooLarge(reason: string): DrydockError {
    return failure('archiveTooLarge', { name: this.#name, reason });
  }
}

function leadingZeros(bytes: Uint8Array): number {
  let count = 0;
  while (count < bytes.length && bytes[count] === 0) count++;
  return count;
}

function isHeader(block: Buffer): boolean {
  try {
    parseHeader(block);
    return true;
  } catch (error) {
    if (error instanceof BadHeader) return false;
    throw error;
  }
}
