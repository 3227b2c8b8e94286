import * as vscode from 'vscode';
import type { Operation, ProgressFact } from '../core/progress.ts';
import { ProgressMeter } from '../core/progressMeter.ts';
import { progressWords } from './progressWords.ts';

/** What takes no longer than this needs no notification. */
const quietMs = 1_000;

/**
 * Runs what mostly takes an instant, such as reading one file, and shows a notification that can cancel it only when
 * it takes longer. Rejects as `work` does; after a cancel with an AbortError.
 */
export async function runWhenSlow<T>(title: string, work: (operation: Operation) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const meter = new ProgressMeter();
  let show: (fact: ProgressFact) => void = () => undefined;
  const running = work({
    signal: controller.signal,
    progress: {
      report: (fact) => {
        show(fact);
      },
    },
  });
  const timer = setTimeout(() => {
    void vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title, cancellable: true },
      async (progress, token) => {
        const subscription = token.onCancellationRequested(() => {
          controller.abort();
        });
        show = (fact) => {
          progress.report({ message: progressWords(meter.read(fact, Date.now()), title) });
        };
        // How it ends is told to whoever waits for it.
        await running.then(
          () => undefined,
          () => undefined,
        );
        subscription.dispose();
      },
    );
  }, quietMs);
  try {
    return await running;
  } finally {
    clearTimeout(timer);
  }
}
