import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { checkout, node } from '../provision/places.ts';
import type { SuiteResults } from './results.ts';

const checks: readonly (readonly [string, string, readonly string[]])[] = [
  ['the types of host, tests and scripts hold', 'typescript/bin/tsc', ['-p', '.']],
  ['the types of the webview apps hold', 'typescript/bin/tsc', ['-p', 'src/report/app']],
  ['lint finds nothing', 'eslint/bin/eslint.js', ['.', '--max-warnings', '0']],
  ['every file is formatted', 'prettier/bin/prettier.cjs', ['--check', '.']],
];

/** Types, lint and format: one test each. */
export async function runChecks(): Promise<SuiteResults> {
  let passed = 0;
  const failures: { title: string; reason: string }[] = [];
  for (const [title, program, args] of checks) {
    const output = await run(join(checkout, 'node_modules', program), args);
    if (output === undefined) passed++;
    else failures.push({ title, reason: output });
    console.log(`  ${output === undefined ? '✔' : '✖'} ${title}${output === undefined ? '' : `\n${output}`}`);
  }
  return { passed, failures };
}

/** Undefined when it ends with 0, else what it printed. */
function run(program: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(node, [program, ...args], { cwd: checkout, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      resolve(error === null ? undefined : `${stdout}${stderr}` || error.message);
    });
  });
}
