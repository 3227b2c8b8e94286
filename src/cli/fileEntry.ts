import { isRaw, pathBytes } from '../core/layers/entryNames.ts';
import type { FileEntry } from '../core/snapshotFiles/rootFiles.ts';
import { isoTime } from './isoTime.ts';

const typeLetters: Readonly<Record<FileEntry['type'], string>> = {
  file: '-',
  hardlink: '-',
  directory: 'd',
  symlink: 'l',
  'char-device': 'c',
  'block-device': 'b',
  fifo: 'p',
  other: '?',
};

/** `drwxr-x--T`, as ls shows it. */
export function modeText({ type, mode }: Pick<FileEntry, 'type' | 'mode'>): string {
  const triple = (shift: number, special: number, letter: string): string => {
    const bits = (mode >> shift) & 7;
    const isSet = (mode & special) !== 0;
    const runs = (bits & 1) !== 0;
    const last = isSet ? (runs ? letter : letter.toUpperCase()) : runs ? 'x' : '-';
    return `${(bits & 4) === 0 ? '-' : 'r'}${(bits & 2) === 0 ? '-' : 'w'}${last}`;
  };
  return `${typeLetters[type]}${triple(6, 0o4000, 's')}${triple(3, 0o2000, 's')}${triple(0, 0o1000, 't')}`;
}

/** `2026-11-21 07:45:00`, UTC; a dash for a folder that no entry names. */
export function timeText(mtime: number | undefined): string {
  const iso = mtime === undefined ? null : isoTime(mtime * 1000);
  return iso === null ? '-' : iso.slice(0, 19).replace('T', ' ');
}

/** A file of a snapshot as `--json` prints it; `rawPath` has the bytes of a path that is no UTF-8, as base64. */
export function entryDocument(entry: FileEntry): Readonly<Record<string, unknown>> {
  return {
    path: `/${shownName(entry.path)}`,
    ...(isRaw(entry.path) && { rawPath: pathBytes(`/${entry.path}`).toString('base64') }),
    type: entry.type,
    mode: entry.mode.toString(8).padStart(4, '0'),
    uid: entry.uid,
    gid: entry.gid,
    sizeBytes: entry.sizeBytes,
    mtime: isoTime(entry.mtime === undefined ? undefined : entry.mtime * 1000),
    link: entry.link ?? null,
    sha256: entry.sha256 ?? null,
  };
}

/** A name as text: what is no UTF-8 in it becomes U+FFFD. */
export function shownName(name: string): string {
  return isRaw(name) ? pathBytes(name).toString('utf8') : name;
}
