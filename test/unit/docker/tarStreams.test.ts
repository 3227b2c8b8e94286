import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import tar from 'tar-stream';
import { connect } from '../../../src/docker/connect.ts';
import { failureOf } from '../../support/failureOf.ts';
import { closed, fakeEngine, type FakeEngine } from './fakeEngine.ts';

const blockBytes = 512;

async function tinyTar(): Promise<Buffer> {
  const pack = tar.pack();
  pack.entry({ name: 'a' }, Buffer.alloc(1000, 'a'));
  pack.entry({ name: 'b' }, 'b');
  pack.finalize();
  return buffer(pack);
}

describe('a tar that an engine streams', () => {
  let fake: FakeEngine;
  let whole: Buffer;
  const saved = (signal?: AbortSignal): Promise<Readable> =>
    connect(fake.endpoint).images.save(['a:b'], signal === undefined ? {} : { signal });
  const savedBytes = async (): Promise<Buffer> => buffer(await saved());
  const answerWith = (send: (response: ServerResponse) => void): void => {
    fake.answer = (_, response) => {
      send(response);
    };
  };

  before(async () => {
    whole = await tinyTar();
  });
  beforeEach(async () => {
    fake = await fakeEngine();
  });
  afterEach(async () => {
    await fake.remove();
  });

  it('comes through byte for byte, in whatever pieces it is sent', async () => {
    for (const pieceBytes of [1, 511, 512, 513, whole.length]) {
      answerWith((response) => {
        for (let at = 0; at < whole.length; at += pieceBytes)
          response.write(whole.subarray(at, at + pieceBytes));
        response.end();
      });
      assert.deepEqual(await savedBytes(), whole);
    }
    assert.equal(fake.requests[0], 'GET /v1.41/images/get?names=a%3Ab');
  });

  it('fails when the connection breaks in the middle', async () => {
    answerWith((response) => {
      response.write(whole.subarray(0, 700), () => response.destroy());
    });
    const failed = await failureOf(savedBytes());
    assert.equal(failed.code, 'streamCut');
    assert.equal(failed.details['bytes'], 700);
  });

  it('fails when the connection breaks after the last byte but before the end of the body', async () => {
    answerWith((response) => {
      response.write(whole, () => response.destroy());
    });
    assert.equal((await failureOf(savedBytes())).code, 'streamCut');
  });

  it('fails when the body ends properly inside a file', async () => {
    answerWith((response) => response.end(whole.subarray(0, blockBytes + 600)));
    assert.equal((await failureOf(savedBytes())).code, 'streamCut');
  });

  it('fails when the body ends properly between two files', async () => {
    answerWith((response) => response.end(whole.subarray(0, blockBytes + 1024)));
    assert.equal((await failureOf(savedBytes())).code, 'streamCut');
  });

  it('fails when the body is empty', async () => {
    answerWith((response) => response.end());
    assert.equal((await failureOf(savedBytes())).code, 'streamCut');
  });

  for (const [where, cutAt] of [
    ['between two files', blockBytes + 1024],
    ['inside a file', blockBytes + 600],
    ['before any file', 0],
  ] as const) {
    it(`tells the engine's own error that stands ${where}`, async () => {
      answerWith((response) => {
        response.write(whole.subarray(0, cutAt));
        response.end('{"errorDetail":{"message":"disk ran full"},"error":"disk ran full"}\r\n');
      });
      const failed = await failureOf(savedBytes());
      assert.equal(failed.code, 'streamError');
      assert.match(failed.message, /disk ran full/);
    });
  }

  it('fails when something else than zeros follows the end of the tar', async () => {
    answerWith((response) => response.end(Buffer.concat([whole, Buffer.from('more')])));
    assert.equal((await failureOf(savedBytes())).code, 'streamError');
  });

  it('can be cancelled before the first byte, and lets go of the connection', async () => {
    const cancel = new AbortController();
    let gone: Promise<unknown> | undefined;
    fake.answer = (request) => {
      gone = closed(request.socket);
      cancel.abort();
    };
    await assert.rejects(saved(cancel.signal), { name: 'AbortError' });
    await gone;
  });

  it('can be cancelled between the head and the first byte', async () => {
    const cancel = new AbortController();
    answerWith((response) => {
      response.flushHeaders();
    });
    const stream = await saved(cancel.signal);
    const read = buffer(stream);
    cancel.abort();
    await assert.rejects(read, { name: 'AbortError' });
  });

  it('can be cancelled in the middle, and then fails with nothing but an AbortError', async () => {
    const cancel = new AbortController();
    let gone: Promise<unknown> | undefined;
    fake.answer = (request, response) => {
      gone = closed(request.socket);
      response.write(whole.subarray(0, 700));
    };
    const stream = await saved(cancel.signal);
    await once(stream, 'readable');
    const read = buffer(stream);
    cancel.abort();
    await assert.rejects(read, { name: 'AbortError' });
    await gone;
  });

  it('lets go of the connection when its reader leaves', async () => {
    let gone: Promise<unknown> | undefined;
    fake.answer = (request, response) => {
      gone = closed(request.socket);
      response.flushHeaders();
    };
    (await saved()).destroy();
    await gone;
  });

  it('is not asked for when no image is named', async () => {
    assert.equal((await failureOf(connect(fake.endpoint).images.save([]))).code, 'nothingSelected');
    assert.deepEqual(fake.requests, []);
  });

  it('rejects at once when the engine does not know the container', async () => {
    fake.answer = (_, response) => response.writeHead(404).end('{"message":"No such container: x"}');
    const failed = await failureOf(connect(fake.endpoint).containers.exportRootfs('x'));
    assert.equal(failed.code, 'engineNotFound');
  });
});
