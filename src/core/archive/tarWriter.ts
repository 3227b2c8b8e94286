import { blockBytes } from './tarHeader.ts';

/** An entry to be written. `sizeBytes` is that of the data that follows; only files have any. */
export interface TarEntryToWrite {
  readonly path: string;
  readonly type?: 'file' | 'directory' | 'symlink' | 'hardlink';
  readonly sizeBytes?: number;
  readonly mode?: number;
  /** Whole seconds since 1970; 0 when left out, so that the same input gives the same tar. */
  readonly mtime?: number;
  readonly linkPath?: string;
}

const typeFlags = { file: '0', hardlink: '1', symlink: '2', directory: '5' } as const;
const largestOctal = 0o77777777777;

/** The two zero blocks that end a tar. */
export const tarEnd: Uint8Array = Buffer.alloc(2 * blockBytes);

/**
 * The header of an entry: one ustar block, before it a PAX header when a name does not fit into its field. Sizes
 * over 8 GiB stand in base-256, which every reader of Docker archives understands. Owner is root.
 */
export function tarHeader(entry: TarEntryToWrite): Uint8Array {
  const pathBytes = Buffer.from(entry.path);
  const linkBytes = Buffer.from(entry.linkPath ?? '');
  const records: Buffer[] = [];
  if (pathBytes.length > 100) records.push(paxRecord('path', entry.path));
  if (linkBytes.length > 100) records.push(paxRecord('linkpath', entry.linkPath ?? ''));
  const header = headerBlock(entry, pathBytes, linkBytes, typeFlags[entry.type ?? 'file']);
  if (records.length === 0) return header;
  const body = Buffer.concat(records);
  const pax = headerBlock(
    { path: '', sizeBytes: body.length },
    Buffer.from('PaxHeaders/entry'),
    Buffer.alloc(0),
    'x',
  );
  return Buffer.concat([pax, body, tarPadding(body.length), header]);
}

/** The zeros that fill the last block of `sizeBytes` bytes of data. */
export function tarPadding(sizeBytes: number): Uint8Array {
  return Buffer.alloc((blockBytes - (sizeBytes % blockBytes)) % blockBytes);
}

/** Header, data and padding of a small file whose bytes are in memory. */
export function tarFile(path: string, data: Uint8Array | string): Uint8Array {
  const bytes = Buffer.from(data);
  return Buffer.concat([tarHeader({ path, sizeBytes: bytes.length }), bytes, tarPadding(bytes.length)]);
}

/** How many bytes a file takes in a tar written by {@link tarHeader}. */
export function tarredBytes(path: string, sizeBytes: number): number {
  return tarHeader({ path, sizeBytes }).length + sizeBytes + tarPadding(sizeBytes).length;
}

function headerBlock(entry: TarEntryToWrite, path: Buffer, link: Buffer, typeFlag: string): Buffer {
  const isFile = entry.type === undefined || entry.type === 'file';
  const block = Buffer.alloc(blockBytes);
  path.copy(block, 0, 0, 100);
  writeOctal(block, 100, 8, entry.mode ?? (entry.type === 'directory' ? 0o755 : 0o644));
  writeOctal(block, 108, 8, 0);
  writeOctal(block, 116, 8, 0);
  writeSize(block, isFile ? (entry.sizeBytes ?? 0) : 0);
  writeOctal(block, 136, 12, Math.max(0, Math.floor(entry.mtime ?? 0)));
  block.fill(0x20, 148, 156);
  block.write(typeFlag, 156, 'latin1');
  link.copy(block, 157, 0, 100);
  block.write('ustar\x0000', 257, 'latin1');
  writeOctal(block, 329, 8, 0);
  writeOctal(block, 337, 8, 0);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function writeOctal(block: Buffer, at: number, length: number, value: number): void {
  block.write(value.toString(8).padStart(length - 1, '0') + '\0', at, 'latin1');
}

function writeSize(block: Buffer, sizeBytes: number): void {
  if (sizeBytes <= largestOctal) {
    writeOctal(block, 124, 12, sizeBytes);
    return;
  }
  block[124] = 0x80;
  block.writeBigUInt64BE(BigInt(sizeBytes), 128);
}

/** A record's length counts its own digits, so it is found by trying. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.from(` ${key}=${value}\n`);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}
