import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { DrydockError } from '../errors.ts';
import { hasCode } from '../files/fileErrors.ts';
import { parseJson } from '../oci/parseJson.ts';
import { withPartialFile } from './partialFile.ts';
import { processIdentity, stateOf, type ProcessIdentity } from './processIdentity.ts';
import { readSmallFile } from './readSmallFile.ts';
import type { VaultPaths } from './vaultPaths.ts';
import type { VaultSteps } from './vaultSteps.ts';

/** What is locked: `vault` the blobs as a whole, `index` the file index.json, `journal` the undoing of notes. */
export type LockScope = 'vault' | 'index' | 'journal';
export type LockMode = 'shared' | 'exclusive';

/** One claim, as its file says it. */
export interface Claim {
  readonly id: string;
  readonly scope: LockScope;
  readonly mode: LockMode;
  readonly owner: ProcessIdentity;
  /** ISO time by the owner's clock. */
  readonly since: string;
}

const claim = z.object({
  id: z.uuid(),
  scope: z.enum(['vault', 'index', 'journal']),
  mode: z.enum(['shared', 'exclusive']),
  owner: processIdentity,
  since: z.string().max(100),
});

/** A claim that nobody could ask for a sign of life is void after this time without a touch. */
export const staleAfterMs = 30 * 60_000;
const maxClaimBytes = 1 << 16;
const somebody = { user: '?', host: '?', pid: 1, bootId: '?', pidNamespace: '?', startTime: '?' };

/** The file of a claim. */
export function claimPath(paths: VaultPaths, { scope, id }: Pick<Claim, 'scope' | 'id'>): string {
  return join(paths.locks, `${scope}-${id}.json`);
}

/** Writes a claim, whole at once. */
export async function writeClaim(paths: VaultPaths, steps: VaultSteps, of: Claim): Promise<void> {
  await unlessSwept(() =>
    withPartialFile(paths.partial, [claimBytes(of)], { steps }, (partial) =>
      rename(partial.path, claimPath(paths, of)),
    ),
  );
  steps.reached('lock written');
}

/** The bytes of a claim's file. */
export function claimBytes(of: Claim): Buffer {
  return Buffer.from(JSON.stringify(of));
}

/** Every claim of a scope whose owner may be alive. Files of owners that are gone are removed on the way. */
export async function livingClaims(
  paths: VaultPaths,
  scope: LockScope,
  self: ProcessIdentity,
): Promise<readonly Claim[]> {
  const living: Claim[] = [];
  for (const name of await readdir(paths.locks)) {
    const match = /^(\w+)-(.+)\.json$/.exec(name);
    if (match?.[1] !== scope) continue;
    const found = await readClaim(join(paths.locks, name), scope, match[2] ?? '');
    if (found === undefined) continue;
    // Names are never used again, so what is removed here is the claim that was looked at.
    if (await isVoid(paths, found, self)) await rm(claimPath(paths, found), { force: true });
    else living.push(found);
  }
  return living;
}

/** A file that can't be read counts as an exclusive claim of somebody unknown: who guesses loses data. */
async function readClaim(path: string, scope: LockScope, id: string): Promise<Claim | undefined> {
  try {
    return { ...parseJson(await readSmallFile(path, maxClaimBytes), claim, path), scope, id };
  } catch (error) {
    if (!(error instanceof DrydockError)) throw error;
    if (error.code === 'fileMissing') return undefined;
    if (error.code !== 'badJson') throw error;
    return { id, scope, mode: 'exclusive', owner: somebody, since: '?' };
  }
}

async function isVoid(paths: VaultPaths, of: Claim, self: ProcessIdentity): Promise<boolean> {
  const state = await stateOf(of.owner, self);
  if (state !== 'unknown') return state === 'gone';
  try {
    const { mtimeMs } = await stat(claimPath(paths, of));
    return (await fileServerNow(paths)) - mtimeMs > staleAfterMs;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return true;
    throw error;
  }
}

/** The time by the clock that also gave the claims their times. */
function fileServerNow(paths: VaultPaths): Promise<number> {
  return unlessSwept(() =>
    withPartialFile(paths.partial, [Buffer.from('now')], {}, async ({ path }) => (await stat(path)).mtimeMs),
  );
}

/** Who asks for a lock writes partials without one, so that prune may sweep them away: once, and then it is done. */
async function unlessSwept<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!(error instanceof DrydockError && error.code === 'fileMissing')) throw error;
    return await write();
  }
}
