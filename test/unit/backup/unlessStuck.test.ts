import assert from 'node:assert/strict';
import { unlessStuck } from '../../../src/core/backup/unlessStuck.ts';
import { unattended } from '../../../src/core/progress.ts';
import { failureOf } from '../../support/failureOf.ts';

const never = (): Promise<never> => new Promise(() => undefined);

describe('reading that may hang', () => {
  it('is given up when nothing comes any more, even where it can’t be broken off', async () => {
    const work = unlessStuck('data', unattended(), never, { limitMs: 10, lingerMs: 10 });
    const error = await failureOf(work);
    assert.equal(error.code, 'readingStuck');
    assert.match(error.message, /data/);
  });

  it('is told as such whatever the work says when it is broken off', async () => {
    const work = unlessStuck(
      'data',
      unattended(),
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            reject(new Error('aborted'));
          });
        }),
      { limitMs: 10, lingerMs: 60_000 },
    );
    assert.equal((await failureOf(work)).code, 'readingStuck');
  });

  it('may take as long as it likes while something comes', async () => {
    const facts: unknown[] = [];
    const operation = { ...unattended(), progress: { report: (fact: unknown) => facts.push(fact) } };
    const work = unlessStuck(
      'data',
      operation,
      async ({ progress }) => {
        const end = performance.now() + 300;
        while (performance.now() < end) {
          progress.report({ phase: 'reading', doneBytes: 1 });
          await new Promise((resolve) => setImmediate(resolve));
        }
        return 'read';
      },
      { limitMs: 150, lingerMs: 10 },
    );
    assert.equal(await work, 'read');
    assert.deepEqual(facts[0], { phase: 'reading', doneBytes: 1 });
  });

  it('is not waited for when it was cancelled and does not end', async () => {
    const controller = new AbortController();
    const operation = { ...unattended(), signal: controller.signal };
    const work = unlessStuck('data', operation, never, { limitMs: 60_000, lingerMs: 10 });
    controller.abort();
    await assert.rejects(work, { name: 'AbortError' });
  });

  it('leaves nothing to wait for when it is cancelled afterwards', async () => {
    const controller = new AbortController();
    const operation = { ...unattended(), signal: controller.signal };
    assert.equal(await unlessStuck('data', operation, () => Promise.resolve('read')), 'read');
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    controller.abort();
    assert.equal(timers(), before);
  });

  it('does not begin when it was cancelled before', async () => {
    const operation = { ...unattended(), signal: AbortSignal.abort() };
    const work = unlessStuck('data', operation, () => assert.fail('begun'));
    await assert.rejects(work, { name: 'AbortError' });
  });
});
