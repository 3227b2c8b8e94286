import { execFile } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findOnPath } from '../provision/findOnPath.ts';
import { answersPing } from './ping.ts';

/** The version of the engine that the user's docker command talks to, or undefined when none answers. */
export async function chosenEngineVersion(): Promise<string | undefined> {
  const docker = findOnPath('docker');
  if (docker !== undefined) {
    try {
      const { stdout } = await promisify(execFile)(docker, ['version', '--format', '{{.Server.Version}}'], {
        timeout: 15_000,
      });
      if (stdout.trim() !== '') return stdout.trim();
    } catch {
      // The command fails when no engine answers where it looks; sockets it does not know come next.
    }
  }
  if (process.env['DOCKER_HOST'] !== undefined || process.env['DOCKER_CONTEXT'] !== undefined)
    return undefined;
  const runtime = process.env['XDG_RUNTIME_DIR'];
  const sockets = [
    '/var/run/docker.sock',
    join(homedir(), '.docker/run/docker.sock'),
    join(homedir(), '.docker/desktop/docker.sock'),
    ...(runtime === undefined ? [] : [join(runtime, 'podman/podman.sock')]),
    '/run/podman/podman.sock',
  ];
  for (const socket of sockets) if (await answersPing(socket)) return `at ${socket}`;
  return undefined;
}
