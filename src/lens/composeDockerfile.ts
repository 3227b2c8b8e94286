/** Where the Dockerfile of a Compose file's `build` lies. Plain data, without VS Code. */
import { posix } from 'node:path';
import type { ComposeService } from '../core/compose/composeServices.ts';

export interface ComposePlace {
  /** Paths as addresses have them: with slashes, and one before a drive's letter. */
  readonly folder: string;
  readonly home: string;
  /** Whether backslashes part folders. */
  readonly isWindows: boolean;
}

/**
 * The path of the Dockerfile, in the form of `folder`: the context starts at the folder of the Compose file, and the
 * Dockerfile at the context; either may lead above, or start at the root or at home. Undefined for a context that is
 * fetched from elsewhere, and for instructions that stand in the Compose file itself. Source: compose-spec, `build`.
 */
export function composeDockerfile(
  place: ComposePlace,
  build: NonNullable<ComposeService['build']>,
): string | undefined {
  const { context = '.', dockerfile = 'Dockerfile', isInline = false } = build;
  if (isInline || isRemote(context)) return undefined;
  return from(place, from(place, place.folder, context), dockerfile);
}

/** A letter alone before a colon is a drive. */
function isRemote(context: string): boolean {
  return /^[a-z][\w+.-]+:/i.test(context) || /^[\w.-]+@[\w.-]+:/.test(context);
}

function from({ home, isWindows }: ComposePlace, base: string, written: string): string {
  const path = isWindows ? written.replaceAll('\\', '/') : written;
  if (path === '~' || path.startsWith('~/')) return posix.join(home, path.slice(1));
  if (isWindows && /^[a-z]:\//i.test(path)) return posix.join('/', path);
  return path.startsWith('/') ? posix.normalize(path) : posix.join(base, path);
}
