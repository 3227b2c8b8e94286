import { DrydockError } from '../errors.ts';
import type { Digest } from '../digest.ts';

/**
 * What is wrong. `file`: index.json, vault.json or oci-layout; `entry`: one entry of index.json; `mismatch`: two
 * documents that don't fit together; `diffId` and `fileHash`: the blob has its digest and does not hold what was stored.
 */
export type ProblemKind =
  | 'missing'
  | 'wrongSize'
  | 'wrongDigest'
  | 'unreadable'
  | 'mismatch'
  | 'diffId'
  | 'fileHash'
  | 'entry'
  | 'file';

export interface VaultProblem {
  readonly kind: ProblemKind;
  /** The blob; left out for files that are none. */
  readonly digest?: Digest;
  /** For `file`: its path. */
  readonly path?: string;
  /** One English clause, with numbers and names. */
  readonly detail: string;
  /** IDs of the snapshots that it hurts; none for a blob that nothing reaches, or only other tools' entries. */
  readonly snapshots: readonly Digest[];
}

const damageCodes: ReadonlySet<string> = new Set([
  'blobDamaged',
  'blobMissing',
  'badJson',
  'fileUnusable',
  'fileMissing',
]);

/** Whether an error says that something of the vault is not as it should be; everything else ends the work. */
export function isDamage(error: unknown): error is DrydockError {
  return error instanceof DrydockError && (damageCodes.has(error.code) || error.code.startsWith('archive'));
}

/** What a failure says without its advice. */
export function damageReason(error: DrydockError): string {
  const { reason } = error.details;
  return typeof reason === 'string' ? reason : error.message;
}
