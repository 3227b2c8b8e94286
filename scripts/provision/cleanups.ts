import { constants } from 'node:os';

type Cleanup = () => Promise<void> | void;

const cleanups: Cleanup[] = [];
let trapped = false;
let running: Promise<void> | undefined;

/**
 * Registers what must be ended or removed before this process goes, however it goes. The returned function takes
 * it off the list and runs it. Last registered runs first.
 */
export function beforeExit(cleanup: Cleanup): () => Promise<void> {
  trapSignals();
  cleanups.push(cleanup);
  return async () => {
    const index = cleanups.indexOf(cleanup);
    if (index < 0) return;
    cleanups.splice(index, 1);
    await cleanup();
  };
}

/** Runs all cleanups; one that fails is printed and does not keep the others from running. */
export function cleanUp(): Promise<void> {
  running ??= runAll().finally(() => {
    running = undefined;
  });
  return running;
}

/** Whether everything is being ended on purpose, so that what ends is no failure. */
export function isCleaningUp(): boolean {
  return running !== undefined;
}

async function runAll(): Promise<void> {
  for (let next = cleanups.pop(); next; next = cleanups.pop()) {
    try {
      await next();
    } catch (error) {
      console.error('Cleaning up:', error);
    }
  }
}

function trapSignals(): void {
  if (trapped) return;
  trapped = true;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      void cleanUp().then(() => process.exit(128 + constants.signals[signal]));
    });
  }
}
