import type { Pacer } from '../archive/pacer.ts';

/** So many pairs are compared one by one: 2,000 steps against 2,000. */
const mostPairs = 4_000_000;

/** A pair of places, one in each list, at which both have the same. */
export type CommonStep = readonly [left: number, right: number];

/**
 * A longest common subsequence of two lists of keys, in order.
 *
 * 1. What both begin and end with is common.
 * 2. Between that, the lengths of all pairs of rests are worked out.
 * 3. Where that would be too many, keys that each list has once are matched in the longest run that rises in both, and
 *    what neighbours them and is the same: right, but perhaps not the longest.
 */
export async function commonSteps(
  left: readonly string[],
  right: readonly string[],
  pacer: Pacer,
): Promise<readonly CommonStep[]> {
  let start = 0;
  while (start < left.length && start < right.length && left[start] === right[start]) start += 1;
  let tail = 0;
  const most = Math.min(left.length, right.length) - start;
  while (tail < most && left[left.length - 1 - tail] === right[right.length - 1 - tail]) tail += 1;
  const [one, other] = [left.slice(start, left.length - tail), right.slice(start, right.length - tail)];
  const middle =
    one.length * other.length <= mostPairs
      ? await longest(one, other, pacer)
      : await uniqueRun(one, other, pacer);
  return [
    ...Array.from({ length: start }, (_, at): CommonStep => [at, at]),
    ...middle.map(([at, otherAt]): CommonStep => [at + start, otherAt + start]),
    ...Array.from({ length: tail }, (_, at): CommonStep => [
      left.length - tail + at,
      right.length - tail + at,
    ]),
  ];
}

async function longest(
  left: readonly string[],
  right: readonly string[],
  pacer: Pacer,
): Promise<readonly CommonStep[]> {
  const width = right.length + 1;
  const lengths = new Uint16Array((left.length + 1) * width);
  for (let at = left.length - 1; at >= 0; at--) {
    for (let otherAt = right.length - 1; otherAt >= 0; otherAt--) {
      const here = at * width + otherAt;
      lengths[here] =
        left[at] === right[otherAt]
          ? (lengths[here + width + 1] ?? 0) + 1
          : Math.max(lengths[here + width] ?? 0, lengths[here + 1] ?? 0);
    }
    if (pacer.isDue) await pacer.pause();
  }
  const steps: CommonStep[] = [];
  for (let at = 0, otherAt = 0; at < left.length && otherAt < right.length;) {
    const here = at * width + otherAt;
    if (left[at] === right[otherAt]) steps.push([at++, otherAt++]);
    else if ((lengths[here + width] ?? 0) >= (lengths[here + 1] ?? 0)) at += 1;
    else otherAt += 1;
  }
  return steps;
}

async function uniqueRun(
  left: readonly string[],
  right: readonly string[],
  pacer: Pacer,
): Promise<readonly CommonStep[]> {
  const [inLeft, inRight] = [placesOfUnique(left), placesOfUnique(right)];
  const pairs: CommonStep[] = [];
  for (const [key, at] of inLeft) {
    const otherAt = inRight.get(key);
    if (otherAt !== undefined) pairs.push([at, otherAt]);
  }
  await pacer.pause();
  const anchors = risingRun(pairs);
  const steps: CommonStep[] = [];
  let [at, otherAt] = [0, 0];
  for (const [next, otherNext] of [...anchors, [left.length, right.length] as const]) {
    // From an anchor backwards, as far as the last one.
    const before: CommonStep[] = [];
    for (let back = 1; next - back >= at && otherNext - back >= otherAt; back++) {
      if (left[next - back] !== right[otherNext - back]) break;
      before.push([next - back, otherNext - back]);
    }
    steps.push(...before.reverse());
    if (next < left.length) steps.push([next, otherNext]);
    [at, otherAt] = [next + 1, otherNext + 1];
    if (pacer.isDue) await pacer.pause();
  }
  return steps;
}

function placesOfUnique(keys: readonly string[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  for (const [at, key] of keys.entries()) places.set(key, places.has(key) ? -1 : at);
  for (const [key, at] of places) if (at < 0) places.delete(key);
  return places;
}

/** The most pairs, sorted by their left place, whose right places rise too. */
function risingRun(pairs: readonly CommonStep[]): readonly CommonStep[] {
  const ends: number[] = [];
  const before: number[] = [];
  for (const [index, [, place]] of pairs.entries()) {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((pairs[ends[middle] ?? 0]?.[1] ?? 0) < place) low = middle + 1;
      else high = middle;
    }
    before.push(low > 0 ? (ends[low - 1] ?? -1) : -1);
    ends[low] = index;
  }
  const run: CommonStep[] = [];
  for (let index = ends.at(-1) ?? -1; index >= 0; index = before[index] ?? -1) {
    const pair = pairs[index];
    if (pair !== undefined) run.push(pair);
  }
  return run.reverse();
}
