import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { passingName } from '../../../src/core/files/passingName.ts';
import { PassingCopies } from '../../../src/core/fileTrees/passingCopies.ts';
import type { Operation, ProgressFact } from '../../../src/core/progress.ts';
import { cancelledWhen } from '../../support/cancelledWhen.ts';
import { failureOf } from '../../support/failureOf.ts';

describe('copies of large files that are open', () => {
  let folder: string;
  let copies: PassingCopies;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-copies-'));
    copies = new PassingCopies(join(folder, 'opened'), 100);
  });
  afterEach(async () => {
    copies.dispose();
    await rm(folder, { recursive: true });
  });

  async function* bytes(...pieces: readonly string[]): AsyncGenerator<Uint8Array> {
    for (const piece of pieces) yield await Promise.resolve(Buffer.from(piece));
  }
  const plain = (): Operation => ({
    signal: new AbortController().signal,
    progress: { report: () => undefined },
  });
  const left = (): Promise<string[]> => readdir(join(folder, 'opened'));

  it('hold the bytes under the name of the file, for this user to read alone', async () => {
    const facts: ProgressFact[] = [];
    const path = await copies.make(
      { name: 'app.log', sizeBytes: 6, bytes: bytes('one', 'two') },
      { ...plain(), progress: { report: (fact) => void facts.push(fact) } },
    );
    assert.equal(basename(path), 'app.log');
    assert.equal(await readFile(path, 'utf8'), 'onetwo');
    assert.equal((await stat(path)).mode & 0o777, 0o400);
    assert.equal((await stat(dirname(path))).mode & 0o777, 0o700);
    assert.deepEqual(
      facts.map(({ doneBytes, totalBytes }) => [doneBytes, totalBytes]),
      [
        [3, 6],
        [6, 6],
      ],
    );
  });

  it('have names that every system takes, and none leads elsewhere', async () => {
    const names: string[] = [];
    for (const name of ['..', 'a/b', 'a\\b:c', 'nul.txt', 'x\u202egnp.exe', '', `${'é'.repeat(300)}.log`]) {
      const path = await copies.make({ name, sizeBytes: 0, bytes: bytes() }, plain());
      assert.equal(dirname(dirname(path)), join(folder, 'opened'));
      names.push(basename(path));
    }
    assert.deepEqual(names.slice(0, 6), ['_', 'a_b', 'a_b_c', '_nul.txt', 'x_u{202e}gnp.exe', '_']);
    assert.match(names[6] ?? '', /^é{56}\.log$/);
  });

  it('leave nothing when they are cancelled, or when what is copied breaks off', async () => {
    const cancelled = copies.make(
      { name: 'a', sizeBytes: 9, bytes: bytes('one', 'two', 'three') },
      cancelledWhen(({ doneBytes }) => doneBytes === 6),
    );
    await assert.rejects(cancelled, { name: 'AbortError' });
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Buffer.from('one'));
      throw new Error('cut');
    }
    await assert.rejects(copies.make({ name: 'a', sizeBytes: 9, bytes: broken() }, plain()), /cut/);
    assert.deepEqual(await left(), []);
  });

  it('together have a limit, which a file that grows does not pass either', async () => {
    const first = await copies.make({ name: 'a', sizeBytes: 60, bytes: bytes('x'.repeat(60)) }, plain());
    const refused = await failureOf(copies.make({ name: 'b', sizeBytes: 41, bytes: bytes() }, plain()));
    assert.equal(refused.code, 'copiesTooLarge');
    const grown = copies.make({ name: 'b', sizeBytes: 3, bytes: bytes('x'.repeat(41)) }, plain());
    assert.equal((await failureOf(grown)).code, 'copiesTooLarge');
    await copies.remove(first);
    await copies.make({ name: 'b', sizeBytes: 90, bytes: bytes('x'.repeat(90)) }, plain());
    assert.equal((await left()).length, 1);
  });

  it('are not begun where the disk has no room for them', async () => {
    const huge = new PassingCopies(join(folder, 'opened'), Number.MAX_SAFE_INTEGER);
    const sizeBytes = 2 ** 52;
    const refused = await failureOf(huge.make({ name: 'a', sizeBytes, bytes: bytes('x') }, plain()));
    assert.equal(refused.code, 'diskFull');
    assert.deepEqual(await left(), []);
  });

  it('go all at the end, and those of a killed process with the next start', async () => {
    await copies.sweep(); // nothing was ever there
    await copies.make({ name: 'a', sizeBytes: 1, bytes: bytes('x') }, plain());
    const dead = passingName().replace(
      `-${process.pid}-`,
      `-${spawnSync(process.execPath, ['--version']).pid}-`,
    );
    await mkdir(join(folder, 'opened', dead));
    await writeFile(join(folder, 'opened', dead, 'b'), 'x', { mode: 0o400 });
    await copies.sweep();
    assert.equal((await left()).length, 1);
    copies.dispose();
    assert.deepEqual(await left(), []);
  });
});
