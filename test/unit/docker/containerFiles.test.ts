import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
import type { ContainerStore } from '../../../src/core/engine/engine.ts';
import { connect } from '../../../src/docker/connect.ts';
import { failureOf } from '../../support/failureOf.ts';
import { tarOf } from '../../support/tinyImage.ts';
import { closed, fakeEngine, sendJson, type FakeEngine } from './fakeEngine.ts';

/** What `engine` says a path is. */
function statHeader(more: Readonly<Record<string, unknown>>): string {
  const stat = { name: 'x', size: 5, mode: 0o644, mtime: '2026-01-02T03:04:05.5Z', linkTarget: '', ...more };
  return Buffer.from(JSON.stringify(stat)).toString('base64');
}

async function* pieces(...all: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const piece of all) {
    await Promise.resolve();
    yield piece;
  }
}

describe('files of a container', () => {
  let fake: FakeEngine;
  let containers: ContainerStore;
  beforeEach(async () => {
    fake = await fakeEngine();
    ({ containers } = connect(fake.endpoint));
  });
  afterEach(async () => {
    await fake.remove();
  });

  describe('what a path is', () => {
    const statOf = (header: string | undefined): Promise<unknown> => {
      fake.answer = (_, response) => {
        if (header !== undefined) response.setHeader('X-Docker-Container-Path-Stat', header);
        response.end();
      };
      return containers.statPath('web', '/a b');
    };

    for (const [type, bits] of [
      ['file', 0],
      ['directory', 2 ** 31],
      ['symlink', 2 ** 27],
      ['device', 2 ** 26],
      ['device', 2 ** 26 + 2 ** 21],
      ['fifo', 2 ** 25],
      ['socket', 2 ** 24],
      ['other', 2 ** 19],
    ] as const) {
      it(`is read from the engine's own mode bits: ${type} ${bits}`, async () => {
        assert.deepEqual(await statOf(statHeader({ mode: bits + 0o751 })), {
          name: 'x',
          type,
          sizeBytes: 5,
          mode: 0o751,
          mtimeMs: Date.parse('2026-01-02T03:04:05.5Z'),
          linkTarget: '',
        });
        assert.equal(fake.requests[0], 'HEAD /v1.41/containers/web/archive?path=%2Fa%20b');
      });
    }

    it('keeps setuid, setgid and sticky', async () => {
      for (const [bit, mode] of [
        [2 ** 23, 0o4755],
        [2 ** 22, 0o2755],
        [2 ** 20, 0o1755],
      ] as const) {
        const stat = (await statOf(statHeader({ mode: 2 ** 31 + bit + 0o755 }))) as { mode: number };
        assert.equal(stat.mode, mode);
      }
    });

    it('has a target only where it is a link', async () => {
      const target = { linkTarget: '/elsewhere' };
      const link = (await statOf(statHeader({ ...target, mode: 2 ** 27 }))) as { linkTarget: string };
      assert.equal(link.linkTarget, '/elsewhere');
      const file = (await statOf(statHeader(target))) as { linkTarget: string };
      assert.equal(file.linkTarget, '');
    });

    it('is an error where the engine says nothing that can be read', async () => {
      const broken = ['%%%', Buffer.from('[]').toString('base64'), statHeader({ mode: -1 })];
      for (const header of [undefined, ...broken]) {
        assert.equal((await failureOf(statOf(header))).code, 'engineGarbled');
      }
    });

    it('is nothing where there is nothing, as long as the container is there', async () => {
      fake.answer = (request, response) => {
        if (request.method === 'HEAD') response.writeHead(404).end();
        else sendJson(response, { Id: 'c' });
      };
      assert.equal(await containers.statPath('web', '/none'), undefined);
      fake.answer = (_, response) => {
        sendJson(response, { message: 'No such container' }, 404);
      };
      const failed = await failureOf(containers.statPath('web', '/none'));
      assert.deepEqual([failed.code, failed.details['kind']], ['engineNotFound', 'container']);
    });
  });

  describe('read as a tar', () => {
    it('fail when the engine ends the tar early without saying so', async () => {
      const tar = await tarOf([{ name: 'v/a', content: 'a'.repeat(2000) }, { name: 'v/b' }]);
      for (const cutAt of [512 + 1000, 512 + 2048, tar.length - 1024]) {
        fake.answer = (_, response) => {
          response.end(tar.subarray(0, cutAt));
        };
        const failed = await failureOf(buffer(await containers.readArchive('web', '/v')));
        assert.equal(failed.code, 'streamCut', String(cutAt));
      }
    });

    it('fail when the engine writes its error behind the tar', async () => {
      const tar = await tarOf([{ name: 'v/a', content: 'a' }]);
      fake.answer = (_, response) => {
        response.end(Buffer.concat([tar, Buffer.from('{"message":"input/output error"}')]));
      };
      const failed = await failureOf(buffer(await containers.readArchive('web', '/v')));
      assert.equal(failed.code, 'streamError');
    });

    it('name the path when it is missing', async () => {
      fake.answer = (_, response, { path }) => {
        if (path.endsWith('/json')) sendJson(response, { Id: 'c' });
        else sendJson(response, { message: 'Could not find the file' }, 404);
      };
      const failed = await failureOf(containers.readArchive('web', '/none'));
      assert.equal(failed.code, 'engineNotFound');
      assert.deepEqual([failed.details['kind'], failed.details['name']], ['path', 'web:/none']);
    });
  });

  describe('written from a tar', () => {
    it('arrive as they are, as a tar and not as a form', async () => {
      const tar = await tarOf([{ name: 'a', content: 'hello' }]);
      let received: Buffer | undefined;
      let type: string | undefined;
      fake.answer = (request, response) => {
        type = request.headers['content-type'];
        void buffer(request).then((bytes) => {
          received = bytes;
          response.end();
        });
      };
      await containers.writeArchive('web', '/', pieces(tar.subarray(0, 700), tar.subarray(700)));
      assert.deepEqual(received, tar);
      assert.equal(type, 'application/x-tar');
      assert.equal(fake.requests[0], 'PUT /v1.41/containers/web/archive?path=%2F');
    });

    it('are not called written when the engine answers before it took all', async () => {
      fake.answer = (request) => {
        request.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      };
      const data = pieces(...Array.from({ length: 64 }, () => new Uint8Array(64 * 1024).fill(1)));
      const failed = await failureOf(containers.writeArchive('web', '/', data));
      assert.equal(failed.code, 'engineRefused');
    });

    it('are written when the engine leaves only zeros at the end unread', async () => {
      fake.answer = (request) => {
        request.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      };
      await containers.writeArchive(
        'web',
        '/',
        pieces(...Array.from({ length: 64 }, () => new Uint8Array(64 * 1024))),
      );
    });

    it('let go of the source when the engine refuses early', async () => {
      let isReleased = false;
      async function* endless(): AsyncGenerator<Uint8Array, void, undefined> {
        try {
          for (;;) {
            await new Promise(setImmediate);
            yield new Uint8Array(64 * 1024).fill(1);
          }
        } finally {
          isReleased = true;
        }
      }
      const gone = new Promise<void>((resolve) => {
        fake.answer = (request) => {
          void closed(request.socket).then(resolve);
          request.resume();
          const body = '{"message":"mounted volume is marked read-only"}';
          request.socket.write(
            `HTTP/1.1 500 Oh\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
          );
        };
      });
      const failed = await failureOf(containers.writeArchive('web', '/', endless()));
      assert.equal(failed.code, 'engineRefused');
      assert.match(failed.message, /marked read-only/);
      await gone;
      assert.ok(isReleased);
    });

    it('may or may not be there when the connection is lost', async () => {
      fake.answer = (request) => {
        request.once('data', () => request.socket.destroy());
      };
      const failed = await failureOf(containers.writeArchive('web', '/', pieces(Buffer.alloc(1000, 1))));
      assert.equal(failed.code, 'engineAnswerCut');
    });

    it('fail with the error of their source', async () => {
      fake.answer = (request) => {
        request.resume();
      };
      async function* broken(): AsyncGenerator<Uint8Array, void, undefined> {
        yield* pieces(Buffer.alloc(10));
        throw new TypeError('the vault is gone');
      }
      await assert.rejects(containers.writeArchive('web', '/', broken()), /the vault is gone/);
    });

    it('can be cancelled, which cuts the connection', async () => {
      const cancel = new AbortController();
      let gone: Promise<void> | undefined;
      fake.answer = (request) => {
        gone = closed(request.socket);
        request.once('data', () => {
          cancel.abort();
        });
      };
      async function* endless(): AsyncGenerator<Uint8Array, void, undefined> {
        for (;;) {
          await new Promise(setImmediate);
          yield new Uint8Array(64 * 1024);
        }
      }
      await assert.rejects(containers.writeArchive('web', '/', endless(), { signal: cancel.signal }), {
        name: 'AbortError',
      });
      await gone;
    });

    it('are not sent to Podman for a folder that it would make', async () => {
      fake.isPodman = true;
      fake.answer = (request, response) => {
        if (request.method === 'HEAD') response.writeHead(404).end();
        else sendJson(response, { Id: 'c' });
      };
      const failed = await failureOf(containers.writeArchive('web', '/none', pieces(Buffer.alloc(10))));
      assert.equal(failed.details['name'], 'web:/none');
      assert.ok(!fake.requests.some((line) => line.startsWith('PUT')));
    });
  });
});
