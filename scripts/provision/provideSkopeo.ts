import { aptInstall } from './aptInstall.ts';
import { findOnPath } from './findOnPath.ts';

/** The path of skopeo, which tests use as a judge that is not us. */
export async function provideSkopeo(): Promise<string> {
  await aptInstall(['skopeo'], ['skopeo'], 'Install skopeo with the package manager of this system.');
  const path = findOnPath('skopeo');
  if (path === undefined) throw new Error('skopeo is not on PATH.');
  return path;
}
