// The module that VS Code's extension host loads as its test runner.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { matchingFiles } from '../../scripts/tests/matchingFiles.ts';
import { runFiles } from '../../scripts/tests/runFiles.ts';

/** Called by VS Code; its rejection is VS Code's exit code 1. */
export async function run(): Promise<void> {
  const resultsPath = process.env['DRYDOCK_TEST_RESULTS'];
  if (resultsPath === undefined) throw new Error('DRYDOCK_TEST_RESULTS is not set.');
  const suite = join(__dirname, 'suite');
  const files = await matchingFiles('**/*.test.cjs', suite);
  const isGreen = await runFiles({
    files: files.map((file) => join(suite, file)),
    resultsPath,
    timeoutMs: 60_000,
    // The host's console is full of VS Code's own lines.
    print: (line) => {
      appendFileSync(`${resultsPath}.log`, `${line}\n`);
    },
    ownFolders: (process.env['DRYDOCK_TEST_OWN_FOLDERS'] ?? '').split('\n'),
  });
  if (!isGreen) throw new Error('Some tests failed.');
}
