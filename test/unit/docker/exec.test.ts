import assert from 'node:assert/strict';
import { connect } from '../../../src/docker/connect.ts';
import type { ExecOutcome } from '../../../src/core/engine/records.ts';
import { failureOf } from '../../support/failureOf.ts';
import { fakeEngine, sendJson, type FakeEngine } from './fakeEngine.ts';

function piece(stream: number, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  const head = Buffer.alloc(8);
  head[0] = stream;
  head.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([head, bytes]);
}

describe('a command in a container', () => {
  let fake: FakeEngine;
  /** What inspecting the command answers, one after the other; the last stays. */
  let states: object[];
  beforeEach(async () => {
    fake = await fakeEngine();
    states = [{ Running: false, ExitCode: 0 }];
  });
  afterEach(async () => {
    await fake.remove();
  });

  /** Answers with `output` in pieces of `pieceBytes`, then ends as an engine does that gave its connection away. */
  const printing = (output: Buffer, pieceBytes = 1_000_000): void => {
    fake.answer = (request, response, { path }) => {
      request.resume();
      if (path.endsWith('/exec')) sendJson(response, { Id: 'e1' }, 201);
      else if (path.endsWith('/json')) sendJson(response, states.length > 1 ? states.shift() : states[0]);
      else {
        response.writeHead(200, { 'Content-Type': 'application/vnd.docker.raw-stream', Connection: 'close' });
        for (let at = 0; at < output.length; at += pieceBytes) {
          response.write(output.subarray(at, at + pieceBytes));
        }
        response.end();
      }
    };
  };
  const run = (signal?: AbortSignal): Promise<ExecOutcome> =>
    connect(fake.endpoint).containers.exec('web', { command: ['sync'] }, signal && { signal });

  it('tells what it printed on both streams, however the pieces are cut', async () => {
    states = [{ Running: false, ExitCode: 3 }];
    for (const pieceBytes of [1, 7, 8, 9, 1000]) {
      printing(
        Buffer.concat([piece(1, 'Größe\n'), piece(2, ''), piece(2, 'oh\n'), piece(1, '尺')]),
        pieceBytes,
      );
      assert.deepEqual(await run(), { exitCode: 3, output: 'Größe\noh\n尺' });
    }
  });

  it('keeps the end of what it printed, and no more', async () => {
    const lines = Array.from({ length: 40 }, (_, index) => piece(1, Buffer.alloc(10_000, 65 + (index % 26))));
    printing(Buffer.concat([...lines, piece(2, 'the end')]));
    const { output } = await run();
    assert.equal(output.length, 64 * 1024);
    assert.ok(output.endsWith('the end'));
  });

  it('is waited for when its output ends before the engine knows its exit code', async () => {
    states = [
      { Running: true, ExitCode: null },
      { Running: false, ExitCode: 137 },
    ];
    printing(Buffer.alloc(0));
    assert.deepEqual(await run(), { exitCode: 137, output: '' });
  });

  it('is not called done when its output breaks off', async () => {
    for (const output of [piece(1, 'abc').subarray(0, 10), Buffer.from([1, 0, 0])]) {
      printing(output);
      assert.equal((await failureOf(run())).code, 'engineAnswerCut');
    }
  });

  it('is not called done when the engine tells an error in its output', async () => {
    printing(Buffer.concat([piece(1, 'so far'), piece(3, 'the shim is gone')]));
    const failed = await failureOf(run());
    assert.equal(failed.code, 'streamError');
    assert.match(failed.message, /the shim is gone/);
  });

  it('fails on output that is not in pieces with a head', async () => {
    for (const garbage of ['plain text', '\u0009\0\0\0\0\0\0\u0001x']) {
      printing(Buffer.from(garbage));
      assert.equal((await failureOf(run())).code, 'engineGarbled');
    }
  });

  it('can be cancelled while it runs', async () => {
    const cancel = new AbortController();
    fake.answer = (request, response, { path }) => {
      request.resume();
      if (path.endsWith('/exec')) sendJson(response, { Id: 'e1' }, 201);
      else {
        response.writeHead(200);
        response.write(piece(1, 'working'), () => {
          cancel.abort();
        });
      }
    };
    await assert.rejects(run(cancel.signal), { name: 'AbortError' });
  });

  it('is run as the user that was asked for, without a terminal', async () => {
    const bodies: string[] = [];
    printing(Buffer.alloc(0));
    const { answer } = fake;
    fake.answer = (request, response, url) => {
      request.on('data', (chunk: Buffer) => bodies.push(chunk.toString()));
      answer(request, response, url);
    };
    await connect(fake.endpoint).containers.exec('web', { command: ['a', 'b c'], user: '70' });
    assert.deepEqual(JSON.parse(bodies[0] ?? ''), {
      AttachStdout: true,
      AttachStderr: true,
      Tty: false,
      Cmd: ['a', 'b c'],
      User: '70',
    });
  });
});
