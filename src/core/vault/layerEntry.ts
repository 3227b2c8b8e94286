import { hash } from 'node:crypto';
import * as z from 'zod';
import type { TarEntry } from '../archive/tarHeader.ts';
import type { TarEvent } from '../archive/tarScanner.ts';
import { hexOf, Hasher } from '../digest.ts';
import { parseJson } from '../oci/parseJson.ts';

/** As Go, Docker and tar write extended attributes into PAX records. */
const xattrPrefix = 'SCHILY.xattr.';

/** Far above what a path of 64 KiB and a megabyte of extended attributes need. */
export const maxLineBytes = 8 << 20;

const count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/);

const layerEntry = z.object({
  path: z.string(),
  rawPath: base64.optional(),
  type: z.enum(['file', 'directory', 'symlink', 'hardlink', 'char-device', 'block-device', 'fifo', 'other']),
  mode: count.max(0o7777),
  uid: z.number(),
  gid: z.number(),
  size: count,
  mtime: z.number(),
  link: z.string().optional(),
  rawLink: base64.optional(),
  device: z.tuple([count, count]).optional(),
  xattrs: z.record(z.string(), base64).optional(),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  sparse: z.literal(true).optional(),
  header: count,
  offset: count,
});

/** One entry of a layer's tar, as README.md describes it. Offsets count bytes of the plain tar. */
export type LayerEntry = z.output<typeof layerEntry>;

/** Describes each entry out of a scanner's events, hashing its data on the way. */
export class EntryLines {
  #hasher: Hasher | undefined;
  #sha256: string | undefined;
  #entry: TarEntry | undefined;

  /** The line of an entry that has ended with this event, line feed included. */
  take(event: TarEvent): string | undefined {
    const entry = this.takeEntry(event);
    return entry && `${JSON.stringify(entry)}\n`;
  }

  /** The entry that has ended with this event. */
  takeEntry(event: TarEvent): LayerEntry | undefined {
    switch (event.kind) {
      case 'entry':
        this.#entry = event.entry;
        this.#sha256 = this.#hasher = undefined;
        return undefined;
      case 'data':
        // Most files come in one piece, and hashing that at once is twice as fast.
        if (event.bytes.length === this.#entry?.sizeBytes) this.#sha256 = hash('sha256', event.bytes);
        else (this.#hasher ??= new Hasher()).update(event.bytes);
        return undefined;
      case 'entryEnd':
        return layerEntryOf(event.entry, this.#digest(event.entry));
    }
  }

  #digest(entry: TarEntry): string | undefined {
    if (this.#hasher) return hexOf(this.#hasher.digest());
    if (this.#sha256 === undefined && entry.type === 'file') return hash('sha256', '');
    return this.#sha256;
  }
}

/** An entry before its data was seen. */
export function entryBeforeData(entry: TarEntry): LayerEntry {
  return layerEntryOf(entry, undefined);
}

/** The entry in a line; throws `badJson`. */
export function parseLayerEntry(line: Uint8Array, where: string): LayerEntry {
  return parseJson(line, layerEntry, where, { maxBytes: maxLineBytes, maxDepth: 4 });
}

/** How the line of a path starts, whatever else it holds. */
export function lineStart(path: string): Buffer {
  return Buffer.from(`{"path":${JSON.stringify(path)},`);
}

const pathStart = Buffer.from('{"path":"');

/** The path in a line, without parsing the rest; undefined where the line does not start with one. */
export function pathInLine(line: Buffer): string | undefined {
  if (!line.subarray(0, pathStart.length).equals(pathStart)) return undefined;
  const end = line.indexOf('",', pathStart.length);
  if (end < 0) return undefined;
  const text = line.toString('utf8', pathStart.length, end);
  // A quote in the path is escaped, and then the end that was found may not be the end.
  return text.includes('\\') ? undefined : text;
}

/** `path` comes first: {@link lineStart} finds it without parsing. */
function layerEntryOf(entry: TarEntry, sha256: string | undefined): LayerEntry {
  const xattrs = xattrsOf(entry.pax);
  return {
    path: entry.path,
    ...(entry.rawPath && { rawPath: Buffer.from(entry.rawPath).toString('base64') }),
    type: entry.type,
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    size: entry.sizeBytes,
    mtime: entry.mtime,
    ...(entry.linkPath !== '' && { link: entry.linkPath }),
    ...(entry.rawLinkPath && { rawLink: Buffer.from(entry.rawLinkPath).toString('base64') }),
    ...(entry.device && { device: [...entry.device] }),
    ...(xattrs && { xattrs }),
    ...(sha256 !== undefined && { sha256 }),
    ...(entry.isSparse && { sparse: true as const }),
    header: entry.headerOffset,
    offset: entry.dataOffset,
  };
}

function xattrsOf(pax: ReadonlyMap<string, Uint8Array>): Record<string, string> | undefined {
  const found = [...pax].flatMap(([key, value]) =>
    key.startsWith(xattrPrefix)
      ? [[key.slice(xattrPrefix.length), Buffer.from(value).toString('base64')] as const]
      : [],
  );
  return found.length === 0 ? undefined : Object.fromEntries(found);
}
