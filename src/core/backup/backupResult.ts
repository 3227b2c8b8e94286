import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Remark } from '../snapshot/snapshotRecords.ts';

/** What a backup came to. */
export interface BackupResult {
  /** Read back and found right. */
  readonly snapshot: Snapshot;
  /** What is not in it, or not as it was at one moment. */
  readonly remarks: readonly Remark[];
  /** Whether the snapshot of the same source before it holds the same. */
  readonly isUnchanged: boolean;
}
