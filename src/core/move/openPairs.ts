import { failure } from '../errors.ts';
import type { SnapshotVolume } from '../snapshot/snapshot.ts';
import { contentOf } from '../volumes/fillVolume.ts';
import { withOpenVolume } from '../volumes/openVolume.ts';
import type { MoveRun } from './moveRun.ts';
import { hasOwnData } from './sourceProblems.ts';
import { listVolume } from './volumeListing.ts';
import { copyVolume, type VolumePair } from './volumePasses.ts';

/** A volume's names on both engines. */
export interface PairNames {
  readonly here: string;
  readonly there: string;
}

/** Does `work` with volumes open on both engines, so that nothing stands still for what can be made ready before. */
export async function withOpenPairs<T>(
  run: Pick<MoveRun, 'source' | 'target' | 'operation'>,
  names: readonly PairNames[],
  work: (pairs: readonly VolumePair[]) => Promise<T>,
): Promise<T> {
  const { signal } = run.operation;
  const next = async (index: number, open: readonly VolumePair[]): Promise<T> => {
    const pair = names[index];
    if (pair === undefined) return await work(open);
    const here = { kind: 'volume', name: pair.here, access: 'read' } as const;
    const there = { kind: 'volume', name: pair.there, access: 'write' } as const;
    return await withOpenVolume(run.source, here, signal, (source) =>
      withOpenVolume(run.target, there, signal, (target) => next(index + 1, [...open, { source, target }])),
    );
  };
  return await next(0, []);
}

/** The first pass over a volume, into one that was just made. Rejects with `volumeNotEmpty` where it holds something. */
export async function fillFromSource(
  run: Pick<MoveRun, 'source' | 'target' | 'operation' | 'listed'>,
  { document }: SnapshotVolume,
  there: string,
): Promise<void> {
  if (!hasOwnData(document)) return;
  await withOpenPairs(run, [{ here: document.name, there }], async ([pair]) => {
    if (pair === undefined) return;
    const left = await contentOf(pair.target, run.operation.signal);
    if (left !== undefined) throw failure('volumeNotEmpty', { name: there, path: left });
    await copyVolume(pair, run.operation);
    const listing = await listVolume(pair.target, run.operation, { others: run.listed.values() });
    if (listing !== undefined) run.listed.set(there, listing);
  });
}
