import * as vscode from 'vscode';
import { isCancellation, type FailureCode } from '../core/errors.ts';
import type { Operation, Phase, ProgressFact } from '../core/progress.ts';
import { ProgressMeter, throttled } from '../core/progressMeter.ts';
import { errorWords, knownFailure } from './errorWords.ts';
import type { Log } from './log.ts';
import { progressWords } from './progressWords.ts';
import { runWhenSlow } from './runWhenSlow.ts';

/** Notifications change at most this often; what comes in between is not shown. */
const refreshMs = 250;
/** While nothing is reported, the time so far goes on being shown. */
const idleRefreshMs = 1_000;

/** Which part of the whole, in percent, a phase takes: `{ reading: [0, 75], checking: [75, 100] }`. */
export type PhaseShares = Partial<Record<Phase, readonly [from: number, to: number]>>;

/**
 * Runs a long use case under a progress notification that can be cancelled. Resolves with its result; after a
 * cancel, or after a failure (which is shown and logged), resolves with undefined. `stop` cancels it too, for example
 * when the page is closed that wanted it.
 */
export async function runOperation<T>(
  log: Log,
  title: string,
  shares: PhaseShares,
  work: (operation: Operation) => Promise<T>,
  stop?: AbortSignal,
): Promise<T | undefined> {
  if (stop?.aborted === true) return undefined;
  const controller = new AbortController();
  const onStop = (): void => {
    controller.abort();
  };
  stop?.addEventListener('abort', onStop, { once: true });
  try {
    return await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title, cancellable: true },
      async (progress, token) => {
        const subscription = token.onCancellationRequested(() => {
          controller.abort();
        });
        const display = new ProgressDisplay(progress, title, shares);
        try {
          return await work({ signal: controller.signal, progress: display });
        } finally {
          display.dispose();
          subscription.dispose();
        }
      },
    );
  } catch (error) {
    if (controller.signal.aborted && !isFailedCleanUp(error)) {
      log.info(`${title}: cancelled`);
      return undefined;
    }
    showFailure(log, title, error);
    return undefined;
  } finally {
    stop?.removeEventListener('abort', onStop);
  }
}

/** The same for what mostly takes an instant: the notification comes only when it takes longer. */
export async function runQuick<T>(
  log: Log,
  title: string,
  work: (operation: Operation) => Promise<T>,
): Promise<T | undefined> {
  try {
    return await runWhenSlow(title, work);
  } catch (error) {
    if (isCancellation(error)) log.info(`${title}: cancelled`);
    else showFailure(log, title, error);
    return undefined;
  }
}

/** After a cancel whatever broke off is only its consequence; what could not be put back is not. */
function isFailedCleanUp(error: unknown): boolean {
  return (
    error instanceof AggregateError ||
    ['rollbackFailed', 'moveRollbackFailed', 'uploadCut', 'uploadDiffers', 'putBackDiffers'].includes(
      knownFailure(error).code,
    )
  );
}

/** Turns facts into the message and the bar of a progress notification. */
class ProgressDisplay {
  readonly #progress: vscode.Progress<{ message?: string; increment?: number }>;
  readonly #title: string;
  readonly #shares: PhaseShares;
  readonly #meter = new ProgressMeter();
  readonly #timer: NodeJS.Timeout;
  readonly report: (fact: ProgressFact) => void;
  #last: ProgressFact | undefined;
  #percent = 0;

  constructor(
    progress: vscode.Progress<{ message?: string; increment?: number }>,
    title: string,
    shares: PhaseShares,
  ) {
    this.#progress = progress;
    this.#title = title;
    this.#shares = shares;
    this.report = throttled(
      (fact) => {
        this.#last = fact;
        this.#show(fact);
      },
      refreshMs,
      Date.now,
    );
    this.#timer = setInterval(() => {
      if (this.#last !== undefined) this.#show(this.#last);
    }, idleRefreshMs);
  }

  dispose(): void {
    clearInterval(this.#timer);
  }

  #show(fact: ProgressFact): void {
    const reading = this.#meter.read(fact, Date.now());
    const [from, to] = this.#shares[fact.phase] ?? [this.#percent, this.#percent];
    const reached = from + ((to - from) * (reading.percent ?? 0)) / 100;
    const increment = Math.max(0, reached - this.#percent);
    this.#percent += increment;
    this.#progress.report({ message: progressWords(reading, this.#title), increment });
  }
}

/** Shows a failure as one sentence with the one action that helps, and logs its chain. */
export function showFailure(log: Log, title: string, error: unknown): void {
  log.error(title, error);
  const { label, run } = remedyFor(knownFailure(error).code, log);
  void vscode.window.showErrorMessage(errorWords(error), label).then((chosen) => {
    if (chosen === label) run();
  });
}

function remedyFor(code: FailureCode, log: Log): { readonly label: string; readonly run: () => void } {
  switch (code) {
    case 'engineUnreachable':
    case 'engineDenied':
    case 'engineTooOld':
    case 'contextUnknown':
    case 'contextBroken':
    case 'endpointUnsupported':
      return {
        label: vscode.l10n.t('Choose Engine'),
        run: () => void vscode.commands.executeCommand('drydock.chooseEngine'),
      };
    case 'engineNotFound':
    case 'tagMoved':
      return {
        label: vscode.l10n.t('Refresh'),
        run: () => void vscode.commands.executeCommand('drydock.refresh'),
      };
    default:
      return {
        label: vscode.l10n.t('Show Log'),
        run: () => {
          log.show();
        },
      };
  }
}
