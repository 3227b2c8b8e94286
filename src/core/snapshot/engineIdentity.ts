import type { EngineInfo } from '../engine/records.ts';
import type { SnapshotSource } from './snapshot.ts';

/** What an engine is known by in snapshots. One without an ID of its own (Podman) is known by its host. */
export function engineIdentity(info: EngineInfo): Pick<SnapshotSource, 'engineId' | 'engineName'> {
  const { id, hostName } = info;
  return { engineId: id === '' ? hostName : id, engineName: hostName === '' ? id : hostName };
}
