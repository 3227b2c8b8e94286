import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ProgramBench } from './benchFolder.ts';

/** A vault behind `drydock serve`, and a Docker CLI that is logged in there. */
export interface ServedVault {
  /** `HOST:PORT`. */
  readonly address: string;
  readonly env: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

export async function serveVault({ cli, folder, env }: ProgramBench, vault: string): Promise<ServedVault> {
  const child = spawn(process.execPath, [cli, 'serve', '--vault', vault, '--quiet'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const said: string[] = [];
  for await (const line of createInterface(child.stdout)) if (said.push(line) === 3) break;
  const [address, username, password] = said;
  if (address === undefined || password === undefined)
    throw new Error(`drydock serve said ${said.join(' ')}`);
  const config = join(folder, 'docker-config');
  await mkdir(config);
  const auth = Buffer.from(`${String(username)}:${password}`).toString('base64');
  await writeFile(join(config, 'config.json'), JSON.stringify({ auths: { [address]: { auth } } }));
  return {
    address,
    env: { ...env, DOCKER_CONFIG: config },
    async stop() {
      child.kill('SIGINT');
      await ended;
      await rm(config, { recursive: true });
    },
  };
}
