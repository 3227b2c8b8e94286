import { digestOf } from '../../src/core/digest.ts';
import type { Snapshot, SnapshotSource } from '../../src/core/snapshot/snapshot.ts';

/** A snapshot record as a vault's list gives it: of a volume named `data`, made a day before the tests' present. */
export function snapshotRecord(
  name: string,
  change: Partial<Omit<Snapshot, 'source'>> & { readonly source?: Partial<SnapshotSource> } = {},
): Snapshot {
  const { source, ...rest } = change;
  return {
    id: digestOf(name),
    sizeBytes: 500,
    refName: `${name}@20231114T221320Z`,
    createdMs: 1_700_000_000_000,
    plainBytes: 2_000_000,
    newBytes: 1_000,
    imageIds: [],
    tags: [],
    isPinned: false,
    remarkCount: 0,
    source: { kind: 'volume', name: 'data', engineId: 'engine-1', engineName: 'dock', ...source },
    ...rest,
  };
}
