import { compress } from '../archive/compress.ts';
import { decompressed } from '../archive/decompressed.ts';
import { Pacer } from '../archive/pacer.ts';
import { failure, reasonOf } from '../errors.ts';
import { EntryBatches, type EntrySequence } from '../layers/layerTree.ts';
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
export function unpackEntries(
  packed: Uint8Array,
  { name, entryCount }: { readonly name: string; readonly entryCount: number },
  signal: AbortSignal,
): EntryBatches {
  const damaged: Damaged = (reason, cause) => failure('badJson', { where: name, reason }, cause);
  const faults = { tooLong: () => damaged('a line is too long'), cut: () => damaged('its last line is cut') };
  return new EntryBatches(async function* () {
    const pacer = new Pacer();
    let count = 0;
    const plain = decompressed(pieces(packed), 'zstd', { name, signal });
    for await (const lines of linesOf(plain, maxLineBytes, faults))
      for (const line of lines) {
        if (pacer.isDue) {
          await pacer.pause();
          signal.throwIfAborted();
        }
        const rows = rowsOf(line, damaged);
        count += rows.length;
        yield rows.map((row) => entryOf(row, damaged));
      }
    if (count !== entryCount) throw damaged(`it has ${count} entries where ${entryCount} were stated`);
  });
}

type Damaged = (reason: string, cause?: unknown) => Error;

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

function rowsOf(line: Buffer, damaged: Damaged): readonly unknown[] {
  let rows: unknown;
  try {
    rows = JSON.parse(line.toString('utf8'));
  } catch (error) {
    throw damaged(reasonOf(error), error);
  }
  if (!Array.isArray(rows)) throw damaged('a line is no list');
  return rows;
}

function entryOf(row: unknown, damaged: Damaged): LayerEntry {
  if (!isRow(row)) throw damaged('a row is none');
  // Read by places: taking a list apart makes an iterator for each.
  const type = types[row[1]];
  if (type === undefined) throw damaged('a row is of no known type');
  const entry: LayerEntry = {
    path: row[0],
    type,
    mode: row[2],
    uid: row[3],
    gid: row[4],
    size: row[5],
    mtime: row[6],
    header: row[7],
    offset: row[8],
  };
  const sha256 = row[9];
  const link = row[10];
  const rare = row[11];
  if (sha256 !== '') entry.sha256 = sha256;
  if (link !== '') entry.link = link;
  return rare === undefined ? entry : { ...entry, ...rare };
}

/** By hand: the list has a checksum, and a parser that says where it fails takes ten times as long. */
function isRow(row: unknown): row is Row {
  if (!Array.isArray(row) || row.length < 11 || row.length > 12) return false;
  const cells: readonly unknown[] = row;
  const sha256 = cells[9];
  const rare = cells[11];
  return (
    typeof cells[0] === 'string' &&
    isCount(cells[1]) &&
    isCount(cells[2]) &&
    Number.isFinite(cells[3]) &&
    Number.isFinite(cells[4]) &&
    isCount(cells[5]) &&
    Number.isFinite(cells[6]) &&
    isCount(cells[7]) &&
    isCount(cells[8]) &&
    typeof sha256 === 'string' &&
    (sha256 === '' || sha256.length === 64) &&
    typeof cells[10] === 'string' &&
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
