import { isUtf8 } from 'node:buffer';

/**
 * How paths are written here: parts with `/` between them, none of them empty, `.` or `..`; the root is the empty
 * text. Names on Linux are bytes. One that is no UTF-8 is kept apart from every other: each byte that does not belong
 * there becomes a lone surrogate, U+DC00 and the byte, which no text from outside holds.
 */

/** The parts of a path of a tar; undefined where it would lead out of the root. */
export function partsOf(path: string): readonly string[] | undefined {
  const parts = path.split('/');
  // Most paths are plain, and this is asked of each of a hundred thousand.
  if (parts.at(-1) === '') parts.pop();
  if (parts.every((part) => part !== '' && part !== '.' && part !== '..')) return parts;
  return parts.includes('..') ? undefined : parts.filter((part) => part !== '' && part !== '.');
}

/** The path of an entry, told apart also where it is no UTF-8. */
export function exactPath({
  path,
  rawPath,
}: {
  readonly path: string;
  readonly rawPath?: string | undefined;
}): string {
  return rawPath === undefined ? path : textOf(Buffer.from(rawPath, 'base64'));
}

/** The bytes of a path that {@link exactPath} made. */
export function pathBytes(path: string): Buffer {
  if (!loneSurrogate.test(path)) return Buffer.from(path);
  return Buffer.concat(
    Array.from(path, (character) =>
      loneSurrogate.test(character) ? Buffer.of(character.charCodeAt(0) & 0xff) : Buffer.from(character),
    ),
  );
}

/** Whether a path is not UTF-8 where it comes from. */
export function isRaw(path: string): boolean {
  return loneSurrogate.test(path);
}

const loneSurrogate = /[\udc80-\udcff]/u;

function textOf(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const length = characterLength(bytes, at);
    text +=
      length === 0 ? String.fromCharCode(0xdc00 | (bytes[at] ?? 0)) : bytes.toString('utf8', at, at + length);
    at += Math.max(1, length);
  }
  return text;
}

/** Bytes of the character at `at`; 0 where there is none. */
function characterLength(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  const length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 0;
  return at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length)) ? length : 0;
}

/** What an entry of an image's layer stands for. Source: image-spec v1.1 layer.md, "Whiteouts". */
export type Meaning =
  | { readonly kind: 'entry'; readonly parts: readonly string[] }
  /** `.wh.NAME`: what the layers below have at `parts` is gone. */
  | { readonly kind: 'whiteout'; readonly parts: readonly string[] }
  /** `.wh..wh..opq`: what the layers below have in the folder `parts` is gone. */
  | { readonly kind: 'opaque'; readonly parts: readonly string[] };

const whiteoutPrefix = '.wh.';
const ownPrefix = '.wh..wh.';
const opaqueName = '.wh..wh..opq';

/** Undefined for what is no part of the file system: AUFS kept notes of its own under `.wh..wh.`. */
export function meaningOf(parts: readonly string[]): Meaning | undefined {
  if (!parts.some((part) => part.startsWith(whiteoutPrefix))) return { kind: 'entry', parts };
  const folder = parts.slice(0, -1);
  const name = parts.at(-1) ?? '';
  if (folder.some((part) => part.startsWith(ownPrefix))) return undefined;
  if (name === opaqueName) return { kind: 'opaque', parts: folder };
  if (name.startsWith(ownPrefix) || name === whiteoutPrefix) return undefined;
  return name.startsWith(whiteoutPrefix)
    ? { kind: 'whiteout', parts: [...folder, name.slice(whiteoutPrefix.length)] }
    : { kind: 'entry', parts };
}
