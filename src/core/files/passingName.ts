import { createHash, randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { hasCode } from './fileErrors.ts';

/** Tells the machines apart that write into one shared folder. */
function machine(): string {
  return createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
}

/**
 * A name for what exists only while this process works on it: it says who made it, so that what a killed process
 * left can be told from what a living one still needs. Hidden, and short whatever the name of the final file.
 */
export function passingName(): string {
  return `.drydock-${machine()}-${process.pid}-${randomBytes(6).toString('hex')}.partial`;
}

const passingPattern = /^\.drydock-([0-9a-f]{8})-(\d+)-[0-9a-f]{12}\.partial$/;

/** Removes from `folder` what processes of this machine that are no more left there, as far as it may. */
export async function sweepLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const [, owner, pid] = passingPattern.exec(name) ?? [];
    if (owner !== machine() || isAlive(Number(pid))) continue;
    await rm(join(folder, name), { recursive: true, force: true }).catch((error: unknown) => {
      // Another user's, who shares the folder.
      if (!hasCode(error, 'EACCES', 'EPERM')) throw error;
    });
  }
}

/** A process of another user is alive, though it may not be signalled. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !hasCode(error, 'ESRCH');
  }
}
