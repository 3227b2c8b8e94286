import type { Operation, ProgressFact } from '../../src/core/progress.ts';

/** An operation that is cancelled by the first fact of which `isTime` says so. */
export function cancelledWhen(isTime: (fact: ProgressFact) => boolean): Operation {
  const controller = new AbortController();
  const report = (fact: ProgressFact): void => {
    if (isTime(fact)) controller.abort();
  };
  return { signal: controller.signal, progress: { report } };
}
