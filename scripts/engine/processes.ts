import { execFile } from 'node:child_process';
import { readdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Sends the signal, waits until all are gone, and sends SIGKILL to those that outlive the deadline. */
export async function endProcesses(
  pids: readonly number[],
  signal: NodeJS.Signals,
  deadlineMs: number,
): Promise<void> {
  for (const pid of pids) send(pid, signal);
  if (await areGone(pids, deadlineMs)) return;
  for (const pid of pids) send(pid, 'SIGKILL');
  if (!(await areGone(pids, 5_000))) throw new Error(`Processes ${pids.join(', ')} do not end.`);
}

/** True while the process runs; a zombie, which only waits for its parent, does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Pids with an argument below one of the `folders`, or whose cgroup is below `cgroup`. Linux only: elsewhere there are none. */
export async function processesNaming(folders: readonly string[], cgroup: string): Promise<number[]> {
  const found: number[] = [];
  const entries = await readdir('/proc').catch(() => []);
  for (const entry of entries) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const cgroups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
    // Only arguments that begin with the path, or have it after "=" or "unix://", are the engine's own.
    const names = commandLine
      .split('\0')
      .map((argument) => argument.replace(/^(--[\w-]+=)?(unix:\/\/)?/, ''))
      .some((argument) => folders.some((folder) => argument.startsWith(folder)));
    if (names || new RegExp(`/${cgroup}(/|$)`, 'm').test(cgroups)) found.push(pid);
  }
  return found;
}

/** Pids in the process session that `leader` opened. Linux only: elsewhere the leader alone. */
export async function processesOfSession(leader: number): Promise<number[]> {
  const found: number[] = [leader];
  for (const entry of await readdir('/proc').catch(() => [])) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === leader) continue;
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    // After "pid (name)": state, parent, group, session. The name may hold spaces and brackets.
    const session = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3];
    if (Number(session) === leader) found.push(pid);
  }
  return found;
}

/** Removes the (by now empty) control groups of that name, in whichever hierarchies they are. */
export async function removeCgroups(name: string): Promise<void> {
  const root = '/sys/fs/cgroup';
  const hierarchies = await readdir(root).catch(() => []);
  for (const folder of [join(root, name), ...hierarchies.map((hierarchy) => join(root, hierarchy, name))])
    await removeGroup(folder);
}

async function removeGroup(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await removeGroup(join(folder, entry.name));
  // A group goes by rmdir alone; one that is still busy or never was is no reason to fail.
  await rmdir(folder).catch(() => undefined);
}

/** Unmounts everything mounted on or below those folders, the deepest first. */
export async function unmountBelow(folders: readonly string[]): Promise<void> {
  const table = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  const points = table
    .split('\n')
    .map((line) => (line.split(' ')[4] ?? '').replace(/\\040/g, ' '))
    .filter((point) => folders.some((folder) => `${point}/`.startsWith(`${folder}/`)))
    .sort((a, b) => b.length - a.length);
  for (const point of points) await run('umount', ['-l', point]);
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function areGone(pids: readonly number[], deadlineMs: number): Promise<boolean> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const states = await Promise.all(pids.map(isRunning));
    if (!states.includes(true)) return true;
    if (Date.now() > deadline) return false;
    await delay(25);
  }
}

async function isRunning(pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
}
