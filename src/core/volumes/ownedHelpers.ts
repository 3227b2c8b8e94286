import { randomUUID } from 'node:crypto';
import type { Engine } from '../engine/engine.ts';
import { helperLabel } from '../engine/helperLabel.ts';
import { DrydockError } from '../errors.ts';
import { processIdentity, stateOf, type ProcessIdentity } from '../vault/processIdentity.ts';
import { helperImages, type HelperDeps } from './helperContainer.ts';

/** Whose a helper is that no vault knows of: a {@link ProcessIdentity} as JSON in base64url. */
export const ownerLabel = 'dev.drydock.owner';

/** An engine, and the process that works on it: enough to look into volumes without a vault. */
export interface OwnedHelpers {
  readonly engine: Engine;
  readonly owner: ProcessIdentity;
}

/**
 * Helper containers that say themselves whose they are, for work that belongs to no vault. What a killed process leaves
 * is removed by {@link sweepHelpers}.
 */
export function ownedHelpers({ engine, owner }: OwnedHelpers): HelperDeps {
  const said = Buffer.from(JSON.stringify(owner)).toString('base64url');
  return {
    engine,
    engineId: '',
    session: {
      operationId: randomUUID(),
      journal: { note: () => Promise.resolve(0), settle: () => Promise.resolve() },
    },
    labels: { [ownerLabel]: said },
  };
}

/**
 * Removes the helpers of processes that have ended. Those of a living process stay, and those of which nobody here can
 * tell: of another machine, or of another start of this one. Labels alone prove nothing, for a container has those of
 * its image: only what has a helper's name goes, and nothing that runs. Resolves with how many things went.
 */
export async function sweepHelpers(
  { engine, owner }: OwnedHelpers,
  { signal }: { readonly signal: AbortSignal },
): Promise<number> {
  const isLeft = async (label: string | undefined): Promise<boolean> => {
    const said = ownerIn(label);
    if (said === undefined || (said.bootId === '' && !isOfThisMachine(engine.endpoint))) return false;
    return (await stateOf(said, owner)) === 'gone';
  };
  let count = 0;
  for (const { id, names, labels } of await engine.containers.list({ signal }))
    if (names.some((name) => name === labels[helperLabel]) && (await isLeft(labels[ownerLabel])))
      // Images may ask for volumes of their own.
      count += await gone(engine.containers.remove(id, { anonymousVolumes: true, signal }));
  for (const { tags, labels } of await engine.images.list({ signal })) {
    const tag = tags.find((one) => one.startsWith(helperImages));
    if (tag !== undefined && (await isLeft(labels[ownerLabel])))
      count += await gone(engine.images.remove(tag, { signal }));
  }
  return count;
}

/** A system that does not tell its starts is known by its name alone, and many machines of one name may share an engine. */
function isOfThisMachine(endpoint: string): boolean {
  return /^(?:unix|npipe):/.test(endpoint);
}

function ownerIn(label: string | undefined): ProcessIdentity | undefined {
  if (label === undefined || label.length > 10_000) return undefined;
  try {
    const parsed = processIdentity.safeParse(JSON.parse(Buffer.from(label, 'base64url').toString()));
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // A label of somebody else's making.
    throw error;
  }
}

/** Another process may sweep at the same time. */
async function gone(removal: Promise<unknown>): Promise<number> {
  try {
    await removal;
    return 1;
  } catch (error) {
    if (error instanceof DrydockError && ['engineNotFound', 'engineConflict'].includes(error.code)) return 0;
    throw error;
  }
}
