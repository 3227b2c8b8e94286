import type { SnapshotContents } from '../snapshot/snapshot.ts';
import type { CapturedContainer } from '../snapshot/snapshotRecords.ts';
import { referencesOf } from './capturedBody.ts';

/** A captured container and which others, by their names in the snapshot, have to be there before it. */
export interface OrderedContainer {
  readonly document: CapturedContainer;
  readonly needs: readonly string[];
  /** References to containers that are not among those ordered. */
  readonly outside: readonly string[];
}

/**
 * Containers in the order in which they can be made and started: after those they share a namespace with, are linked
 * to or take volumes from, and after the services that Compose starts before theirs. Among equals the snapshot's
 * order stays; a circle (two services may name each other) is cut where it closes.
 */
export function orderContainers(
  documents: readonly CapturedContainer[],
  project: SnapshotContents['project'],
): readonly OrderedContainer[] {
  const byName = new Map(documents.map((document) => [document.name, document]));
  const byId = new Map(documents.map((document) => [document.id, document]));
  const services = project?.document.services ?? [];
  const entries = new Map<string, OrderedContainer>();
  for (const document of documents) {
    const references = [...new Set(referencesOf(document))];
    const found = references.map((to) => [to, byName.get(to) ?? byId.get(to)] as const);
    const before = services
      .filter(({ containers }) => containers.includes(document.name))
      .flatMap(({ dependsOn }) => services.filter(({ name }) => dependsOn.includes(name)))
      .flatMap(({ containers }) => containers.filter((name) => byName.has(name)));
    const needs = [...found.flatMap(([, other]) => (other ? [other.name] : [])), ...before];
    entries.set(document.name, {
      document,
      needs: [...new Set(needs)].filter((name) => name !== document.name),
      outside: found.flatMap(([to, other]) => (other ? [] : [to])),
    });
  }
  const ordered = new Set<OrderedContainer>();
  const visiting = new Set<string>();
  const visit = (name: string): void => {
    const entry = entries.get(name);
    if (entry === undefined || visiting.has(name)) return;
    visiting.add(name);
    for (const other of entry.needs) visit(other);
    ordered.add(entry);
  };
  for (const name of entries.keys()) visit(name);
  return [...ordered];
}
