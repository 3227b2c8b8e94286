import type { Operation } from '../progress.ts';
import { engineKey } from '../recovery/engineKey.ts';
import { engineIdentity } from '../snapshot/engineIdentity.ts';
import { landSnapshot } from '../snapshot/landSnapshot.ts';
import { SnapshotDraft } from '../snapshot/snapshotDraft.ts';
import type { SnapshotSource } from '../snapshot/snapshot.ts';
import { withVaultSession } from '../vault/vaultSession.ts';
import type { BackupDeps, BackupResult } from './backupResult.ts';
import { addToDraft, captureContainers } from './captureContainers.ts';
import { isAsBefore } from './isAsBefore.ts';
import type { TransportWish } from './transport.ts';
import type { Consistency } from './withConsistency.ts';

export interface BackupContainerInput {
  /** ID or name. */
  readonly container: string;
  readonly consistency: Consistency;
  /** Whether to read the folders of the engine's host that are mounted, too. */
  readonly includeBinds: boolean;
  readonly tags?: readonly string[];
  readonly transport?: TransportWish;
}

/**
 * Backs up a container so that the same one can be made again: its image, its own changes on top, what it was made
 * with, its networks and the data of all its volumes, as they are at one moment. What is not in the snapshot is named
 * in it and in the result.
 *
 * Rejects with `engineNotFound`, and as `captureContainers` and `landSnapshot` do; there is no snapshot then, and the
 * engine is as it was.
 */
export async function backupContainer(
  { engine, vault, owner, openEndpoint }: BackupDeps,
  { container, tags, ...input }: BackupContainerInput,
  operation: Operation,
): Promise<BackupResult> {
  const info = await engine.info(operation);
  const { id, name } = await engine.containers.inspect(container, operation);
  const source: SnapshotSource = { kind: 'container', name, ...engineIdentity(info) };
  const what = { kind: 'backup', subject: name };
  return await withVaultSession({ vault, owner }, what, operation, async (session) => {
    const during = { ...operation, signal: session.signal };
    const deps = { engine, engineId: engineKey(info), session, openEndpoint };
    const captured = await captureContainers(deps, { ...input, containers: [id], volumes: [] }, during);
    const draft = new SnapshotDraft(session.vault.blobs);
    await addToDraft(draft, captured, session.signal);
    const { createdMs, containers, remarks, transport } = captured;
    const imageIds = containers.map(({ imageId }) => imageId);
    const isUnchanged = await isAsBefore(vault, source, captured, { signal: session.signal });
    const snapshot = await landSnapshot(
      session,
      draft,
      { source, createdMs, imageIds, ...(tags && { tags }) },
      during,
    );
    return { snapshot, remarks, isUnchanged, transport };
  });
}
