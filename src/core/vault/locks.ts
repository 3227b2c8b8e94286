import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { failure } from '../errors.ts';
import { explainFileError, hasCode } from '../files/fileErrors.ts';
import type { CancelOptions } from './blobStore.ts';
import {
  claimBytes,
  claimPath,
  livingClaims,
  staleAfterMs,
  writeClaim,
  type Claim,
  type LockMode,
  type LockScope,
} from './claims.ts';
import type { ProcessIdentity } from './processIdentity.ts';
import type { VaultPaths } from './vaultPaths.ts';
import { unwatched, type VaultSteps } from './vaultSteps.ts';

export interface LockDeps {
  readonly paths: VaultPaths;
  readonly owner: ProcessIdentity;
  readonly steps?: VaultSteps;
}

export interface LockInput {
  readonly scope: LockScope;
  readonly mode: LockMode;
  /** How long to wait for others, in milliseconds; 0 waits only for who gives way. */
  readonly waitMs: number;
}

export interface HeldLock {
  /** The claim's id: a note of the journal names it, so that others see whether its operation still runs. */
  readonly id: string;
  /** Aborted with `vaultLockLost` when somebody took the lock away, and with the operation's own signal. */
  readonly signal: AbortSignal;
  /** Touches the claim; rejects with `vaultLockLost` when it is gone. To be asked before what can't be undone. */
  ensureHeld(): Promise<void>;
  /** Gives the lock back; may be called again. */
  release(): Promise<void>;
}

const touchEveryMs = 60_000;

/** Of two who met one gives way at its next look; so long the other waits, whatever it was told. */
const meetingMs = 250;

/** Does `work` while a lock is held, and gives it back whatever happens. */
export async function withLock<T>(
  deps: LockDeps,
  input: LockInput,
  cancel: CancelOptions | undefined,
  work: (held: HeldLock) => Promise<T>,
): Promise<T> {
  const held = await acquireLock(deps, input, cancel);
  try {
    return await work(held);
  } finally {
    await held.release();
  }
}

/**
 * Takes a lock; README.md says how that is agreed upon without anybody to ask. Rejects with `vaultInUse` when it is
 * not free in time, or an AbortError; no claim is left then.
 */
export async function acquireLock(
  { paths, owner, steps = unwatched }: LockDeps,
  { scope, mode, waitMs }: LockInput,
  { signal }: CancelOptions = {},
): Promise<HeldLock> {
  const deadline = performance.now() + waitMs;
  const own: Claim = { id: randomUUID(), scope, mode, owner, since: new Date().toISOString() };
  let isWritten = false;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const others = (await livingClaims(paths, scope, owner)).filter((other) => isAgainst(other, own));
      const [first] = others;
      if (first === undefined && isWritten) return hold(paths, own, signal);
      if (!isWritten && !others.some((other) => keepsBack(other, own))) {
        await writeClaim(paths, steps, own);
        isWritten = true;
        continue;
      }
      if (isWritten && others.some((other) => yieldsTo(own, other))) {
        await rm(claimPath(paths, own), { force: true });
        isWritten = false;
      }
      const patience = isWritten ? meetingMs : 0;
      if (first !== undefined && performance.now() >= deadline + patience) throw inUse(paths, first);
      // Of uneven length, so that two who woke together don't meet again and again.
      await wait(10 + Math.random() * 40, undefined, signal && { signal });
    }
  } catch (error) {
    await rm(claimPath(paths, own), { force: true });
    throw explainFileError(error, paths.locks);
  }
}

function isAgainst(other: Claim, own: Claim): boolean {
  return other.id !== own.id && (other.mode === 'exclusive' || own.mode === 'exclusive');
}

/** Before which claims one is not even written. Only so does an exclusive one get its turn among shared ones. */
function keepsBack(other: Claim, own: Claim): boolean {
  return own.mode === 'shared' || other.mode === 'exclusive';
}

/** Of two claims that met, the one that is taken back. One that is held never is: its owner no longer asks this. */
function yieldsTo(own: Claim, other: Claim): boolean {
  if (own.mode !== other.mode) return own.mode === 'shared';
  return own.id > other.id;
}

function hold(paths: VaultPaths, own: Claim, signal: AbortSignal | undefined): HeldLock {
  const path = claimPath(paths, own);
  const lost = new AbortController();
  let isReleased = false;
  let touchedAt = performance.now();
  const touch = async (): Promise<void> => {
    if (isReleased) return;
    try {
      const file = await open(path, 'r+');
      try {
        // Writing what is there already lets the file server set the time by its own clock.
        await file.write(claimBytes(own), 0, undefined, 0);
      } finally {
        await file.close();
      }
      touchedAt = performance.now();
    } catch (error) {
      // A file server that is away for a moment takes no lock away, but whoever looks after half an hour does.
      const isGone = hasCode(error, 'ENOENT') || performance.now() - touchedAt > staleAfterMs / 2;
      if (isGone) lost.abort(failure('vaultLockLost', { path: paths.root }, error));
    }
  };
  const timer = setInterval(() => void touch(), touchEveryMs);
  timer.unref();
  return {
    id: own.id,
    signal: signal === undefined ? lost.signal : AbortSignal.any([lost.signal, signal]),
    ensureHeld: async () => {
      await touch();
      lost.signal.throwIfAborted();
    },
    release: async () => {
      isReleased = true;
      clearInterval(timer);
      await rm(path, { force: true });
    },
  };
}

function inUse(paths: VaultPaths, { owner, since }: Claim): Error {
  const { user, host, pid } = owner;
  return failure('vaultInUse', { path: paths.root, who: user, host, pid, since });
}
