import assert from 'node:assert/strict';
import { NamePages } from '../../../src/registries/namePages.ts';

describe('a list of names that is read on', () => {
  const { signal } = new AbortController();

  it('reads as many as are wanted, and not one more', async () => {
    let given = 0;
    const pages = new NamePages(async function* () {
      for (; given < 5; given += 1) yield await Promise.resolve(`n${given}`);
    });
    await pages.read(2, signal);
    assert.deepEqual([pages.names, pages.isWhole, given], [['n0', 'n1'], false, 1]);
    await pages.read(2, signal);
    await pages.read(2, signal);
    assert.deepEqual([pages.names.length, pages.isWhole], [5, true]);
  });

  it('keeps what was read when it breaks off, and goes on behind that', async () => {
    let isBroken = true;
    const pages = new NamePages(async function* () {
      yield* ['a', 'b', 'c'];
      if (isBroken) throw new Error('cut');
      yield await Promise.resolve('d');
    });
    await assert.rejects(pages.read(10, signal), /cut/);
    assert.deepEqual([pages.names, pages.isWhole], [['a', 'b', 'c'], false]);
    isBroken = false;
    await pages.read(10, signal);
    assert.deepEqual([pages.names, pages.isWhole], [['a', 'b', 'c', 'd'], true]);
  });

  it('stops what it is waiting for when it is cancelled, and not what is asked later', async () => {
    let turns = 0;
    const pages = new NamePages(async function* (cancel) {
      turns += 1;
      if (turns > 1) {
        yield 'a';
        return;
      }
      await new Promise((_, reject) => {
        cancel.signal?.addEventListener('abort', () => {
          reject(new DOMException('cancelled', 'AbortError'));
        });
      });
    });
    const controller = new AbortController();
    const reading = pages.read(1, controller.signal);
    controller.abort();
    await assert.rejects(reading, { name: 'AbortError' });
    await pages.read(1, signal);
    assert.deepEqual(pages.names, ['a']);
  });
});
