import { hexOf, type Digest } from '../digest.ts';
import { tagFor } from '../registry/remoteName.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';

/**
 * The tags that snapshots have in a repository where nobody gave one: their names, as near as tags come to them. Names
 * that come to the same tag get a part of the ID, so that none takes the place of another.
 */
export function pushTags(
  snapshots: readonly Pick<Snapshot, 'id' | 'refName'>[],
): ReadonlyMap<Digest, string> {
  const owners = new Map<string, Set<Digest>>();
  for (const { id, refName } of snapshots) {
    const tag = tagFor(refName);
    owners.set(tag, (owners.get(tag) ?? new Set()).add(id));
  }
  return new Map(
    snapshots.map(({ id, refName }) => {
      const tag = tagFor(refName);
      const isTaken = (owners.get(tag)?.size ?? 0) > 1;
      return [id, isTaken ? tagFor(`${tag.slice(-110)}-${hexOf(id).slice(0, 12)}`) : tag];
    }),
  );
}
