import type { BackupResult } from '../core/backup/backupResult.ts';
import { shortDigest } from '../core/digest.ts';
import { failure, isCancellation } from '../core/errors.ts';
import { formatBytes } from '../core/quantity.ts';
import { isUsual } from '../core/snapshot/usualRemarks.ts';
import type { Report } from './command.ts';
import { exitCodes, type ExitCode } from './exitCode.ts';
import { toldFailure } from './failures.ts';
import { remarkWords } from './remarkWords.ts';
import { snapshotDocument } from './snapshotDocument.ts';
import { transportLine } from './transportWords.ts';

interface Failed {
  readonly name: string;
  readonly error: unknown;
}

/**
 * Backs up one thing after another and goes on after a failure; a cancel ends it, and what was done before is told.
 * A single one that fails is a failure of the whole.
 */
export async function backUpEach(
  names: readonly string[],
  notes: readonly string[],
  backUp: (name: string) => Promise<BackupResult>,
): Promise<Report> {
  const done: BackupResult[] = [];
  const failed: Failed[] = [];
  for (const name of names) {
    try {
      done.push(await backUp(name));
    } catch (error) {
      if (names.length === 1) throw error;
      failed.push({ name, error });
      if (isCancellation(error)) break;
    }
  }
  return backupReport(done, notes, failed);
}

/** What came of backups, in every form in which it is printed. */
export function backupReport(
  done: readonly BackupResult[],
  notes: readonly string[],
  failed: readonly Failed[] = [],
): Report {
  const exitCode = exitCodeOf(done, failed);
  const total = done.length + failed.length;
  const transports = done.flatMap(({ transport }) => transport ?? []);
  return {
    document: {
      snapshots: done.map(({ snapshot, remarks, isUnchanged, transport }) => ({
        ...snapshotDocument(snapshot),
        isUnchanged,
        remarks,
        ...(transport && { transport }),
      })),
      ...(failed.length === 0
        ? {}
        : {
            failed: failed.map(({ name, error }) => ({ name, error: toldFailure(error) })),
            error: toldFailure(
              failed.find(({ error }) => isCancellation(error))?.error ??
                failure('partlyFailed', { failed: failed.length, total }),
            ),
          }),
    },
    text: () => [...done.map(line), ...[...new Set(transports)].flatMap(transportLine)],
    quiet: done.map(({ snapshot }) => snapshot.id),
    notes: [
      ...notes,
      ...done.flatMap(({ snapshot, remarks }) =>
        remarks
          .filter((remark) => !isUsual(remark))
          .map((remark) => `${snapshot.source.name}: ${remarkWords(remark)}`),
      ),
    ],
    failures: failed.map(({ name, error }) => ({ item: name, error })),
    exitCode,
  };
}

function line({ snapshot, isUnchanged }: BackupResult): string {
  const { source, id, plainBytes, newBytes } = snapshot;
  const size = isUnchanged
    ? 'nothing changed since the last one'
    : `${formatBytes(plainBytes)}, ${formatBytes(newBytes)} new`;
  return `Backed up and verified: ${source.kind} ${source.name} as ${shortDigest(id)} (${size})`;
}

function exitCodeOf(done: readonly BackupResult[], failed: readonly Failed[]): ExitCode {
  if (failed.some(({ error }) => isCancellation(error))) return exitCodes.cancelled;
  if (failed.length === 0) return exitCodes.done;
  return done.length === 0 ? exitCodes.failed : exitCodes.partly;
}
