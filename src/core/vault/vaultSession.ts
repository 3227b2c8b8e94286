import { beginOperation, type RunningOperation } from './journal.ts';
import { requireWritable, type Vault } from './layout.ts';
import { withLock } from './locks.ts';
import type { ProcessIdentity } from './processIdentity.ts';
import { SessionLedger } from './sessionLedger.ts';

/** One operation that writes to a vault: as long as it lasts nobody removes a blob. */
export interface VaultSession {
  /** Its store notes in `ledger` what it is given. */
  readonly vault: Vault;
  readonly owner: ProcessIdentity;
  readonly journal: RunningOperation;
  readonly operationId: string;
  /** Aborted when the operation is cancelled or its lock was taken away. */
  readonly signal: AbortSignal;
  readonly ledger: SessionLedger;
  /** Rejects with `vaultLockLost` when the lock was taken away, at once; `signal` may tell a minute later. */
  ensureHeld(): Promise<void>;
}

/** Prune takes minutes at most, and a backup that comes meanwhile had better wait than fail. */
const waitMs = 5 * 60_000;

/**
 * Does `work` under a shared lock on the vault, with a journal for what it would have to undo. At the end the journal
 * goes, whether the work was done or failed, unless a note is still open: then recovery undoes it.
 *
 * Rejects with `vaultReadOnly`, `vaultInUse`, `diskFilledUp`, or what `work` threw.
 */
export async function withVaultSession<T>(
  { vault, owner }: { readonly vault: Vault; readonly owner: ProcessIdentity },
  what: { readonly kind: string; readonly subject: string },
  { signal }: { readonly signal: AbortSignal },
  work: (session: VaultSession) => Promise<T>,
): Promise<T> {
  requireWritable(vault);
  const deps = { paths: vault.paths, owner, steps: vault.steps };
  const lock = { scope: 'vault', mode: 'shared', waitMs } as const;
  return await withLock(deps, lock, { signal }, async (held) => {
    const journal = await beginOperation(deps, held, what);
    const ledger = new SessionLedger();
    try {
      return await work({
        vault: { ...vault, blobs: ledger.follow(vault.blobs) },
        owner,
        journal,
        operationId: journal.id,
        signal: held.signal,
        ledger,
        ensureHeld: () => held.ensureHeld(),
      });
    } finally {
      if (journal.openNotes.length === 0) await journal.end();
    }
  });
}
