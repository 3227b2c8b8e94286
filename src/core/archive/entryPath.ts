import type { TarEntry } from './tarHeader.ts';

/** A path inside an archive without `.` parts and doubled slashes; nothing when it would lead out of it. */
export function safePath(path: string): string | undefined {
  if (path.startsWith('/') || path.includes('\0')) return undefined;
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return parts.includes('..') ? undefined : parts.join('/');
}

/** Where a link points, as a path inside the archive; nothing when that is outside. */
export function linkTarget(path: string, entry: TarEntry): string | undefined {
  if (entry.type === 'hardlink') return safePath(entry.linkPath);
  if (entry.linkPath.startsWith('/') || entry.linkPath.includes('\0')) return undefined;
  const parts = path.split('/').slice(0, -1);
  for (const part of entry.linkPath.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/');
}
