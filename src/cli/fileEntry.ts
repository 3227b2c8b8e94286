import { isRaw, pathBytes } from '../core/layers/entryNames.ts';
import type { FileEntry } from '../core/snapshotFiles/rootFiles.ts';
import { isoTime } from './isoTime.ts';

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
