/**
 * A process of its own that takes a lock and reports on standard output. With `hold` it keeps the lock until its
 * standard input ends; with `count` it adds one to a number in a file, as often as told, each time under the lock.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { acquireLock, withLock } from '../../src/core/vault/locks.ts';
import { currentProcess } from '../../src/core/vault/processIdentity.ts';
import { vaultPaths } from '../../src/core/vault/vaultPaths.ts';

const [, , root = '', task = '', mode = '', times = '1'] = process.argv;
const deps = { paths: vaultPaths(root), owner: await currentProcess() };
const lock = { scope: 'vault', mode: mode === 'shared' ? 'shared' : 'exclusive', waitMs: 60_000 } as const;

if (task === 'hold') {
  const held = await acquireLock(deps, lock);
  console.log('held');
  for await (const chunk of process.stdin) console.error(String(chunk));
  await held.release();
} else {
  const file = join(root, 'count');
  for (let time = 0; time < Number(times); time += 1)
    await withLock(deps, lock, undefined, async () => {
      const before = Number(await readFile(file, 'utf8'));
      await writeFile(file, String(before + 1));
    });
}
