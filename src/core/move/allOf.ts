import type { Operation } from '../progress.ts';

type Works<T extends readonly unknown[]> = { readonly [I in keyof T]: (during: Operation) => Promise<T[I]> };

/**
 * Does several things at once and resolves with what they came to, in their order. The first failure cancels the
 * others and is told when all have ended: nothing goes on behind the back of whoever undoes it. Progress is told of the
 * first that is under way alone.
 */
export async function allOf<T extends readonly unknown[]>(
  { signal, progress }: Operation,
  works: Works<T>,
): Promise<T> {
  const broken = new AbortController();
  const both = AbortSignal.any([signal, broken.signal]);
  const underWay = new Set(works.keys());
  let failed: { readonly error: unknown } | undefined;
  const results = await Promise.all(
    works.map(async (work, index) => {
      const isFirst = (): boolean => ![...underWay].some((other) => other < index);
      try {
        return await work({
          signal: both,
          progress: {
            report: (fact) => {
              if (isFirst()) progress.report(fact);
            },
          },
        });
      } catch (error) {
        failed ??= { error };
        broken.abort();
        return undefined;
      } finally {
        underWay.delete(index);
      }
    }),
  );
  if (failed !== undefined) throw failed.error;
  return results as unknown as T;
}
