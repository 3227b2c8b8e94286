/** How long the window waits for the extension: its files read, activated, and the event loop free again. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { BenchRow } from './report.ts';

const run = promisify(execFile);
const runs = 10;

const report = z.object({
  loadMs: z.number(),
  activateMs: z.number(),
  untilTurnMs: z.number(),
  /** Of the turn after that, in which it begins to connect. */
  nextTurnMs: z.number(),
  /** Modules of Node, and files, that were loaded until the event loop turned. */
  loaded: z.array(z.string()),
});

export type Activation = z.infer<typeof report>;

/** Activates a bundle once, in a process of its own and a window that does nothing. */
export async function activateOnce(bundle: string): Promise<Activation> {
  const program = new URL('activateOnce.cjs', import.meta.url).pathname;
  const { stdout } = await run(process.execPath, [program, bundle]);
  return report.parse(JSON.parse(stdout));
}

export async function benchActivation(bundle: string, folder: string): Promise<BenchRow> {
  const empty = join(folder, 'empty.cjs');
  await writeFile(empty, '');
  const ours: Activation[] = [];
  const theirs: Activation[] = [];
  for (let turn = 0; turn < runs; turn += 1) {
    ours.push(await activateOnce(bundle));
    theirs.push(await activateOnce(empty));
  }
  const middle = ours.toSorted((a, b) => totalMs(a) - totalMs(b))[runs / 2];
  const emptyMiddle = theirs.toSorted((a, b) => totalMs(a) - totalMs(b))[runs / 2];
  if (middle === undefined || emptyMiddle === undefined) throw new Error('nothing was run');
  const { loadMs, activateMs, untilTurnMs, nextTurnMs } = middle;
  return {
    what: 'activate the extension',
    ours: { seconds: totalMs(middle) / 1000 },
    peer: 'an empty file',
    theirs: { seconds: totalMs(emptyMiddle) / 1000 },
    note: `${loadMs.toFixed(0)} ms to read the files, ${activateMs.toFixed(0)} ms in activate(), ${untilTurnMs.toFixed(0)} ms until the event loop is free, which then takes ${nextTurnMs.toFixed(0)} ms at once to begin to connect; the middle of ${runs}`,
  };
}

function totalMs({ loadMs, activateMs, untilTurnMs }: Activation): number {
  return loadMs + activateMs + untilTurnMs;
}
