import { randomUUID } from 'node:crypto';
import type { Engine } from '../engine/engine.ts';
import { DrydockError } from '../errors.ts';
import { processIdentity, stateOf, type ProcessIdentity } from '../vault/processIdentity.ts';
import type { HelperDeps } from './helperContainer.ts';

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
 * tell: of another machine, or of another start of this one. Resolves with how many things went.
 */
export async function sweepHelpers(
  { engine, owner }: OwnedHelpers,
  { signal }: { readonly signal: AbortSignal },
): Promise<number> {
  const isLeft = async ({
    labels,
  }: {
    readonly labels: Readonly<Record<string, string>>;
  }): Promise<boolean> => {
    const said = ownerIn(labels[ownerLabel]);
    return said !== undefined && (await stateOf(said, owner)) === 'gone';
  };
  let count = 0;
  for (const container of await engine.containers.list({ signal }))
    if (await isLeft(container))
      count += await gone(
        // Images may ask for volumes of their own.
        engine.containers.remove(container.id, { force: true, anonymousVolumes: true, signal }),
      );
  for (const image of await engine.images.list({ signal }))
    if (await isLeft(image)) count += await gone(engine.images.remove(image.tags[0] ?? image.id, { signal }));
  return count;
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
