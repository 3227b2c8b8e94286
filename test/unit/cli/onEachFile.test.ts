import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { Arguments } from '../../../src/cli/arguments.ts';
import { archiveCheck } from '../../../src/cli/commands/archiveCheck.ts';
import { onEachFile } from '../../../src/cli/onEachFile.ts';
import type { CommandContext } from '../../../src/cli/command.ts';
import { failure } from '../../../src/core/errors.ts';
import { unattended } from '../../../src/core/progress.ts';

const context: CommandContext = {
  engine: () => Promise.reject(new Error('no engine is needed here')),
  otherEngine: () => Promise.reject(new Error('no engine is needed here')),
  registry: () => Promise.reject(new Error('no registry is needed here')),
  openEndpoint: () => Promise.reject(new Error('no endpoint is needed here')),
  operation: unattended(),
  input: { isTerminal: false, open: () => Readable.from([]) },
  temporaryFolder: '/nonexistent',
  now: () => 0,
};
const done = { document: { isDone: true }, text: () => ['done'], quiet: ['done'], notes: ['odd'] };
const missing = (path: string) => failure('fileMissing', { path });

describe('work on several files', () => {
  it('ends with 0 when all of them are done', async () => {
    const report = await onEachFile(context, ['a', 'b'], () => Promise.resolve(done));
    assert.equal(report.exitCode, 0);
    assert.deepEqual(report.document, {
      archives: [
        { file: 'a', isDone: true },
        { file: 'b', isDone: true },
      ],
    });
    assert.deepEqual(report.notes, ['a: odd', 'b: odd']);
  });

  it('fails as a whole when the only file fails', async () => {
    const work = onEachFile(context, ['a'], () => Promise.reject(missing('a')));
    await assert.rejects(work, { code: 'fileMissing' });
  });

  it('goes on after a failure, and ends with 3, or with 1 when none is done', async () => {
    const report = await onEachFile(context, ['a', 'b'], (_, name) =>
      name === 'a' ? Promise.reject(missing('a')) : Promise.resolve(done),
    );
    assert.equal(report.exitCode, 3);
    assert.deepEqual(report.text(), ['done']);
    assert.deepEqual(
      report.failures?.map(({ item }) => item),
      ['a'],
    );
    const none = await onEachFile(context, ['a', 'b'], () => Promise.reject(missing('x')));
    assert.equal(none.exitCode, 1);
  });

  it('stops at a cancel, and still tells what was done before', async () => {
    const tried: string[] = [];
    const report = await onEachFile(context, ['a', 'b', 'c'], (_, name) => {
      tried.push(name);
      return name === 'b' ? Promise.reject(new DOMException('aborted', 'AbortError')) : Promise.resolve(done);
    });
    assert.deepEqual(tried, ['a', 'b']);
    assert.equal(report.exitCode, 130);
    assert.deepEqual(report.text(), ['done']);
    assert.deepEqual(report.document['error'], { code: 'cancelled', message: 'Cancelled.', details: {} });
  });

  it('says that standard input can’t be kept where there is no room for it', async () => {
    const args = new Arguments(['-'], {});
    await assert.rejects(archiveCheck.run(context, args), { name: 'DrydockError' });
  });
});
