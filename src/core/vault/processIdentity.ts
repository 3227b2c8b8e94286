import { readFile, readlink } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import * as z from 'zod';

/** Who wrote a claim or a note. What a system can't tell is empty. */
export interface ProcessIdentity {
  readonly user: string;
  readonly host: string;
  readonly pid: number;
  /** Differs after every start of the machine (Linux). */
  readonly bootId: string;
  /** Which numbers of processes mean the same: a container has its own (Linux). */
  readonly pidNamespace: string;
  /** When the process started, in the kernel's own count, so that a number that is used again tells (Linux). */
  readonly startTime: string;
}

const text = z.string().max(1000);

/** Reads an identity back; limits as for everything that comes from a file. */
export const processIdentity = z.object({
  user: text,
  host: text,
  pid: z.number().int().positive(),
  bootId: text,
  pidNamespace: text,
  startTime: text,
});

/** This process. */
export async function currentProcess(): Promise<ProcessIdentity> {
  const [bootId, pidNamespace, startTime] = await Promise.all([
    textOrEmpty(readFile('/proc/sys/kernel/random/boot_id', 'utf8')),
    textOrEmpty(readlink('/proc/self/ns/pid')),
    startTimeOf(process.pid),
  ]);
  return { user: userName(), host: hostname(), pid: process.pid, bootId, pidNamespace, startTime };
}

/**
 * Whether the process of `identity` still runs, as far as `self` can tell: another host, another start of the
 * machine or another namespace of processes leaves it unknown.
 */
export async function stateOf(
  identity: ProcessIdentity,
  self: ProcessIdentity,
): Promise<'alive' | 'gone' | 'unknown'> {
  const isVisible =
    identity.host === self.host &&
    identity.bootId === self.bootId &&
    identity.pidNamespace === self.pidNamespace;
  if (!isVisible) return 'unknown';
  if (!isRunning(identity.pid)) return 'gone';
  const startTime = await startTimeOf(identity.pid);
  const isAnother = startTime !== '' && identity.startTime !== '' && startTime !== identity.startTime;
  return isAnother ? 'gone' : 'alive';
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, and belongs to somebody else.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

/** Field 22 of /proc/PID/stat; the name in field 2 may hold anything, so it is counted from its closing bracket. */
async function startTimeOf(pid: number): Promise<string> {
  const stat = await textOrEmpty(readFile(`/proc/${pid}/stat`, 'utf8'));
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended, whatever its parent has to say about it.
  if (fields[0] === 'Z') return 'ended';
  return fields[19] ?? '';
}

async function textOrEmpty(read: Promise<string>): Promise<string> {
  return (await read.catch(() => '')).trim();
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return ''; // A container's user may have no name.
  }
}
