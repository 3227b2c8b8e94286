import assert from 'node:assert/strict';
import { connect } from '../../../src/docker/connect.ts';
import { EngineClient } from '../../../src/docker/call.ts';
import { dockerodeTransport } from '../../../src/docker/transport.ts';
import { failureOf } from '../../support/failureOf.ts';
import { closed, fakeEngine, sendJson, type FakeEngine } from './fakeEngine.ts';

describe('calls to an engine', () => {
  let fake: FakeEngine;
  beforeEach(async () => {
    fake = await fakeEngine();
  });
  afterEach(async () => {
    await fake.remove();
  });
  const client = (): EngineClient =>
    new EngineClient(dockerodeTransport(fake.endpoint, 'ssh'), fake.endpoint.address);

  it('names an engine that is not there', async () => {
    await fake.die();
    const failed = await failureOf(connect(fake.endpoint).images.list());
    assert.equal(failed.code, 'engineUnreachable');
    assert.equal(failed.details['endpoint'], fake.endpoint.address);
  });

  it('fails a call whose body is cut off by the end of the engine', async () => {
    fake.answer = (_, response) => {
      response.writeHead(200, { 'Content-Length': '1000' });
      response.write('[{"Id":"sha', () => response.destroy());
    };
    const failed = await failureOf(connect(fake.endpoint).images.list());
    assert.equal(failed.code, 'streamCut');
    assert.equal(failed.details['bytes'], 11);
  });

  it('fails a call whose chunked body never gets its end', async () => {
    fake.answer = (_, response) => {
      response.write('[]', () => response.destroy());
    };
    assert.equal((await failureOf(connect(fake.endpoint).volumes.list())).code, 'streamCut');
  });

  it('does not promise that nothing happened when the answer to a change is cut off', async () => {
    fake.answer = (_, response) => {
      response.writeHead(201, { 'Content-Length': '100' });
      response.write('{"Id":', () => response.destroy());
    };
    const failed = await failureOf(connect(fake.endpoint).containers.commit('c', { pause: true }));
    assert.equal(failed.code, 'engineAnswerCut');
  });

  it('words a refusal whose body is cut off', async () => {
    fake.answer = (_, response) => {
      response.writeHead(500, { 'Content-Length': '100' });
      response.write('{"mess', () => response.destroy());
    };
    const failed = await failureOf(connect(fake.endpoint).images.list());
    assert.equal(failed.code, 'engineRefused');
    assert.match(failed.message, /500 Internal Server Error/);
  });

  it('fails on an answer that is no JSON', async () => {
    fake.answer = (_, response) => response.end('<html>a proxy</html>');
    assert.equal((await failureOf(connect(fake.endpoint).images.list())).code, 'engineGarbled');
  });

  it('fails on JSON of another shape and says where', async () => {
    fake.answer = (_, response) => {
      sendJson(response, [{ Id: 'sha256:short' }]);
    };
    const failed = await failureOf(connect(fake.endpoint).images.list());
    assert.equal(failed.code, 'engineGarbled');
    assert.match(failed.message, /Id.*sha256:short/);
  });

  it('gives up on an engine that never answers', async () => {
    fake.answer = () => undefined;
    const call = { name: 'image ls', method: 'GET', path: '/images/json', deadlineMs: 20 } as const;
    const failed = await failureOf(client().json(call));
    assert.equal(failed.code, 'engineTimeout');
    assert.equal(failed.details['call'], 'image ls');
  });

  it('gives up on an engine that stops in the middle of its answer', async () => {
    fake.answer = (_, response) => {
      response.write('[');
    };
    const call = { name: 'image ls', method: 'GET', path: '/images/json', deadlineMs: 100 } as const;
    assert.equal((await failureOf(client().json(call))).code, 'engineTimeout');
  });

  it('asks once more when a GET dies before its answer, but never twice for a change', async () => {
    let deaths = 0;
    fake.answer = (request, response) => {
      if (deaths === 0 || request.method === 'POST') {
        deaths += 1;
        request.socket.destroy();
      } else sendJson(response, []);
    };
    const engine = connect(fake.endpoint);
    assert.deepEqual(await engine.images.list(), []);
    assert.equal((await failureOf(engine.containers.start('c'))).code, 'engineAnswerCut');
    assert.deepEqual(fake.requests, [
      'GET /v1.41/images/json',
      'GET /v1.41/images/json',
      'POST /v1.41/containers/c/start',
    ]);
  });

  it('rejects with an AbortError when it is cancelled before, during and after the head of the answer', async () => {
    const engine = connect(fake.endpoint);
    await assert.rejects(engine.images.list({ signal: AbortSignal.abort() }), { name: 'AbortError' });
    assert.deepEqual(fake.requests, []);

    const during = new AbortController();
    fake.answer = () => {
      during.abort();
    };
    await assert.rejects(engine.images.list({ signal: during.signal }), { name: 'AbortError' });

    const after = new AbortController();
    fake.answer = (_, response) => {
      response.write('[', () => {
        after.abort();
      });
    };
    await assert.rejects(engine.images.list({ signal: after.signal }), { name: 'AbortError' });
  });

  it('lets go of the connection when a call is cancelled', async () => {
    const cancel = new AbortController();
    let gone: Promise<unknown> | undefined;
    fake.answer = (request) => {
      gone = closed(request.socket);
      cancel.abort();
    };
    await assert.rejects(connect(fake.endpoint).images.list({ signal: cancel.signal }), {
      name: 'AbortError',
    });
    await gone;
  });

  it('sends a body with a commit to Podman, which insists on one, and none to Docker', async () => {
    const bodies: (string | undefined)[] = [];
    fake.answer = (request, response) => {
      bodies.push(request.headers['content-length']);
      sendJson(response, { Id: 'a'.repeat(64) }, 201);
    };
    for (const isPodman of [false, true]) {
      fake.isPodman = isPodman;
      await connect(fake.endpoint).containers.commit('c', { pause: false });
    }
    assert.deepEqual(bodies, ['0', '2']);
  });

  it('names the image that is not there when a save is refused with a status that says nothing', async () => {
    fake.answer = (_, response, { path }) => {
      if (path === '/images/get') sendJson(response, { message: 'image not known' }, 500);
      else if (path === '/images/b/json') sendJson(response, { message: 'No such image' }, 404);
      else sendJson(response, { Id: `sha256:${'a'.repeat(64)}` });
    };
    const failed = await failureOf(connect(fake.endpoint).images.save(['a', 'b']));
    assert.equal(failed.code, 'engineNotFound');
    assert.equal(failed.details['name'], 'b');
    assert.equal((await failureOf(connect(fake.endpoint).images.save(['a']))).code, 'engineRefused');
  });

  it('sends nothing after it was closed', async () => {
    const engine = connect(fake.endpoint);
    await engine.close();
    await assert.rejects(engine.images.list(), { name: 'AbortError' });
    assert.equal(fake.pings(), 0);
  });

  describe('that refuses', () => {
    const cases = [
      {
        status: 404,
        body: { message: 'No such container: c' },
        code: 'engineNotFound',
        text: /container "c"/,
      },
      { status: 409, body: { message: 'is paused' }, code: 'engineConflict', text: /c now: is paused/ },
      {
        status: 500,
        body: { message: 'no\n space' },
        code: 'engineRefused',
        text: /"container start": no space/,
      },
      { status: 401, body: {}, code: 'engineDenied', text: /denies access/ },
      { status: 403, body: { message: 'by policy' }, code: 'engineRefused', text: /by policy/ },
      { status: 502, body: 'Bad gateway', code: 'engineRefused', text: /502 Bad Gateway/ },
    ] as const;
    for (const { status, body, code, text } of cases) {
      it(`words status ${status} as ${code}`, async () => {
        fake.answer = (_, response) => {
          sendJson(response, body, status);
        };
        const failed = await failureOf(connect(fake.endpoint).containers.start('c'));
        assert.equal(failed.code, code);
        assert.match(failed.message, text);
      });
    }

    it('takes "not modified" for done', async () => {
      fake.answer = (_, response) => response.writeHead(304).end();
      await connect(fake.endpoint).containers.start('c');
    });
  });

  it('never turns an empty or dotted name into another request', async () => {
    const { images, containers, volumes } = connect(fake.endpoint);
    for (const name of ['', '.', '..']) {
      assert.equal((await failureOf(images.remove(name))).code, 'engineNotFound');
      assert.equal((await failureOf(containers.remove(name))).code, 'engineNotFound');
      assert.equal((await failureOf(volumes.remove(name))).code, 'engineNotFound');
    }
    assert.equal((await failureOf(images.remove('a/../../volumes/v'))).code, 'engineNotFound');
    assert.equal((await failureOf(volumes.remove('a/b'))).code, 'engineNotFound');
    assert.deepEqual(fake.requests, []);
  });

  it('encodes names and sends options in the query alone', async () => {
    fake.answer = (_, response) => {
      sendJson(response, { Id: 'a'.repeat(64) }, 201);
    };
    const { containers, images } = connect(fake.endpoint);
    await containers.commit('c d', {
      pause: false,
      name: 'host:5000/a/b:t',
      changes: ['CMD ["a&b"]', 'ENV A=1'],
    });
    await images.tag('host:5000/a?b@sha256:x', 'n:t');
    assert.deepEqual(fake.requests, [
      'POST /v1.41/commit?container=c%20d&repo=host%3A5000%2Fa%2Fb&tag=t&pause=false&changes=CMD%20%5B%22a%26b%22%5D&changes=ENV%20A%3D1',
      'POST /v1.41/images/host:5000/a%3Fb@sha256:x/tag?repo=n&tag=t',
    ]);
  });
});
