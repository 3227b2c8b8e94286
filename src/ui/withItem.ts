import type { Operation } from '../core/progress.ts';

/** The operation, with whatever it works on called by the name that people know it by. */
export function withItem({ signal, progress }: Operation, item: string): Operation {
  return {
    signal,
    progress: {
      report: (fact) => {
        progress.report({ ...fact, item });
      },
    },
  };
}
