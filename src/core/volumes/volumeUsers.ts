import type { ContainerSummary, VolumeDetails } from '../engine/records.ts';

/** Containers that have a volume mounted, running or not. */
export function usersOf(name: string, containers: readonly ContainerSummary[]): readonly ContainerSummary[] {
  return containers.filter(({ mounts }) => mounts.some((mount) => isOf(name, mount)));
}

/** Those of them that may write to it. */
export function writersOf(
  name: string,
  containers: readonly ContainerSummary[],
): readonly ContainerSummary[] {
  return containers.filter(({ mounts }) => mounts.some((mount) => isOf(name, mount) && !mount.isReadOnly));
}

/**
 * Whether somebody else than this engine's containers may write to it: its data is a folder of the host or of a server,
 * which another volume may be as well. Nothing is known of a folder that is no volume.
 */
export function mayHaveOtherWriters(details: VolumeDetails | undefined): boolean {
  return details?.driver !== 'local' || details.options['device'] !== undefined;
}

function isOf(name: string, mount: ContainerSummary['mounts'][number]): boolean {
  return mount.type === 'volume' && mount.name === name;
}
