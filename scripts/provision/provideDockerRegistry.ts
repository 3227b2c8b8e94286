import { aptInstall } from './aptInstall.ts';
import { findOnPath } from './findOnPath.ts';

/** The path of Distribution's registry, which tests push to and pull from; openssl makes its certificates. */
export async function provideDockerRegistry(): Promise<string> {
  await aptInstall(
    ['docker-registry', 'openssl'],
    ['docker-registry', 'openssl'],
    'Install docker-registry (distribution) and openssl with the package manager of this system.',
  );
  const path = findOnPath('docker-registry');
  if (path === undefined) throw new Error('docker-registry is not on PATH.');
  return path;
}
