import assert from 'node:assert/strict';
import type { LoadProgress } from '../../../src/core/engine/engine.ts';
import { failure } from '../../../src/core/errors.ts';
import { connect } from '../../../src/docker/connect.ts';
import { failureOf } from '../../support/failureOf.ts';
import { closed, fakeEngine, type FakeEngine } from './fakeEngine.ts';

const id = `sha256:${'ab'.repeat(32)}`;

/** Endless bytes that tell when they were let go of. */
function endless(): { readonly bytes: AsyncIterable<Uint8Array>; readonly released: Promise<void> } {
  let release: () => void;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  async function* produce(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        await new Promise(setImmediate);
        yield new Uint8Array(64 * 1024);
      }
    } finally {
      release();
    }
  }
  return { bytes: produce(), released };
}

async function* some(...chunks: readonly string[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const chunk of chunks) {
    await Promise.resolve();
    yield Buffer.from(chunk);
  }
}

describe('loading into an engine', () => {
  let fake: FakeEngine;
  let received: string;
  beforeEach(async () => {
    fake = await fakeEngine();
    received = '';
  });
  afterEach(async () => {
    await fake.remove();
  });

  /** Answers with `lines`, cut into pieces of `pieceBytes`, after the body has come. */
  const answerWith = (lines: string, pieceBytes = 1_000_000): void => {
    fake.answer = (request, response) => {
      request.on('data', (chunk: Buffer) => (received += chunk.toString()));
      request.on('end', () => {
        const bytes = Buffer.from(lines);
        for (let at = 0; at < bytes.length; at += pieceBytes)
          response.write(bytes.subarray(at, at + pieceBytes));
        response.end();
      });
    };
  };
  /** Answers as Go's server does: before the body was read, and the connection stays open for the answer to be read. */
  const answerEarly = (status: string, body: string): Promise<void> =>
    new Promise((resolve) => {
      fake.answer = (request) => {
        void closed(request.socket).then(resolve);
        request.resume();
        const head = `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`;
        request.socket.write(head + body);
      };
    });
  const load = (): Promise<unknown> => connect(fake.endpoint).images.load(some('tar'));

  it('sends the bytes as they are and tells names, IDs and remarks', async () => {
    answerWith(
      [
        '{"stream":"The image a:b already exists, renaming the old one with ID sha256:x to empty string\\n"}',
        '{"stream":"Loaded image: a:b\\n"}',
        `{"stream":"Loaded image ID: ${id}\\n"}`,
        '',
      ].join('\r\n'),
    );
    const outcome = await connect(fake.endpoint).images.load(some('ta', '', 'r'));
    assert.deepEqual(outcome, {
      names: ['a:b'],
      ids: [id],
      remarks: ['The image a:b already exists, renaming the old one with ID sha256:x to empty string'],
    });
    assert.equal(received, 'tar');
  });

  it('understands the one line of Podman, with and without names', async () => {
    answerWith(`{"stream":"Loaded image: localhost/a:b,localhost/c:d,${id}"}`);
    assert.deepEqual(await load(), { names: ['localhost/a:b', 'localhost/c:d'], ids: [id], remarks: [] });
  });

  it('reads a last line without its end, and characters cut between pieces', async () => {
    answerWith('{"stream":"Größe – 尺寸\\n"}\r\n{"stream":"Loaded image: a:b"}', 1);
    assert.deepEqual(await load(), { names: ['a:b'], ids: [], remarks: ['Größe – 尺寸'] });
  });

  it('reports how far the engine is', async () => {
    answerWith(
      '{"status":"Loading layer","progressDetail":{"current":5,"total":9},"id":"abc"}\n{"stream":"Loaded image: a:b"}',
    );
    const seen: LoadProgress[] = [];
    await connect(fake.endpoint).images.load(some('tar'), { onProgress: (fact) => seen.push(fact) });
    assert.deepEqual(seen, [{ item: 'abc', doneBytes: 5, totalBytes: 9 }]);
    assert.equal(fake.requests[0], 'POST /v1.41/images/load?quiet=false');
  });

  for (const [what, lines, reason] of [
    ['an error inside a 200', '{"errorDetail":{"message":"no space"},"error":"no space"}\r\n', /no space/],
    [
      'an error in the last line, without an end',
      '{"stream":"Loaded image: a:b"}\n{"error":"old style"}',
      /old style/,
    ],
    [
      'a success that the containerd store takes back',
      '{"stream":"Loaded image: a:b\\n"}\n{"stream":"Error unpacking image a:b: content digest: not found\\n"}\n',
      /not found/,
    ],
    ['an answer that tells of no image', '', /nothing of an image/],
  ] as const) {
    it(`fails on ${what}`, async () => {
      answerWith(lines);
      const failed = await failureOf(load());
      assert.equal(failed.code, 'loadFailed');
      assert.match(failed.message, reason);
    });
  }

  it('fails on a line that is no JSON', async () => {
    answerWith('{"stream":"Loaded image: a:b"}\nnot json\n');
    assert.equal((await failureOf(load())).code, 'engineGarbled');
  });

  it('fails on a line without end instead of keeping it', async () => {
    fake.answer = (request, response) => {
      request.resume();
      const more = (): void => {
        if (!response.destroyed) response.write('x'.repeat(100_000), more);
      };
      more();
    };
    assert.equal((await failureOf(load())).code, 'engineGarbled');
  });

  it('fails when the answer breaks off, whatever was said before', async () => {
    fake.answer = (request, response) => {
      request.resume();
      response.write('{"stream":"Loaded image: a:b"}\n', () => response.destroy());
    };
    assert.equal((await failureOf(load())).code, 'engineAnswerCut');
  });

  it('lets go of the source and the connection when the engine refuses early', async () => {
    const gone = answerEarly('500 Oh', '{"message":"read-only file system"}');
    const source = endless();
    const failed = await failureOf(connect(fake.endpoint).images.load(source.bytes));
    assert.equal(failed.code, 'loadFailed');
    assert.match(failed.message, /read-only file system/);
    await Promise.all([source.released, gone]);
  });

  it('lets go of the source and the connection when the engine tells an error before it has read all', async () => {
    const gone = answerEarly('200 OK', '{"errorDetail":{"message":"invalid tar header"}}\n');
    const source = endless();
    const failed = await failureOf(connect(fake.endpoint).images.load(source.bytes));
    assert.equal(failed.code, 'loadFailed');
    await Promise.all([source.released, gone]);
  });

  it('lets go of the source when the engine dies', async () => {
    fake.answer = (request) => {
      request.once('data', () => request.socket.destroy());
    };
    const source = endless();
    assert.equal((await failureOf(connect(fake.endpoint).images.load(source.bytes))).code, 'engineAnswerCut');
    await source.released;
  });

  it('lets go of the source when no engine is there', async () => {
    await fake.die();
    const failed = await failureOf(connect(fake.endpoint).images.load(some('tar')));
    assert.equal(failed.code, 'engineUnreachable');
  });

  it('can be cancelled while it sends', async () => {
    const cancel = new AbortController();
    let gone: Promise<unknown> | undefined;
    fake.answer = (request) => {
      gone = closed(request.socket);
      request.once('data', () => {
        cancel.abort();
      });
    };
    const source = endless();
    await assert.rejects(connect(fake.endpoint).images.load(source.bytes, { signal: cancel.signal }), {
      name: 'AbortError',
    });
    await Promise.all([source.released, gone]);
  });

  it('can be cancelled while the engine works on what it was sent', async () => {
    const cancel = new AbortController();
    fake.answer = (request) => {
      request.resume();
      request.on('end', () => {
        cancel.abort();
      });
    };
    await assert.rejects(connect(fake.endpoint).images.load(some('tar'), { signal: cancel.signal }), {
      name: 'AbortError',
    });
  });

  it('fails with the error of the source, not with what the engine made of it', async () => {
    async function* broken(): AsyncGenerator<Uint8Array, void, undefined> {
      yield* some('begin');
      throw failure('archiveChanged', { name: 'x.tar' });
    }
    fake.answer = (request) => {
      request.resume();
    };
    assert.equal((await failureOf(connect(fake.endpoint).images.load(broken()))).code, 'archiveChanged');
  });

  it('imports a file system and tells the ID, with and without its prefix', async () => {
    answerWith(`{"status":"${id}"}\r\n`);
    const { images } = connect(fake.endpoint);
    const input = { name: 'a/b:c', message: 'why', changes: ['CMD ["x"]'] };
    assert.equal(await images.importRootfs(some('tar'), input), id);
    assert.equal(
      fake.requests[0],
      'POST /v1.41/images/create?fromSrc=-&repo=a%2Fb%3Ac&message=why&changes=CMD%20%5B%22x%22%5D',
    );
    answerWith(`{"status":"${id.slice(7)}","id":"${id.slice(7)}"}`);
    assert.equal(await images.importRootfs(some('tar'), {}), id);
  });

  it('fails an import on an error inside a 200, and when no ID is told', async () => {
    const { images } = connect(fake.endpoint);
    answerWith(`{"status":"${id}"}\n{"errorDetail":{"message":"bad change"}}\n`);
    const failed = await failureOf(images.importRootfs(some('tar'), {}));
    assert.equal(failed.code, 'engineRefused');
    assert.match(failed.message, /bad change/);
    answerWith('{"status":"done"}\n');
    assert.equal((await failureOf(images.importRootfs(some('tar'), {}))).code, 'engineGarbled');
  });
});
