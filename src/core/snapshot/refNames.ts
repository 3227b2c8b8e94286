import { shortDigest } from '../digest.ts';
import type { SnapshotSource } from './snapshot.ts';

const maxBaseLength = 180;
/** Vaults of the first days have an `@` before the time. */
const timeAtEnd = /[@:-](\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z(?:-\d+)?$/;

/**
 * How a source is named in a vault: an image by its own name, everything else with its kind before it. Source of the
 * characters: image-spec v1.1 annotations.md, "org.opencontainers.image.ref.name".
 */
export function sourceRef({ kind, name }: Pick<SnapshotSource, 'kind' | 'name'>): string {
  const isId = /^sha256:[0-9a-f]{64}$/.test(name);
  const ref = specName(isId ? shortDigest(name) : name);
  if (kind !== 'image') return `${kind}/${ref}`;
  return isId ? `image/${ref}` : ref;
}

/**
 * A snapshot's name: its source, with the UTC time as its tag, or behind its tag, and a number after that where
 * `isTaken` says so. `app:1.4-20261121T081500Z` and `volume/data:20261121T081500Z` are names that Podman takes for an
 * image as well; with an `@` before the time it would look for a digest there.
 */
export function snapshotRef(
  source: Pick<SnapshotSource, 'kind' | 'name'>,
  createdMs: number,
  isTaken: (refName: string) => boolean,
): string {
  const time = new Date(createdMs).toISOString().replace(/\.\d+|[-:]/g, '');
  const ref = sourceRef(source);
  const hasTag = ref.slice(ref.lastIndexOf('/') + 1).includes(':');
  const base = `${ref}${hasTag ? '-' : ':'}${time}`;
  if (!isTaken(base)) return base;
  for (let number = 2; ; number += 1) if (!isTaken(`${base}-${number}`)) return `${base}-${number}`;
}

/** The time in a name that {@link snapshotRef} made, in milliseconds since 1970. */
export function timeInRef(refName: string): number | undefined {
  const match = timeAtEnd.exec(refName);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const time = Date.parse(
    `${year ?? ''}-${month ?? ''}-${day ?? ''}T${hour ?? ''}:${minute ?? ''}:${second ?? ''}Z`,
  );
  return Number.isNaN(time) ? undefined : time;
}

/** The source in a name that {@link snapshotRef} made; a name of another form as it is. */
export function sourceInRef(refName: string): string {
  return refName.replace(timeAtEnd, '');
}

/** `name` in the characters that the spec allows: words of letters and digits, one separator between two. */
function specName(name: string): string {
  const parts = name
    .slice(0, maxBaseLength)
    .split('/')
    .map((part) =>
      part
        .replace(/[^A-Za-z0-9._:@+-]+/g, '-')
        .replace(/([._:@+-])[._:@+-]+/g, '$1')
        .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, ''),
    )
    .filter((part) => part !== '');
  return parts.length === 0 ? 'unnamed' : parts.join('/');
}
