import { readFile, writeFile } from 'node:fs/promises';

/** What one suite came to. */
export interface SuiteResults {
  readonly passed: number;
  /** One entry per failed test, or the reason why the suite did not run. */
  readonly failures: readonly { readonly title: string; readonly reason: string }[];
}

/** A suite that could not be run to its end counts as one failure. */
export function notRun(suite: string, reason: unknown): SuiteResults {
  const text = reason instanceof Error ? reason.message : String(reason);
  return { passed: 0, failures: [{ title: `${suite} ran to its end`, reason: text }] };
}

/** Written last by the process that ran the tests: the file's being there says that it came to its end. */
export async function writeResults(path: string, results: SuiteResults): Promise<void> {
  await writeFile(path, JSON.stringify(results));
}

/** Reads it; without a file, or without a single test, the suite has failed. */
export async function readResults(suite: string, path: string, ended: string): Promise<SuiteResults> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return notRun(suite, `${ended} before the tests were done`);
  }
  const results = JSON.parse(text) as SuiteResults;
  if (results.passed + results.failures.length === 0) return notRun(suite, 'it has no tests');
  return results;
}
