import { mkdir, readFile, readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive } from '../engine/processes.ts';
import { beforeExit } from '../provision/cleanups.ts';

/** Where Linux has a file system in memory. */
const memory = '/dev/shm';

/** Tests that measure memory write files of half a GiB, a few at a time. */
const neededBytes = 6 * 2 ** 30;

/**
 * A folder in memory for the files of a run's tests, removed when the run ends; undefined where the machine has none
 * with room. A vault waits until what it wrote is on the disk, thousands of times in all tests, and one that says so
 * at once takes nothing from them.
 */
export async function memoryFolder(suite: string): Promise<string | undefined> {
  if (!(await hasRoom())) return undefined;
  await sweepOldRuns();
  const folder = join(memory, `drydock-${suite}-${process.pid}`);
  await mkdir(folder, { recursive: true });
  beforeExit(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function hasRoom(): Promise<boolean> {
  const mounts = await readFile('/proc/mounts', 'utf8').catch(() => '');
  const [, , , options = ''] =
    mounts
      .split('\n')
      .findLast((line) => line.split(' ')[1] === memory)
      ?.split(' ') ?? [];
  // Tests write small programs and start them.
  if (options === '' || options.split(',').includes('noexec')) return false;
  const [{ bavail, bsize }, available] = await Promise.all([statfs(memory), availableBytes()]);
  return Math.min(bavail * bsize, available) >= neededBytes;
}

async function availableBytes(): Promise<number> {
  const [, kib = '0'] = /^MemAvailable:\s+(\d+) kB$/m.exec(await readFile('/proc/meminfo', 'utf8')) ?? [];
  return Number(kib) * 1024;
}

async function sweepOldRuns(): Promise<void> {
  for (const name of await readdir(memory)) {
    const pid = Number(/^drydock-[a-z]+-(\d+)$/.exec(name)?.[1]);
    if (Number.isInteger(pid) && !isAlive(pid))
      await rm(join(memory, name), { recursive: true, force: true });
  }
}
