import type { ContainerSummary } from '../engine/records.ts';

/** Containers by what they use. Ids keep the order in which the containers are listed. */
export type UsersIndex = ReadonlyMap<string, readonly string[]>;

/** Which containers use each image, by its ID. */
export function imageUsers(containers: Iterable<ContainerSummary>): UsersIndex {
  const users = new Map<string, string[]>();
  for (const container of containers) add(users, container.imageId, container.id);
  return users;
}

/** Which containers use each volume, by its name. */
export function volumeUsers(containers: Iterable<ContainerSummary>): UsersIndex {
  const users = new Map<string, string[]>();
  for (const container of containers) {
    const names = container.mounts.flatMap((mount) =>
      mount.type === 'volume' && mount.name !== undefined ? [mount.name] : [],
    );
    for (const name of new Set(names)) add(users, name, container.id);
  }
  return users;
}

/** The keys whose users differ, whatever their order. */
export function changedUsers(before: UsersIndex, after: UsersIndex): readonly string[] {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].filter((key) => !isSameSet(before.get(key) ?? [], after.get(key) ?? []));
}

function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  if (one.length !== other.length) return false;
  const ids = new Set(one);
  return other.every((id) => ids.has(id));
}

function add(users: Map<string, string[]>, key: string, id: string): void {
  const known = users.get(key);
  if (known === undefined) users.set(key, [id]);
  else known.push(id);
}
