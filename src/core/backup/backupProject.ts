import type { Engine } from '../engine/engine.ts';
import type { ContainerSummary } from '../engine/records.ts';
import { failure } from '../errors.ts';
import type { Operation } from '../progress.ts';
import { engineKey } from '../recovery/engineKey.ts';
import { engineIdentity } from '../snapshot/engineIdentity.ts';
import { landSnapshot } from '../snapshot/landSnapshot.ts';
import type { SnapshotSource } from '../snapshot/snapshot.ts';
import { SnapshotDraft } from '../snapshot/snapshotDraft.ts';
import type { CapturedNetwork, CapturedProject, Remark } from '../snapshot/snapshotRecords.ts';
import { withVaultSession } from '../vault/vaultSession.ts';
import type { BackupDeps, BackupResult } from './backupResult.ts';
import { addToDraft, captureContainers } from './captureContainers.ts';
import { withRemarks } from './containerDocument.ts';
import { networksOfProject } from './containerNetworks.ts';
import { captureComposeFiles, type ComposeFiles } from './composeFiles.ts';
import { dependenciesOf, projectOf, serviceOf } from './startOrder.ts';
import { isAsBefore } from './isAsBefore.ts';
import type { TransportWish } from './transport.ts';
import type { Consistency } from './withConsistency.ts';

export interface BackupProjectInput {
  /** The project's name, as its containers' label says it. */
  readonly project: string;
  readonly consistency: Consistency;
  /** Whether to read the folders of the engine's host that are mounted, too. */
  readonly includeBinds: boolean;
  readonly tags?: readonly string[];
  readonly transport?: TransportWish;
}

/**
 * Backs up a Compose project as one snapshot of one moment: all its containers, running or not, with what
 * `backupContainer` takes of each; volumes and networks of the project that no container uses; the files it was made
 * of, where they can be read here.
 *
 * Rejects with `engineNotFound` where the engine has neither a container nor a volume of it, and as
 * `captureContainers` and `landSnapshot` do; there is no snapshot then, and the engine is as it was.
 */
export async function backupProject(
  { engine, vault, owner, openEndpoint }: BackupDeps,
  { project, tags, ...input }: BackupProjectInput,
  operation: Operation,
): Promise<BackupResult> {
  const info = await engine.info(operation);
  const source: SnapshotSource = { kind: 'project', name: project, ...engineIdentity(info) };
  const what = { kind: 'backup', subject: project };
  return await withVaultSession({ vault, owner }, what, operation, async (session) => {
    const { signal } = session;
    const during = { ...operation, signal };
    const { blobs } = session.vault;
    // Only now: a vault may have had to be waited for.
    const { members, volumes, networks } = await partsOfProject(engine, project, signal);
    const labels = members.map((member) => member.labels);
    const files = await captureComposeFiles(blobs, { labels, endpoint: engine.endpoint }, { signal });
    const taken = await captureContainers(
      { engine, engineId: engineKey(info), session, openEndpoint },
      { ...input, containers: members.map(({ id }) => id), volumes },
      during,
    );
    const captured = withRemarks(taken, await latecomers(engine, project, members, signal));
    const draft = new SnapshotDraft(blobs);
    await addToDraft(draft, captured, signal);
    const document = { ...projectDocument(project, members, files), networks: [...networks] };
    await draft.addProject(
      document,
      files.files.map(({ blob }) => blob),
      { signal },
    );
    const { createdMs, containers } = captured;
    const imageIds = [...new Set(containers.map(({ imageId }) => imageId))];
    const isUnchanged = await isAsBefore(vault, source, { ...captured, project: document }, { signal });
    const snapshot = await landSnapshot(
      session,
      draft,
      { source, createdMs, imageIds, ...(tags && { tags }) },
      during,
    );
    const missing = files.missing.map((subject): Remark => ({ kind: 'notRead', subject }));
    const { transport } = captured;
    return { snapshot, remarks: [...captured.remarks, ...missing], isUnchanged, transport };
  });
}

/** What an engine counts to a project. */
interface ProjectParts {
  readonly members: readonly ContainerSummary[];
  /** Names. */
  readonly volumes: readonly string[];
  readonly networks: readonly CapturedNetwork[];
}

/** What the engine counts to a project. Rejects with `engineNotFound` where it has neither container nor volume. */
export async function partsOfProject(
  engine: Engine,
  project: string,
  signal: AbortSignal,
): Promise<ProjectParts> {
  const members = await membersOf(engine, project, signal);
  const volumes = (await engine.volumes.list({ signal })).filter(
    ({ labels }) => projectOf(labels) === project,
  );
  if (members.length + volumes.length === 0)
    throw failure('engineNotFound', { kind: 'project', name: project });
  const networks = await networksOfProject(engine, project, signal);
  return { members, volumes: volumes.map(({ name }) => name), networks };
}

async function membersOf(
  engine: Engine,
  project: string,
  signal: AbortSignal,
): Promise<readonly ContainerSummary[]> {
  return (await engine.containers.list({ signal })).filter(({ labels }) => projectOf(labels) === project);
}

/** Containers that came to be while the others were read, so that they are not in the snapshot. */
async function latecomers(
  engine: Engine,
  project: string,
  members: readonly ContainerSummary[],
  signal: AbortSignal,
): Promise<readonly Remark[]> {
  const known = new Set(members.map(({ id }) => id));
  return (await membersOf(engine, project, signal))
    .filter(({ id }) => !known.has(id))
    .map(({ id, names: [subject = id] }) => ({
      kind: 'notRead',
      subject,
      detail: 'it came while the project was read',
    }));
}

/** The document of a project: its services, and the files it was made of. */
export function projectDocument(
  project: string,
  members: readonly ContainerSummary[],
  { workingDir, files, missing }: ComposeFiles,
): CapturedProject {
  const services = new Map<string, { name: string; containers: string[]; dependsOn: string[] }>();
  for (const {
    id,
    names: [own = id],
    labels,
  } of members) {
    const name = serviceOf(labels) ?? own;
    const service = services.get(name) ?? { name, containers: [], dependsOn: [] };
    service.containers.push(own);
    service.dependsOn = [...new Set([...service.dependsOn, ...dependenciesOf(labels)])];
    services.set(name, service);
  }
  return {
    formatVersion: 1,
    project,
    workingDir,
    files: files.map(({ path, blob: { digest, sizeBytes } }) => ({ path, digest, sizeBytes })),
    missing: [...missing],
    services: [...services.values()],
  };
}
