import { shortDigest, type Digest } from '../core/digest.ts';
import type { SnapshotSource } from '../core/snapshot/snapshot.ts';
import type { DrydockNode } from '../views/node.ts';
import { containersAmong, imagesAmong, volumesAmong } from './chosenNodes.ts';
import type { CommandContext } from './context.ts';

/** What is to be backed up. */
export interface BackupTargets {
  readonly images: readonly { readonly id: Digest; readonly tags: readonly string[] }[];
  readonly containers: readonly { readonly id: string; readonly name: string }[];
  readonly volumes: readonly string[];
  readonly projects: readonly string[];
}

/** What nodes stand for: a project for the whole of it, a snapshot for what it is of. */
export async function backupTargets(
  context: Pick<CommandContext, 'engine' | 'vaults'>,
  nodes: readonly DrydockNode[],
): Promise<BackupTargets> {
  const engine = context.engine();
  const sources = sourcesAmong(context, nodes);
  const named = (kind: SnapshotSource['kind']): readonly string[] =>
    sources.filter((source) => source.kind === kind).map(({ name }) => name);
  const images = imagesAmong(nodes).map(({ id, tag }) => ({ id, tags: tag === undefined ? [] : [tag] }));
  for (const name of named('image')) {
    const { id, tags } = await engine.images.inspect(name);
    images.push({ id, tags: tags.includes(name) ? [name] : [] });
  }
  const containers = containersAmong(nodes.filter(({ kind }) => kind === 'container')).map(
    ({ id, name }) => ({
      id,
      name,
    }),
  );
  for (const name of named('container')) {
    const { id } = await engine.containers.inspect(name);
    containers.push({ id, name });
  }
  const volumes = [...volumesAmong(nodes).map(({ name }) => name), ...named('volume')];
  const projects = [
    ...nodes.flatMap((node) => (node.kind === 'project' ? node.project : [])),
    ...named('project'),
  ];
  return {
    images: mergedImages(images),
    containers: [...new Map(containers.map((container) => [container.id, container])).values()],
    volumes: [...new Set(volumes)],
    projects: [...new Set(projects)],
  };
}

export function isNothing(targets: BackupTargets): boolean {
  return subjectsOf(targets).length === 0;
}

/** The names of all that is to be backed up, for titles. */
export function subjectsOf({ images, containers, volumes, projects }: BackupTargets): readonly string[] {
  return [
    ...images.map(({ id, tags }) => tags[0] ?? shortDigest(id)),
    ...containers.map(({ name }) => name),
    ...volumes,
    ...projects,
  ];
}

/** An image that was chosen under several tags is one image with these tags. */
function mergedImages(images: BackupTargets['images']): BackupTargets['images'] {
  const merged = new Map<Digest, readonly string[]>();
  for (const { id, tags } of images) merged.set(id, [...new Set([...(merged.get(id) ?? []), ...tags])]);
  return [...merged].map(([id, tags]) => ({ id, tags }));
}

/** What nodes of the Backups view are of. */
export function sourcesAmong(
  context: Pick<CommandContext, 'vaults'>,
  nodes: readonly DrydockNode[],
): readonly SnapshotSource[] {
  return nodes.flatMap((node) => sourceOf(context, node) ?? []);
}

function sourceOf({ vaults }: Pick<CommandContext, 'vaults'>, node: DrydockNode): SnapshotSource | undefined {
  if (node.kind === 'source') return node.source;
  if (node.kind !== 'snapshot') return undefined;
  const state = vaults.list.find(node.vaultPath)?.state;
  return state?.kind === 'open' ? state.snapshots.find(({ id }) => id === node.id)?.source : undefined;
}
