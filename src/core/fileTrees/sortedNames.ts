import { Pacer } from '../archive/pacer.ts';

/** So many names are sorted at once, which takes some milliseconds. */
const runLength = 4_096;

/** Names in the order of their UTF-16 units; however many there are, nobody else waits long meanwhile. */
export async function sortedNames(names: readonly string[]): Promise<readonly string[]> {
  const pacer = new Pacer();
  let runs: (readonly string[])[] = [];
  for (let at = 0; at < names.length; at += runLength) {
    await pacer.pause();
    runs.push(names.slice(at, at + runLength).sort());
  }
  while (runs.length > 1) {
    const merged: (readonly string[])[] = [];
    for (let at = 0; at < runs.length; at += 2)
      merged.push(await mergedRuns(runs[at] ?? [], runs[at + 1] ?? [], pacer));
    runs = merged;
  }
  return runs[0] ?? [];
}

async function mergedRuns(
  some: readonly string[],
  others: readonly string[],
  pacer: Pacer,
): Promise<readonly string[]> {
  const all: string[] = [];
  let at = 0;
  for (const other of others) {
    for (let one = some[at]; one !== undefined && one <= other; one = some[at]) {
      all.push(one);
      at += 1;
    }
    all.push(other);
    if (pacer.isDue) await pacer.pause();
  }
  for (; at < some.length; at++) all.push(some[at] ?? '');
  return all;
}
