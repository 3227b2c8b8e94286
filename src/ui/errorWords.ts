import * as vscode from 'vscode';
import { DrydockError, failure, isCancellation, reasonOf } from '../core/errors.ts';

/** One sentence in the user's language for whatever was thrown. */
export function errorWords(error: unknown): string {
  const known = knownFailure(error);
  return vscode.l10n.t(known.template, wordedDetails(known.details));
}

/** `details` with the words in it that core names in English: the kind of a thing, and what was to be done to it. */
function wordedDetails(details: DrydockError['details']): Record<string, string | number> {
  const words: Readonly<Record<string, string>> = {
    image: vscode.l10n.t('image'),
    container: vscode.l10n.t('container'),
    volume: vscode.l10n.t('volume'),
    network: vscode.l10n.t('network'),
    path: vscode.l10n.t('path'),
    save: vscode.l10n.t('save'),
    snapshots: vscode.l10n.t('snapshots'),
    'back up': vscode.l10n.t('back up'),
  };
  const worded: Record<string, string | number> = { ...details };
  for (const place of ['kind', 'verb']) {
    const word = words[details[place] ?? ''];
    if (word !== undefined) worded[place] = word;
  }
  return worded;
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
