import * as vscode from 'vscode';
import { DrydockError, failure, isCancellation, reasonOf } from '../core/errors.ts';

/** One sentence in the user's language for whatever was thrown. */
export function errorWords(error: unknown): string {
  const known = knownFailure(error);
  return vscode.l10n.t(known.template, { ...known.details });
}

/** The failure inside what was thrown; a bug of ours becomes `unexpected`. */
export function knownFailure(error: unknown): DrydockError {
  if (error instanceof DrydockError) return error;
  if (error instanceof AggregateError) {
    const errors: readonly unknown[] = error.errors;
    const telling = errors.find((each) => !isCancellation(each)) ?? errors[0];
    if (telling !== undefined) return knownFailure(telling);
  }
  return failure('unexpected', { reason: reasonOf(error) }, error);
}
