import assert from 'node:assert/strict';
import { sendWhole } from '../../../src/core/engine/sendWhole.ts';
import { collect } from '../../support/archives/byteStreams.ts';

async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield await Promise.resolve(Buffer.from(text));
}

describe('sending what changes an engine once it is whole', () => {
  it('sends every piece in order', async () => {
    for (const texts of [[], ['a'], ['a', 'b', 'c']]) {
      const sent = await sendWhole(pieces(...texts), new AbortController().signal, collect);
      assert.equal(sent.toString(), texts.join(''));
    }
  });

  it('cuts the connection when it is cancelled before the last piece is out', async () => {
    const controller = new AbortController();
    const seen: string[] = [];
    const sending = sendWhole(pieces('a', 'b', 'c'), controller.signal, async (bytes, signal) => {
      for await (const piece of bytes) {
        seen.push(Buffer.from(piece).toString());
        if (seen.length === 2) {
          controller.abort();
          signal.throwIfAborted();
        }
      }
    });
    await assert.rejects(sending, { name: 'AbortError' });
    assert.deepEqual(seen, ['a', 'b']);
  });

  it('lets the engine answer when it is cancelled after the last piece is out', async () => {
    const controller = new AbortController();
    const answer = await sendWhole(pieces('a', 'b'), controller.signal, async (bytes, signal) => {
      const all = await collect(bytes);
      controller.abort();
      assert.equal(signal.aborted, false);
      return all.toString();
    });
    assert.equal(answer, 'ab');
  });

  it('never lets out the last piece of what fails at its end', async () => {
    async function* changed(): AsyncGenerator<Uint8Array> {
      yield* pieces('a', 'end mark');
      throw new Error('the file changed');
    }
    const seen: string[] = [];
    const sending = sendWhole(changed(), new AbortController().signal, async (bytes) => {
      for await (const piece of bytes) seen.push(Buffer.from(piece).toString());
    });
    await assert.rejects(sending, /the file changed/);
    assert.deepEqual(seen, ['a']);
  });

  it('sends nothing when it was cancelled before', async () => {
    await assert.rejects(
      sendWhole(pieces('a'), AbortSignal.abort(), () => Promise.reject(new Error('sent'))),
      { name: 'AbortError' },
    );
  });
});
