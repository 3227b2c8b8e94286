import type { Engine } from '../engine/engine.ts';
import type { OpenEndpoint } from '../registry/endpoint.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Remark } from '../snapshot/snapshotRecords.ts';
import type { Vault } from '../vault/layout.ts';
import type { ProcessIdentity } from '../vault/processIdentity.ts';
import type { TransportReport } from './transport.ts';

/** What a backup works with. */
export interface BackupDeps {
  readonly engine: Engine;
  readonly vault: Vault;
  readonly owner: ProcessIdentity;
  /** Where an engine can push to; without it, it never does. */
  readonly openEndpoint?: OpenEndpoint | undefined;
}

/** What a backup came to. */
export interface BackupResult {
  /** Read back and found right. */
  readonly snapshot: Snapshot;
  /** What is not in it, or not as it was at one moment. */
  readonly remarks: readonly Remark[];
  /** Whether the snapshot of the same source before it holds the same. */
  readonly isUnchanged: boolean;
  /** How its images came from the engine; left out where there are none. */
  readonly transport?: TransportReport;
}
