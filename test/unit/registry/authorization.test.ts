import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { digestOf } from '../../../src/core/digest.ts';
import type { RemoteRepository } from '../../../src/core/registry/remoteRepository.ts';
import { collect } from '../../support/archives/byteStreams.ts';
import { failureOf } from '../../support/failureOf.ts';
import { FakeRegistry } from '../../support/fakeRegistry.ts';
import { pseudoRandom, registryHere, sourceOf } from '../../support/registryHere.ts';

const bytes = pseudoRandom(100_000);
const blob = { digest: digestOf(bytes), sizeBytes: bytes.length };

interface Asked {
  readonly method: string;
  readonly scopes: readonly string[];
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  readonly form: URLSearchParams;
}

describe('the log-in of a registry', () => {
  let server: FakeRegistry;
  let asked: Asked[];
  let good: Set<string>;
  let answer: (asked: Asked) => { readonly status: number; readonly body: object };
  let nowMs: number;
  const tokens = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const url = new URL(request.url ?? '/', 'http://tokens');
      const one = {
        method: request.method ?? '',
        scopes: url.searchParams.getAll('scope'),
        query: url.searchParams,
        authorization: request.headers.authorization,
        form: new URLSearchParams(body),
      };
      asked.push(one);
      const { status, body: document } = answer(one);
      response.writeHead(status).end(JSON.stringify(document));
    });
  });
  before((done) => void tokens.listen(0, '127.0.0.1', done));
  after((done) => {
    tokens.closeAllConnections();
    tokens.close(done);
  });
  const realm = () => `http://127.0.0.1:${(tokens.address() as AddressInfo).port}/token`;
  let challenge: () => string;

  beforeEach(async () => {
    server = new FakeRegistry();
    await server.start();
    server.addBlob('app', bytes);
    [asked, good, nowMs] = [[], new Set(), 0];
    answer = () => {
      const token = `token-${asked.length}`;
      good.add(`Bearer ${token}`);
      return { status: 200, body: { token, expires_in: 300 } };
    };
    challenge = () => `Bearer realm="${realm()}",service="r",scope="repository:app:pull"`;
    server.faults.push((request, response) => {
      if (good.has(request.headers.authorization ?? '')) return 'passes';
      request.resume();
      response.writeHead(401, { 'www-authenticate': challenge() });
      response.end('{"errors":[{"code":"UNAUTHORIZED"}]}');
      return 'handled';
    });
  });
  afterEach(() => server.stop());

  const repository = (logIn?: object): RemoteRepository =>
    registryHere(server.host, {
      now: () => nowMs,
      env:
        logIn === undefined
          ? {}
          : { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [server.host]: logIn } }) },
    }).repository('app');
  const password = { username: 'dock', password: 'topsecret' };

  it('may be a token for nobody in particular', async () => {
    assert.ok((await collect(repository().openBlob(blob))).equals(bytes));
    assert.deepEqual(asked[0]?.scopes, ['repository:app:pull']);
    assert.equal(asked[0].query.get('service'), 'r');
    assert.equal(asked[0].authorization, undefined);
  });

  it('is changed for a token, which serves until its time is up', async () => {
    const app = repository(password);
    await app.headBlob(blob.digest);
    await app.headBlob(blob.digest);
    assert.equal(asked.length, 1);
    assert.equal(asked[0]?.authorization, `Basic ${Buffer.from('dock:topsecret').toString('base64')}`);
    assert.equal(asked[0].query.get('account'), 'dock');
    nowMs = 295_000;
    await app.headBlob(blob.digest);
    assert.equal(asked.length, 2);
  });

  it('asks for the right to write only where it writes, and to read from where it mounts', async () => {
    const app = repository(password);
    await app.headBlob(blob.digest);
    await app.putBlob({ ...sourceOf(pseudoRandom(10)), mountFrom: 'base' });
    assert.deepEqual(
      asked.map(({ scopes }) => scopes),
      [
        ['repository:app:pull'],
        ['repository:app:pull,push', 'repository:base:pull', 'repository:app:pull'],
        ['repository:app:pull,push', 'repository:app:pull'],
      ],
    );
  });

  it('is renewed when the registry stops taking its token in the middle of an upload', async () => {
    const app = repository(password);
    server.faults.push((request) => {
      if (request.method === 'POST') good.clear();
      return 'passes';
    });
    const large = pseudoRandom(3 << 20);
    assert.equal(await app.putBlob(sourceOf(large)), 'sent');
    assert.ok(server.blob('app', digestOf(large))?.equals(large));
    // For reading, for writing, and for writing once more.
    assert.equal(asked.length, 3);
  });

  it('is asked for anew by who waited with somebody who was cancelled', async () => {
    const app = repository(password);
    await app.headBlob(blob.digest);
    nowMs = 400_000;
    const controller = new AbortController();
    const usual = answer;
    answer = (one) => {
      controller.abort();
      return usual(one);
    };
    const [first, second] = await Promise.allSettled([
      app.headBlob(blob.digest, { signal: controller.signal }),
      app.headBlob(blob.digest, { signal: new AbortController().signal }),
    ]);
    assert.equal(first.status === 'rejected' && (first.reason as Error).name, 'AbortError');
    assert.equal(second.status === 'fulfilled' && second.value?.sizeBytes, bytes.length);
  });

  it('is asked for once by many calls at once, when it is missing and when its time is up', async () => {
    const app = repository(password);
    await app.headBlob(blob.digest);
    const once = async (): Promise<number> => {
      const before = asked.length;
      await Promise.all(Array.from({ length: 6 }, () => app.headBlob(blob.digest)));
      return asked.length - before;
    };
    assert.equal(await once(), 0);
    nowMs = 295_000;
    assert.equal(await once(), 1);
    good.clear();
    assert.equal(await once(), 1);
  });

  it('with an identity token goes as a form', async () => {
    await repository({ identitytoken: 'long-lived' }).headBlob(blob.digest);
    assert.deepEqual(
      [asked[0]?.method, Object.fromEntries(asked[0]?.form ?? [])],
      [
        'POST',
        {
          grant_type: 'refresh_token',
          refresh_token: 'long-lived',
          client_id: 'drydock',
          service: 'r',
          scope: 'repository:app:pull',
        },
      ],
    );
  });

  it('may get its token as access_token', async () => {
    answer = () => {
      good.add('Bearer t');
      return { status: 200, body: { access_token: 't' } };
    };
    assert.deepEqual(await repository().headBlob(blob.digest), { sizeBytes: bytes.length });
  });

  it('may be told as it is', async () => {
    good.add(`Basic ${Buffer.from('dock:topsecret').toString('base64')}`);
    challenge = () => 'Basic realm="r"';
    assert.deepEqual(await repository(password).headBlob(blob.digest), { sizeBytes: bytes.length });
    assert.deepEqual(asked, []);
  });

  it('is missed where the registry wants one', async () => {
    challenge = () => 'Basic realm="r"';
    const { code, message } = await failureOf(repository().headBlob(blob.digest));
    assert.equal(code, 'registryLogInMissing');
    assert.match(message, new RegExp(`docker login ${server.host.replaceAll('.', '\\.')}`));
    challenge = () => `Bearer realm="${realm()}"`;
    answer = () => ({ status: 401, body: {} });
    assert.equal((await failureOf(repository().headBlob(blob.digest))).code, 'registryLogInMissing');
  });

  it('that is wrong is told by the name of its user, and not asked again and again', async () => {
    challenge = () => 'Basic realm="r"';
    const wrong = await failureOf(repository(password).headBlob(blob.digest));
    assert.deepEqual([wrong.code, wrong.details['user']], ['registryLogInRefused', 'dock']);
    assert.equal(server.seen.length, 2);
    challenge = () => `Bearer realm="${realm()}"`;
    answer = () => ({ status: 401, body: {} });
    assert.equal((await failureOf(repository(password).headBlob(blob.digest))).code, 'registryLogInRefused');
    // A token that the registry gives out and does not take.
    answer = () => ({ status: 200, body: { token: 'useless' } });
    assert.equal((await failureOf(repository(password).headBlob(blob.digest))).code, 'registryDenied');
  });

  it('never stands in an error, nor in what lies behind it', async () => {
    const secrets = [/topsecret/, new RegExp(Buffer.from('dock:topsecret').toString('base64')), /token-\d/];
    const failures: unknown[] = [];
    const gather = async (work: Promise<unknown>) => failures.push(await failureOf(work));
    challenge = () => 'Basic realm="r"';
    await gather(repository(password).headBlob(blob.digest));
    challenge = () => `Bearer realm="${realm()}"`;
    answer = () => ({ status: 200, body: { token: ['token-1'] } });
    await gather(repository(password).headBlob(blob.digest));
    answer = () => ({ status: 200, body: { token: 'token-1\r\nX: y' } });
    await gather(repository(password).headBlob(blob.digest));
    answer = () => ({ status: 500, body: {} });
    await gather(repository(password).headBlob(blob.digest));
    assert.equal(failures.length, 4);
    for (const each of failures)
      for (const secret of secrets)
        assert.doesNotMatch(inspect(each, { depth: 10, showHidden: true }), secret);
  });

  for (const bad of ['file:///etc/passwd', 'http://tokens.example.test/', 'http://u:p@127.0.0.1/', ''])
    it(`is not sent to "${bad}"`, async () => {
      challenge = () => `Bearer realm="${bad}"`;
      const { code } = await failureOf(repository(password).headBlob(blob.digest));
      assert.equal(code, 'registryUnsafe');
      assert.deepEqual(asked, []);
    });

  it('says what it lacks when the registry says how nothing can be told', async () => {
    challenge = () => 'Negotiate';
    assert.equal((await failureOf(repository(password).headBlob(blob.digest))).code, 'registryGarbled');
  });

  it('is refused a right in the registry’s own words', async () => {
    server.faults.unshift((_, response) => {
      response.writeHead(403, { 'content-type': 'application/json' });
      response.end('{"errors":[{"code":"DENIED","message":"quota is used up"}]}');
      return 'handled';
    });
    const manifest = { bytes: Buffer.from('{}'), mediaType: 'application/json' };
    const { code, message } = await failureOf(repository(password).putManifest(manifest));
    assert.equal(code, 'registryDenied');
    assert.match(message, /quota is used up/);
  });
});

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
}
