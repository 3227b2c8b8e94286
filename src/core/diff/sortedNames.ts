import type { Pacer } from '../archive/pacer.ts';

/** So many names are sorted in well below 10 ms. */
const runLength = 4096;

/**
 * Names in the order of their code units. A folder with a hundred thousand names is sorted in runs that are then merged,
 * so that nobody waits for it.
 */
export async function sortedNames(names: Iterable<string>, pacer: Pacer): Promise<readonly string[]> {
  const all = [...names];
  if (all.length <= runLength) return all.sort();
  let runs: string[][] = [];
  for (let at = 0; at < all.length; at += runLength) {
    runs.push(all.slice(at, at + runLength).sort());
    await pacer.pause();
  }
  while (runs.length > 1) {
    const merged: string[][] = [];
    for (let at = 0; at < runs.length; at += 2)
      merged.push(await mergedRuns(runs[at] ?? [], runs[at + 1] ?? [], pacer));
    runs = merged;
  }
  return runs[0] ?? [];
}

async function mergedRuns(one: string[], other: readonly string[], pacer: Pacer): Promise<string[]> {
  if (other.length === 0) return one;
  const merged: string[] = [];
  let [at, otherAt] = [0, 0];
  for (;;) {
    const [first, second] = [one[at], other[otherAt]];
    if (first === undefined && second === undefined) return merged;
    if (second === undefined || (first !== undefined && first <= second)) {
      if (first !== undefined) merged.push(first);
      at += 1;
    } else {
      merged.push(second);
      otherAt += 1;
    }
    if (pacer.isDue) await pacer.pause();
  }
}
