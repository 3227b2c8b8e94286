// Loaded before a measured program: writes its peak resident memory, in KiB, when it exits.
const { writeFileSync } = require('node:fs');

process.on('exit', () => {
  writeFileSync(process.env.DRYDOCK_BENCH_PEAK, String(process.resourceUsage().maxRSS));
});
