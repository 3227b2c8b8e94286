import { Pacer } from '../archive/pacer.ts';
import { blockBytes, type TarEntry } from '../archive/tarHeader.ts';
import { TarScanner } from '../archive/tarScanner.ts';
import { tarEnd, tarPadding } from '../archive/tarWriter.ts';
import { failure } from '../errors.ts';

/** How entries are named: the root folder's is `root` itself; empty where names start below it. */
export interface Renaming {
  readonly from: string;
  readonly to: string;
}

const typeFlags: Readonly<Record<TarEntry['type'], string | undefined>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  'char-device': '3',
  'block-device': '4',
  directory: '5',
  fifo: '6',
  other: undefined,
};
/** What the header's own fields hold; more goes into PAX records. */
const maxId = 0o7777777;
const maxNumber = 0o77777777777;
const nameBytes = 100;

/**
 * A volume's tar with other names, for an engine that names entries otherwise than the one it came from. Data, modes,
 * owners, times, devices and extended attributes stay; headers are written anew. `name` is for failures.
 */
export async function* renamedTar(
  bytes: AsyncIterable<Uint8Array>,
  renaming: Renaming,
  name: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const scanner = new TarScanner(name);
  const pacer = new Pacer();
  for await (const chunk of bytes) {
    for (const event of scanner.push(chunk)) {
      if (event.kind === 'entry') yield headersOf(event.entry, renaming, name);
      else if (event.kind === 'data') yield event.bytes;
      else if (event.entry.sizeBytes % blockBytes !== 0) yield tarPadding(event.entry.sizeBytes);
      if (pacer.isDue) await pacer.pause();
    }
  }
  scanner.finish();
  yield tarEnd;
}

/** The headers of an entry under another name; `from` may be empty, and then `to` is put before every name. */
export function headersOf(entry: TarEntry, renaming: Renaming, name: string): Buffer {
  const flag = typeFlags[entry.type];
  if (flag === undefined || entry.isSparse)
    throw failure('archiveUnsupported', { name, what: 'an entry that can’t be renamed' });
  const path = renamed(Buffer.from(entry.rawPath ?? entry.path), renaming);
  const link = Buffer.from(entry.rawLinkPath ?? entry.linkPath);
  const target = entry.type === 'hardlink' ? renamed(link, renaming) : link;
  const kept = [...entry.pax].filter(
    ([key]) => !['path', 'linkpath', 'size', 'uid', 'gid', 'mtime'].includes(key),
  );
  const records = new Map<string, Uint8Array>(kept);
  const addIf = (isNeeded: boolean, key: string, value: Buffer | number): void => {
    if (isNeeded) records.set(key, Buffer.from(typeof value === 'number' ? String(value) : value));
  };
  addIf(path.length > nameBytes, 'path', path);
  addIf(target.length > nameBytes, 'linkpath', target);
  addIf(entry.sizeBytes > maxNumber, 'size', entry.sizeBytes);
  addIf(entry.uid > maxId, 'uid', entry.uid);
  addIf(entry.gid > maxId, 'gid', entry.gid);
  addIf(!isPlain(entry.mtime), 'mtime', entry.mtime);
  const header = block({ ...entry, path, link: target, flag });
  if (records.size === 0) return header;
  const body = Buffer.concat([...records].map(([key, value]) => paxRecord(key, value)));
  const extended = { mode: 0o644, uid: 0, gid: 0, mtime: 0, sizeBytes: body.length };
  const before = block({
    ...extended,
    path: Buffer.from('PaxHeaders/entry'),
    link: Buffer.alloc(0),
    flag: 'x',
  });
  return Buffer.concat([before, body, tarPadding(body.length), header]);
}

/** The bytes of a name below another root; the root's own is `./` where names start below it. */
function renamed(path: Buffer, { from, to }: Renaming): Buffer {
  const bare = path.subarray(0, path.at(-1) === 0x2f ? -1 : undefined).toString('latin1');
  if (bare === from.replace(/\/$/, '') || bare === '.') return Buffer.from(to === '' ? './' : to);
  const below = path.toString('latin1').startsWith(from) ? path.subarray(from.length) : path;
  return Buffer.concat([Buffer.from(to), below]);
}

function isPlain(mtime: number): boolean {
  return Number.isInteger(mtime) && mtime >= 0 && mtime <= maxNumber;
}

interface Block {
  readonly path: Buffer;
  readonly link: Buffer;
  readonly flag: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly sizeBytes: number;
  readonly device?: readonly [number, number];
}

function block({ path, link, flag, mode, uid, gid, mtime, sizeBytes, device = [0, 0] }: Block): Buffer {
  const header = Buffer.alloc(blockBytes);
  const octal = (at: number, length: number, value: number): void => {
    header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  };
  path.copy(header, 0, 0, nameBytes);
  octal(100, 8, mode);
  octal(108, 8, Math.min(uid, maxId));
  octal(116, 8, Math.min(gid, maxId));
  octal(124, 12, Math.min(sizeBytes, maxNumber));
  octal(136, 12, isPlain(mtime) ? mtime : Math.min(Math.max(0, Math.floor(mtime)), maxNumber));
  header.fill(0x20, 148, 156);
  header.write(flag, 156, 'latin1');
  link.copy(header, 157, 0, nameBytes);
  header.write('ustar\x0000', 257, 'latin1');
  octal(329, 8, device[0]);
  octal(337, 8, device[1]);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
    'latin1',
  );
  return header;
}

/** A record's length counts its own digits, so it is found by trying. */
function paxRecord(key: string, value: Uint8Array): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}
