import { aptInstall } from './aptInstall.ts';
import { findOnPath } from './findOnPath.ts';

export interface EnginePrograms {
  readonly dockerd: string;
  readonly docker: string;
}

/** The engine's programs, installed where that is possible. Starting one is startEngine's work. */
export async function provideEngine(): Promise<EnginePrograms> {
  await aptInstall(
    ['dockerd', 'docker', 'iptables', 'ip'],
    ['docker.io', 'iptables', 'iproute2'],
    'Install Docker Engine (https://docs.docker.com/engine/install/) and run this as root.',
  );
  const dockerd = findOnPath('dockerd');
  const docker = findOnPath('docker');
  if (dockerd === undefined || docker === undefined) throw new Error('dockerd and docker are not on PATH.');
  if (process.getuid?.() !== 0)
    throw new Error('Starting an engine of our own takes root: start Docker yourself, or run this as root.');
  return { dockerd, docker };
}
