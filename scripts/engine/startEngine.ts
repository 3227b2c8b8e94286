import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createBridge, removeBridge } from './bridge.ts';
import { engineCommand } from './engineCommand.ts';
import { readEngineKind, writeEngineKind, type EngineKind } from './engineKind.ts';
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

/**
 * The engine of that folder, running or not. Its socket lies in the temporary folder, for paths have 107 bytes; tests
 * that have a temporary folder of their own are told where it is.
 */
export async function engineAt(folder: string): Promise<OwnEngine> {
  await mkdir(folder, { recursive: true });
  const home = await realpath(folder);
  const name = `ddk${createHash('sha256').update(home).digest('hex').slice(0, 8)}`;
  const runFolder = join(process.env['DRYDOCK_TEST_ENGINE_SOCKETS'] ?? tmpdir(), name);
  const paths: EnginePaths = {
    folder: home,
    name,
    runFolder,
    data: join(home, 'data'),
    log: join(home, 'engine.log'),
    exec: join(runFolder, 'exec'),
    pid: join(runFolder, 'dockerd.pid'),
    startedPid: join(runFolder, 'started.pid'),
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

/** Starts an engine in that folder and returns once it answers; by default the machine's own Docker. */
export async function startEngine(folder: string, kind?: EngineKind): Promise<OwnEngine> {
  const engine = await engineAt(folder);
  if (kind !== undefined) await writeEngineKind(engine.folder, kind);
  await engine.start();
  return engine;
}

/** Where the parts of one engine lie. */
export interface EnginePaths {
  readonly folder: string;
  readonly name: string;
  readonly runFolder: string;
  readonly data: string;
  readonly exec: string;
  readonly log: string;
  readonly pid: string;
  readonly startedPid: string;
  readonly socket: string;
}

async function start(paths: EnginePaths): Promise<void> {
  if (await answersPing(paths.socket)) return;
  await stop(paths);
  await mkdir(paths.runFolder, { recursive: true, mode: 0o700 });
  await mkdir(paths.data, { recursive: true });
  await createBridge(paths.name);
  const { program, args, env } = await engineCommand(await readEngineKind(paths.folder), paths);
  const log = openSync(paths.log, 'a');
  const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log], env });
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
  // dockerd writes the same; Podman's service writes none.
  if (child.pid !== undefined) await writeFile(paths.startedPid, String(child.pid));
  const trouble = await Promise.race([ended, waitForAnswer(paths.socket)]);
  if (trouble === undefined) return;
  const tail = (await readFile(paths.log, 'utf8').catch(() => '')).split('\n').slice(-15).join('\n');
  await stop(paths);
  throw new Error(`The engine did not start: ${trouble}. The end of ${paths.log}:\n${tail}`);
}

async function waitForAnswer(socket: string): Promise<string | undefined> {
  const deadline = Date.now() + startDeadlineMs;
  while (Date.now() < deadline) {
    if (await answersPing(socket)) return undefined;
    await delay(50);
  }
  return `no answer in ${startDeadlineMs / 1000} s`;
}

async function stop(paths: EnginePaths): Promise<void> {
  await endProcesses(await daemonPids(paths), 'SIGTERM', stopDeadlineMs);
  // What an engine leaves behind when it is killed: containerd and the shims (Podman: conmon) of running containers,
  // which all name our folders, and the containers' own processes, which end with them or are in our cgroup.
  const left = await processesNaming([`${paths.exec}/`, `${paths.data}/`], paths.name);
  await endProcesses(left, 'SIGKILL', 5_000);
  await unmountBelow([paths.data, paths.exec]);
  await rm(paths.socket, { force: true });
  await rm(paths.exec, { recursive: true, force: true });
  for (const file of [paths.pid, paths.startedPid]) await rm(file, { force: true });
  await removeBridge(paths.name);
}

/** The engine by its pid files, only if that process is really the one on our socket: pids are used again. */
async function daemonPids(paths: EnginePaths): Promise<number[]> {
  const found = new Set<number>();
  for (const file of [paths.pid, paths.startedPid]) {
    const pid = Number.parseInt(await readFile(file, 'utf8').catch(() => ''), 10);
    if (!Number.isInteger(pid) || !isAlive(pid)) continue;
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (commandLine.includes(paths.socket)) found.add(pid);
  }
  return [...found];
}
