// `npm test` runs every suite against real parts; `node scripts/test.ts SUITE…` runs some. See docs/DEVELOPING.md.
import { cleanUp } from './provision/cleanups.ts';
import { notRun, type SuiteResults } from './tests/results.ts';
import { runLanes, writeLaneSums } from './tests/runLanes.ts';
import { suites } from './tests/suites.ts';

/** Lanes that run beside each other; in each the cheap ones first. `engines` takes long and is run on demand. */
const everySuite = [
  ['check', 'docker', 'registry', 'package', 'extension', 'start'],
  ['unit', 'pages', 'e2e'],
];

const chosen = process.argv.slice(2);
if (chosen.length === 0) {
  const { passed, failed } = await runLanes(everySuite);
  await cleanUp();
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exit(failed === 0 && passed > 0 ? 0 : 1);
}

const all: { suite: string; results: SuiteResults }[] = [];
for (const suite of chosen) {
  console.log(`\n── ${suite} ──`);
  const started = Date.now();
  const run = suites.get(suite);
  let results: SuiteResults;
  try {
    results = run === undefined ? notRun(suite, `there is no suite "${suite}"`) : await run();
  } catch (error) {
    results = notRun(suite, error);
  }
  await cleanUp();
  all.push({ suite, results });
  const seconds = Math.round((Date.now() - started) / 1000);
  console.log(`${suite}: ${results.passed} passed, ${results.failures.length} failed in ${seconds} s`);
}

const failures = all.flatMap(({ suite, results }) =>
  results.failures.map((failure) => ({ suite, ...failure })),
);
if (failures.length > 0) console.log('\nFailed:');
for (const { suite, title, reason } of failures)
  console.log(`  ${suite}: ${title}\n${reason.trimEnd().replace(/^/gm, '    ')}`);
const passed = all.reduce((sum, { results }) => sum + results.passed, 0);
console.log(`\n${passed} passed, ${failures.length} failed`);
await writeLaneSums({ passed, failed: failures.length });
process.exitCode = failures.length === 0 && passed > 0 ? 0 : 1;
