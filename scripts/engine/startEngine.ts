import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { provideEngine } from '../provision/provideEngine.ts';
import { createBridge, removeBridge } from './bridge.ts';
import { answersPing } from './ping.ts';
import { endProcesses, isAlive, processesNaming, removeCgroups, unmountBelow } from './processes.ts';

const startDeadlineMs = 60_000;
const stopDeadlineMs = 30_000;

/**
 * A Docker engine of our own in one folder: its data, its log, its socket. All state is on disk, so that any
 * process that knows the folder can stop and start it: the test runner, a test, a test inside VS Code's host.
 */
export interface OwnEngine {
  readonly folder: string;
  /** As in DOCKER_HOST. */
  readonly host: string;
  readonly socketPath: string;
  /** Starts it on the data it had; does nothing when it answers already. */
  start(): Promise<void>;
  /** Ends dockerd, its containerd and shims, by pid. The data stays. */
  stop(): Promise<void>;
  /** Ends dockerd as a crash would; what is left of it goes at the next start or stop. */
  kill(): Promise<void>;
  /** Stops it and removes all of it. */
  remove(): Promise<void>;
}

/** The engine of that folder, running or not. Its socket lies in the temporary folder, for paths have 107 bytes. */
export async function engineAt(folder: string): Promise<OwnEngine> {
  await mkdir(folder, { recursive: true });
  const home = await realpath(folder);
  const name = `ddk${createHash('sha256').update(home).digest('hex').slice(0, 8)}`;
  const runFolder = join(tmpdir(), name);
  const paths: Paths = {
    name,
    runFolder,
    data: join(home, 'data'),
    log: join(home, 'dockerd.log'),
    exec: join(runFolder, 'exec'),
    pid: join(runFolder, 'dockerd.pid'),
    socket: join(runFolder, 'docker.sock'),
  };
  return {
    folder: home,
    host: `unix://${paths.socket}`,
    socketPath: paths.socket,
    start: () => start(paths),
    stop: () => stop(paths),
    kill: async () => {
      await endProcesses(await daemonPids(paths), 'SIGKILL', stopDeadlineMs);
    },
    remove: async () => {
      await stop(paths);
      await removeCgroups(paths.name);
      await rm(paths.runFolder, { recursive: true, force: true });
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Starts an engine in that folder and returns once it answers. */
export async function startEngine(folder: string): Promise<OwnEngine> {
  const engine = await engineAt(folder);
  await engine.start();
  return engine;
}

interface Paths {
  readonly name: string;
  readonly runFolder: string;
  readonly data: string;
  readonly exec: string;
  readonly log: string;
  readonly pid: string;
  readonly socket: string;
}

async function start(paths: Paths): Promise<void> {
  if (await answersPing(paths.socket)) return;
  const { dockerd } = await provideEngine();
  await stop(paths);
  await mkdir(paths.runFolder, { recursive: true, mode: 0o700 });
  await mkdir(paths.data, { recursive: true });
  await createBridge(paths.name);
  // An empty configuration file keeps the machine's own /etc/docker/daemon.json out.
  const config = join(paths.runFolder, 'daemon.json');
  await writeFile(config, '{}');
  const log = openSync(paths.log, 'a');
  const child = spawn(
    dockerd,
    [
      ['--config-file', config],
      ['--data-root', paths.data],
      ['--exec-root', paths.exec],
      ['--pidfile', paths.pid],
      ['--host', `unix://${paths.socket}`],
      // A bridge of its own: with none, dockerd would delete docker0 under an engine that is not ours.
      [`--bridge=${paths.name}`, '--iptables=false', '--ip-masq=false', '--ip-forward=false'],
      ['--cgroup-parent', `/${paths.name}`, '--shutdown-timeout', '5'],
    ].flat(),
    { detached: true, stdio: ['ignore', log, log] },
  );
  closeSync(log);
  child.unref();
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => {
      resolve(error.message);
    });
    child.once('exit', (code, signal) => {
      resolve(`it ended with ${code ?? signal ?? 'no code'}`);
    });
  });
  const trouble = await Promise.race([ended, waitForAnswer(paths.socket)]);
  if (trouble === undefined) return;
  const tail = (await readFile(paths.log, 'utf8').catch(() => '')).split('\n').slice(-15).join('\n');
  await stop(paths);
  throw new Error(`dockerd did not start: ${trouble}. The end of ${paths.log}:\n${tail}`);
}

async function waitForAnswer(socket: string): Promise<string | undefined> {
  const deadline = Date.now() + startDeadlineMs;
  while (Date.now() < deadline) {
    if (await answersPing(socket)) return undefined;
    await delay(50);
  }
  return `no answer in ${startDeadlineMs / 1000} s`;
}

async function stop(paths: Paths): Promise<void> {
  await endProcesses(await daemonPids(paths), 'SIGTERM', stopDeadlineMs);
  // What dockerd leaves behind when it is killed: containerd and the shims of running containers, which all name
  // the exec folder, and the containers' own processes, which end with their shims or are in our cgroup.
  await endProcesses(await processesNaming(`${paths.exec}/`, paths.name), 'SIGKILL', 5_000);
  await unmountBelow([paths.data, paths.exec]);
  await rm(paths.socket, { force: true });
  await rm(paths.exec, { recursive: true, force: true });
  await rm(paths.pid, { force: true });
  await removeBridge(paths.name);
}

/** dockerd by its pid file, only if that process is really the one on our socket: pids are used again. */
async function daemonPids(paths: Paths): Promise<number[]> {
  const text = await readFile(paths.pid, 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  if (!Number.isInteger(pid) || !isAlive(pid)) return [];
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.includes(paths.socket) ? [pid] : [];
}
