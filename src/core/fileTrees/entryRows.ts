import { compress } from '../archive/compress.ts';
import { decompressed } from '../archive/decompressed.ts';
import { Pacer } from '../archive/pacer.ts';
import { failure, reasonOf } from '../errors.ts';
import type { EntrySequence } from '../layers/layerTree.ts';
import type { LayerEntry } from '../vault/layerEntry.ts';
import { linesOf } from '../vault/lines.ts';

/**
 * The list of a layer's entries as the cache keeps it: zstd over lines, each a JSON list of some hundred rows. A row is
 * an entry with its fields in order: reading 100,000 of them that way takes a quarter of the time that one checked
 * object a line takes.
 */
type Row = readonly [
  path: string,
  /** Its place in {@link types}. */
  type: number,
  mode: number,
  uid: number,
  gid: number,
  size: number,
  mtime: number,
  header: number,
  offset: number,
  sha256: string,
  link: string,
  rare?: Pick<LayerEntry, 'rawPath' | 'rawLink' | 'device' | 'xattrs' | 'sparse'>,
];

const types = [
  'file',
  'directory',
  'symlink',
  'hardlink',
  'char-device',
  'block-device',
  'fifo',
  'other',
] as const satisfies readonly LayerEntry['type'][];

/** So many rows are parsed at once; some milliseconds. */
const rowsInLine = 400;
const lineBytes = 1 << 20;
/** One entry may have a megabyte of extended attributes and a path of as much. */
const maxLineBytes = 32 << 20;

/** Packs entries; their number is known at the end. Rejects as the sequence does. */
export async function* packEntries(
  entries: EntrySequence,
  onEntry: () => void,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const lines = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    const pacer = new Pacer();
    let rows: string[] = [];
    let length = 0;
    const line = (): Uint8Array => {
      const bytes = Buffer.from(`[${rows.join(',')}]\n`);
      rows = [];
      length = 0;
      return bytes;
    };
    for await (const entry of entries) {
      onEntry();
      const row = JSON.stringify(rowOf(entry));
      rows.push(row);
      length += row.length;
      if (rows.length >= rowsInLine || length >= lineBytes) yield line();
      if (pacer.isDue) {
        await pacer.pause();
        signal.throwIfAborted();
      }
    }
    if (rows.length > 0) yield line();
  };
  yield* compress(lines(), 'zstd', { signal });
}

/** The entries that {@link packEntries} packed. Fails with `badJson`, `archiveCorrupt` for what it did not. */
export async function* unpackEntries(
  packed: Uint8Array,
  { name, entryCount }: { readonly name: string; readonly entryCount: number },
  signal: AbortSignal,
): AsyncGenerator<LayerEntry, void, undefined> {
  const damaged = (reason: string, cause?: unknown): Error =>
    failure('badJson', { where: name, reason }, cause);
  const faults = { tooLong: () => damaged('a line is too long'), cut: () => damaged('its last line is cut') };
  const plain = decompressed(pieces(packed), 'zstd', { name, signal });
  const pacer = new Pacer();
  let count = 0;
  for await (const lines of linesOf(plain, maxLineBytes, faults))
    for (const line of lines) {
      if (pacer.isDue) {
        await pacer.pause();
        signal.throwIfAborted();
      }
      for (const row of rowsOf(line, damaged)) {
        count += 1;
        yield entryOf(row, damaged);
      }
    }
  if (count !== entryCount) throw damaged(`it has ${count} entries where ${entryCount} were stated`);
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += lineBytes)
    yield await Promise.resolve(bytes.subarray(at, at + lineBytes));
}

function rowOf(entry: LayerEntry): Row {
  const { path, type, mode, uid, gid, size, mtime, header, offset, sha256 = '', link = '' } = entry;
  const { rawPath, rawLink, device, xattrs, sparse } = entry;
  const isRare = [rawPath, rawLink, device, xattrs, sparse].some((one) => one !== undefined);
  const place = types.indexOf(type);
  if (!isRare) return [path, place, mode, uid, gid, size, mtime, header, offset, sha256, link];
  const rare = {
    ...(rawPath !== undefined && { rawPath }),
    ...(rawLink !== undefined && { rawLink }),
    ...(device && { device }),
    ...(xattrs && { xattrs }),
    ...(sparse && { sparse }),
  };
  return [path, place, mode, uid, gid, size, mtime, header, offset, sha256, link, rare];
}

function rowsOf(line: Buffer, damaged: (reason: string, cause?: unknown) => Error): readonly unknown[] {
  let rows: unknown;
  try {
    rows = JSON.parse(line.toString('utf8'));
  } catch (error) {
    throw damaged(reasonOf(error), error);
  }
  if (!Array.isArray(rows)) throw damaged('a line is no list');
  return rows;
}

function entryOf(row: unknown, damaged: (reason: string) => Error): LayerEntry {
  if (!isRow(row)) throw damaged('a row is none');
  const [path, place, mode, uid, gid, size, mtime, header, offset, sha256, link, rare] = row;
  const type = types[place];
  if (type === undefined) throw damaged('a row is of no known type');
  const usual = { path, type, mode, uid, gid, size, mtime, header, offset };
  if (rare === undefined && link === '') return sha256 === '' ? usual : { ...usual, sha256 };
  return { ...usual, ...(sha256 !== '' && { sha256 }), ...(link !== '' && { link }), ...rare };
}

/** By hand: the list has a checksum, and a parser that says where it fails takes ten times as long. */
function isRow(row: unknown): row is Row {
  if (!Array.isArray(row) || row.length < 11 || row.length > 12) return false;
  const cells: readonly unknown[] = row;
  const [path, type, mode, uid, gid, size, mtime, header, offset, sha256, link, rare] = cells;
  return (
    typeof path === 'string' &&
    isCount(type) &&
    isCount(mode) &&
    Number.isFinite(uid) &&
    Number.isFinite(gid) &&
    isCount(size) &&
    Number.isFinite(mtime) &&
    isCount(header) &&
    isCount(offset) &&
    typeof sha256 === 'string' &&
    (sha256 === '' || sha256.length === 64) &&
    typeof link === 'string' &&
    (rare === undefined || isRare(rare))
  );
}

function isRare(rare: unknown): boolean {
  if (typeof rare !== 'object' || rare === null) return false;
  return Object.entries(rare).every(([name, value]: [string, unknown]) => {
    switch (name) {
      case 'rawPath':
      case 'rawLink':
        return typeof value === 'string';
      case 'device':
        return Array.isArray(value) && value.length === 2 && value.every(isCount);
      case 'xattrs':
        return (
          typeof value === 'object' &&
          value !== null &&
          Object.values(value).every((one) => typeof one === 'string')
        );
      case 'sparse':
        return value === true;
      default:
        return false;
    }
  });
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
