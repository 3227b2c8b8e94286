/**
 * An image with a shell and a few commands of this machine, for containers that do something.
 *
 *     await makeShellImage(host);   // "drydock-test/shell:1"
 *     await docker('run', '--detach', '--label', `${testLabel}=1`, shellImage, 'sleep', '600');
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { engineHost, tarOf, type TarFile } from './tinyImage.ts';

export const shellImage = 'drydock-test/shell:1';
const commands = [
  'sh',
  'cat',
  'chmod',
  'chown',
  'date',
  'ln',
  'ls',
  'mkdir',
  'mkfifo',
  'mv',
  'rm',
  'sleep',
  'stat',
  'touch',
  'truncate',
];

/** Imports it, unless it is there. */
export async function makeShellImage(address: string): Promise<void> {
  const found = new Map<string, TarFile>();
  const add = (name: string, path: string): void => {
    found.set(name, { name, content: readFileSync(path), mode: 0o755 });
  };
  for (const command of commands) {
    const path = realpathSync(execFileSync('which', [command], { encoding: 'utf8' }).trim());
    add(`bin/${command}`, path);
    for (const library of execFileSync('ldd', [path], { encoding: 'utf8' }).match(/\/\S+/g) ?? [])
      add(library.slice(1), library);
  }
  const folders: readonly TarFile[] = ['tmp/', 'etc/', 'var/', 'var/lib/'].map((name) => ({
    name,
    mode: 0o755,
  }));
  const changes = new URLSearchParams({ changes: 'LABEL dev.drydock.test=1' }).toString();
  await engineHost(address).call(
    'POST',
    `/images/create?fromSrc=-&repo=drydock-test/shell&tag=1&${changes}`,
    await tarOf([...folders, ...found.values()]),
  );
}
