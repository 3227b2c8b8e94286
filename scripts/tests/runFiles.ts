import Mocha from 'mocha';
import { writeResults } from './results.ts';

export interface RunFilesOptions {
  readonly files: readonly string[];
  readonly resultsPath: string;
  readonly timeoutMs: number;
  readonly print: (line: string) => void;
  /** Unhandled rejections whose stack names none of these are only printed: they are somebody else's. */
  readonly ownFolders?: readonly string[];
}

/**
 * Runs mocha over the files in this process and writes the results. `.only` and skipped tests are failures, and so
 * is a rejection that nobody handled. The same code runs in plain Node and in VS Code's extension host.
 */
export async function runFiles(options: RunFilesOptions): Promise<boolean> {
  const failures: { title: string; reason: string }[] = [];
  let passed = 0;
  const rejections = new Set<unknown>();
  const onRejection = (reason: unknown) => {
    // mocha hands on what it sees itself, so that each comes twice.
    if (rejections.has(reason)) return;
    rejections.add(reason);
    const stack = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
    const isOurs = options.ownFolders?.some((folder) => stack.includes(folder)) ?? true;
    options.print(`${isOurs ? 'UNHANDLED' : 'Unhandled elsewhere'}: ${stack}`);
    if (isOurs) failures.push({ title: 'no promise is left rejected', reason: stack });
  };
  process.on('unhandledRejection', onRejection);
  try {
    const mocha = new Mocha({
      ui: 'bdd',
      timeout: options.timeoutMs,
      forbidOnly: true,
      forbidPending: true,
      // The base of mocha's reporters counts and prints nothing; all printing is done below.
      reporter: Mocha.reporters.Base,
    });
    for (const file of options.files) mocha.addFile(file);
    await mocha.loadFilesAsync();
    await new Promise<void>((resolve) => {
      const runner = mocha.run(() => {
        resolve();
      });
      let depth = 0;
      runner.on('suite', (suite) => {
        if (!suite.root) options.print(`${'  '.repeat(++depth)}${suite.title}`);
      });
      runner.on('suite end', (suite) => {
        if (!suite.root) depth--;
      });
      runner.on('pass', (test) => {
        passed++;
        const slow = (test.duration ?? 0) > 200 ? ` (${test.duration ?? 0} ms)` : '';
        options.print(`${'  '.repeat(depth + 1)}✔ ${test.title}${slow}`);
      });
      runner.on('fail', (test, error: unknown) => {
        const reason = describeError(error);
        failures.push({ title: test.fullTitle(), reason });
        options.print(`${'  '.repeat(depth + 1)}✖ ${test.title}`);
        options.print(reason.replace(/^/gm, '  '.repeat(depth + 2)));
      });
    });
    // A rejection is reported a turn after the promise settles: let the last test's come in.
    await new Promise((resolve) => setImmediate(resolve));
  } catch (error) {
    failures.push({ title: 'the test files load', reason: describeError(error) });
    options.print(describeError(error));
  } finally {
    process.off('unhandledRejection', onRejection);
  }
  await writeResults(options.resultsPath, { passed, failures });
  return failures.length === 0 && passed > 0;
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by ${describeError(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
