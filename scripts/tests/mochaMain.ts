// Run as a process of its own: node mochaMain.ts RESULTS TIMEOUT_MS FILE…
import { runFiles } from './runFiles.ts';

const [resultsPath, timeout, ...files] = process.argv.slice(2);
if (resultsPath === undefined) throw new Error('Where do the results go?');
const isGreen = await runFiles({
  files,
  resultsPath,
  timeoutMs: Number(timeout),
  print: (line) => {
    console.log(line);
  },
});
// A handle that a test leaves open does not hold up the run; the results are on disk.
process.exit(isGreen ? 0 : 1);
