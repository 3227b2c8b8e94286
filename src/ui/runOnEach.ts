import * as vscode from 'vscode';
import { failure } from '../core/errors.ts';
import { errorWords } from './errorWords.ts';
import type { Log } from './log.ts';
import { runOperation, showFailure } from './runOperation.ts';

/** What became of one of several things. */
export interface ItemResult<T> {
  readonly item: T;
  /** Absent when it worked. */
  readonly error?: unknown;
}

/**
 * Does one thing to several items, one after another, under one notification. A failure of one does not keep the
 * others from their turn; all failures are told at the end. A cancel stops before the next item.
 */
export async function runOnEach<T>(
  log: Log,
  title: string,
  items: readonly T[],
  nameOf: (item: T) => string,
  work: (item: T, signal: AbortSignal) => Promise<unknown>,
): Promise<readonly ItemResult<T>[]> {
  const results: ItemResult<T>[] = [];
  await runOperation(log, title, {}, async ({ signal, progress }) => {
    for (const item of items) {
      signal.throwIfAborted();
      progress.report({ phase: 'finishing', item: nameOf(item) });
      try {
        await work(item, signal);
        results.push({ item });
      } catch (error) {
        signal.throwIfAborted();
        results.push({ item, error });
      }
    }
  });
  const failed = results.filter(({ error }) => error !== undefined);
  if (failed.length === 1) showFailure(log, title, failed[0]?.error);
  if (failed.length > 1) {
    for (const { item, error } of failed) log.error(`${title}: ${nameOf(item)}`, error);
    const sentences = failed.slice(0, 3).map(({ error }) => errorWords(error));
    const summary = errorWords(failure('partlyFailed', { failed: failed.length, total: items.length }));
    const showLog = vscode.l10n.t('Show Log');
    void vscode.window.showErrorMessage([summary, ...sentences].join(' '), showLog).then((chosen) => {
      if (chosen === showLog) log.show();
    });
  }
  return results;
}
