import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeExit } from './cleanups.ts';

/**
 * Runs `work` while no other process of this machine runs work of the same name. A lock whose owner is gone is
 * taken over.
 */
export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  const path = join(tmpdir(), `drydock-${name}.lock`);
  let told = false;
  while (!(await take(path))) {
    if (!told) console.log(`Waiting for another run that holds ${path} …`);
    told = true;
    await delay(500);
  }
  const release = beforeExit(() => rm(path, { force: true }));
  try {
    return await work();
  } finally {
    await release();
  }
}

async function take(path: string): Promise<boolean> {
  try {
    await writeFile(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const owner = Number(await readFile(path, 'utf8').catch(() => '')) || 0;
  if (owner === 0 || !isAlive(owner)) {
    // An empty file may be one that was created an instant ago: look twice before taking it over.
    await delay(200);
    const again = Number(await readFile(path, 'utf8').catch(() => '')) || 0;
    if (again === owner) await rm(path, { force: true });
  }
  return false;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
