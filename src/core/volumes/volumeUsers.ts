import type { ContainerSummary } from '../engine/records.ts';

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

function isOf(name: string, mount: ContainerSummary['mounts'][number]): boolean {
  return mount.type === 'volume' && mount.name === name;
}
