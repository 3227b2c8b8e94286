import { aptInstall } from './aptInstall.ts';
import { findOnPath } from './findOnPath.ts';

/** The path of restic, which the benchmarks compare the vault with. */
export async function provideRestic(): Promise<string> {
  await aptInstall(['restic'], ['restic'], 'Install restic with the package manager of this system.');
  const path = findOnPath('restic');
  if (path === undefined) throw new Error('restic is not on PATH.');
  return path;
}
