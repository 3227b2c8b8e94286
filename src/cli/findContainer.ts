import type { Engine } from '../core/engine/engine.ts';
import type { ContainerSummary } from '../core/engine/records.ts';
import { failure } from '../core/errors.ts';

/**
 * The container that a person means, as `docker` understands it: a whole ID, a name, or the beginning of an ID.
 * Rejects with `engineNotFound` or `notExactlyOne`.
 */
export async function findContainer(
  engine: Engine,
  text: string,
  signal: AbortSignal,
): Promise<ContainerSummary> {
  const containers = await engine.containers.list({ signal });
  const name = text.replace(/^\//, '');
  const exact =
    containers.find(({ id }) => id === text) ?? containers.find(({ names }) => names.includes(name));
  if (exact !== undefined) return exact;
  const found = /^[0-9a-f]{1,64}$/.test(text) ? containers.filter(({ id }) => id.startsWith(text)) : [];
  if (found.length > 1) throw failure('notExactlyOne', { text, count: found.length, kind: 'containers' });
  if (found[0] === undefined) throw failure('engineNotFound', { kind: 'container', name: text });
  return found[0];
}

/** What people call a container. */
export function containerLabel({ id, names }: ContainerSummary): string {
  return names[0] ?? id.slice(0, 12);
}
