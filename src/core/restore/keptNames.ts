import type { LoadPlan } from './planLoad.ts';

export interface MovingTag {
  readonly tag: string;
  readonly currentId: string;
}

/** The names that other images would lose, each once. */
export function movingTags(plan: Pick<LoadPlan, 'images'>): readonly MovingTag[] {
  const moving = new Map<string, MovingTag>();
  for (const { tag, effect, currentId } of plan.images.flatMap(({ tags }) => tags)) {
    if (effect === 'move' && currentId !== undefined) moving.set(tag, { tag, currentId });
  }
  return [...moving.values()];
}

/** A tag is at most this long; source: distribution/reference, grammar. */
const longestTag = 128;

/**
 * For each name that moves, the one under which the image that loses it is kept: `app:1` ⇒ `app:1-before-20261121t0745z`.
 * Never a name that is taken: giving it away would lose another image.
 */
export function keptNames(
  moving: readonly MovingTag[],
  takenNames: readonly string[],
  stamp: string,
): ReadonlyMap<string, string> {
  const taken = new Set(takenNames);
  const kept = new Map<string, string>();
  for (const { tag: name } of moving) {
    const colon = name.indexOf(':', name.lastIndexOf('/') + 1);
    const [repository, tag] = colon === -1 ? [name, 'latest'] : [name.slice(0, colon), name.slice(colon + 1)];
    const proposals = (function* () {
      for (let number = 1; ; number += 1) {
        const ending = `-before-${stamp}${number === 1 ? '' : `-${number}`}`;
        yield `${repository}:${tag.slice(0, longestTag - ending.length)}${ending}`;
      }
    })();
    for (const proposal of proposals) {
      if (taken.has(proposal)) continue;
      taken.add(proposal);
      kept.set(name, proposal);
      break;
    }
  }
  return kept;
}
