import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { appendFile, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beginOperation, recoverJournal, type UndoNote } from '../../../src/core/vault/journal.ts';
import { claimPath } from '../../../src/core/vault/claims.ts';
import { acquireLock, type HeldLock, type LockDeps } from '../../../src/core/vault/locks.ts';
import { currentProcess } from '../../../src/core/vault/processIdentity.ts';
import { bareVaultFolders, temporaryFolder } from '../../support/vaultFolder.ts';

const backup = { kind: 'backup', subject: 'web' };

describe('the journal', function () {
  this.timeout(20_000);
  const folder = temporaryFolder();
  let deps: LockDeps;
  let held: HeldLock;
  let undone: unknown[];
  let undo: Map<string, UndoNote>;
  beforeEach(async () => {
    deps = { paths: await bareVaultFolders(folder.path()), owner: await currentProcess() };
    held = await acquireLock(deps, { scope: 'vault', mode: 'shared', waitMs: 0 });
    undone = [];
    const record: UndoNote = (data) => {
      undone.push(data);
      return Promise.resolve('settled');
    };
    undo = new Map([
      ['resume', record],
      ['remove', record],
    ]);
  });
  afterEach(() => held.release());
  const files = (): Promise<string[]> => readdir(deps.paths.journal);
  /** As a crash leaves it: notes on disk, and nobody who works. */
  const crashed = async (...notes: readonly (readonly [string, unknown])[]): Promise<string> => {
    const operation = await beginOperation(deps, held, backup);
    for (const [kind, data] of notes) await operation.note(kind, data);
    await held.release();
    const [name = ''] = await files();
    return join(deps.paths.journal, name);
  };

  it('holds nothing of an operation that ended', async () => {
    const operation = await beginOperation(deps, held, backup);
    await operation.note('resume', { container: 'a' });
    assert.equal((await files()).length, 1);
    await operation.end();
    await held.release();
    assert.deepEqual(await recoverJournal(deps, undo), []);
    assert.deepEqual([undone, await files()], [[], []]);
  });

  it('undoes what a dead operation left, last first, and then forgets it', async () => {
    await crashed(['resume', { container: 'a' }], ['remove', { image: 'b' }]);
    const [result] = await recoverJournal(deps, undo);
    assert.equal(result?.outcome, 'undone');
    assert.equal(result.head?.subject, 'web');
    assert.deepEqual(undone, [{ image: 'b' }, { container: 'a' }]);
    assert.deepEqual(await recoverJournal(deps, undo), []);
    assert.deepEqual(await files(), []);
  });

  it('leaves an operation alone that still runs', async () => {
    const operation = await beginOperation(deps, held, backup);
    await operation.note('resume', 1);
    assert.deepEqual(await recoverJournal(deps, undo), []);
    assert.deepEqual(undone, []);
    await operation.end();
  });

  it('does not undo what was settled', async () => {
    const operation = await beginOperation(deps, held, backup);
    const first = await operation.note('resume', 1);
    await operation.note('resume', 2);
    await operation.settle(first);
    await held.release();
    await recoverJournal(deps, undo);
    assert.deepEqual(undone, [2]);
  });

  it('keeps its order when many notes are written at once', async () => {
    const operation = await beginOperation(deps, held, backup);
    await Promise.all(Array.from({ length: 30 }, (_, of) => operation.note('resume', of)));
    await held.release();
    await recoverJournal(deps, undo);
    assert.deepEqual(
      undone,
      Array.from({ length: 30 }, (_, of) => 29 - of),
    );
  });

  it('goes on after an undoing that was itself interrupted', async () => {
    const path = await crashed(['resume', 1], ['remove', 2], ['resume', 3]);
    const stopped = new AbortController();
    undo.set('remove', () => {
      stopped.abort();
      return Promise.reject(new Error('killed here'));
    });
    await assert.rejects(recoverJournal(deps, undo, { signal: stopped.signal }), { name: 'AbortError' });
    undo.set('remove', (data) => {
      undone.push(data);
      return Promise.resolve('settled');
    });
    await recoverJournal(deps, undo);
    assert.deepEqual(undone, [3, 2, 1]);
    assert.deepEqual(await files(), []);
    await assert.rejects(readFile(path), { code: 'ENOENT' });
  });

  it('keeps what can’t be undone now, and undoes the rest', async () => {
    await crashed(['resume', 1], ['broken', 2], ['elsewhere', 3], ['unheard of', 4], ['remove', 5]);
    undo.set('broken', () => Promise.reject(new Error('the engine is away')));
    undo.set('elsewhere', () => Promise.resolve('elsewhere'));
    const [result] = await recoverJournal(deps, undo);
    assert.equal(result?.outcome, 'left');
    assert.deepEqual(undone, [5, 1]);
    assert.deepEqual(
      result.left.map(({ note, error }) => [note.kind, error instanceof Error ? error.message : undefined]),
      [
        ['unheard of', undefined],
        ['elsewhere', undefined],
        ['broken', 'the engine is away'],
      ],
    );
    const [again] = await recoverJournal(deps, undo);
    assert.equal(again?.left.length, 3);
    assert.deepEqual(undone, [5, 1]);
  });

  it('undoes nothing of an operation that ends well while somebody looks whether it still runs', async () => {
    const operation = await beginOperation(deps, held, backup);
    await operation.note('remove', 1);
    const [journal, claim] = [
      join(deps.paths.journal, `${operation.id}.jsonl`),
      claimPath(deps.paths, { scope: 'vault', id: held.id }),
    ];
    const { journal: journalFolder, locks } = deps.paths;
    let isListed = false;
    const paths = {
      ...deps.paths,
      get journal() {
        isListed = true;
        return journalFolder;
      },
      // The claims are asked for: by now it is done, its file is gone, and then its claim.
      get locks() {
        if (isListed) for (const path of [journal, claim]) rmSync(path, { force: true });
        return locks;
      },
    };
    assert.deepEqual(await recoverJournal({ ...deps, paths }, undo), []);
    assert.deepEqual(undone, []);
  });

  it('writes a note whole after one that did not fit on the disk', async () => {
    const operation = await beginOperation(deps, held, backup);
    await operation.note('resume', 1);
    await appendFile(join(deps.paths.journal, `${operation.id}.jsonl`), '{"note":7,"kind":"re');
    await operation.note('remove', 2);
    await held.release();
    await recoverJournal(deps, undo);
    assert.deepEqual(undone, [2, 1]);
  });

  it('passes over a last line that was cut, and writes after it', async () => {
    const path = await crashed(['resume', 1], ['elsewhere', 2]);
    await appendFile(path, '{"note":2,"kind":"resume","da');
    undo.set('elsewhere', () => Promise.resolve('elsewhere'));
    await recoverJournal(deps, undo);
    const [result] = await recoverJournal(deps, undo);
    assert.equal(result?.left.length, 1);
    assert.deepEqual(undone, [1]);
  });

  it('names a file that is no journal, keeps it, and undoes the others', async () => {
    const broken = join(deps.paths.journal, '0.jsonl');
    await writeFile(broken, '{"note":1}\n');
    await writeFile(join(deps.paths.journal, '1.jsonl'), '');
    await crashed(['resume', 1]);
    const results = await recoverJournal(deps, undo);
    assert.deepEqual(results.map(({ outcome }) => outcome).sort(), ['left', 'left', 'undone']);
    const named = results.find(({ path }) => path === broken);
    assert.match(String(named?.error), /0\.jsonl/);
    assert.deepEqual((await files()).sort(), ['0.jsonl', '1.jsonl']);
  });
});
