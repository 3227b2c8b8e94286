import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import type { EngineEvent } from '../../../src/core/engine/records.ts';
import { DrydockError } from '../../../src/core/errors.ts';
import { connect } from '../../../src/docker/connect.ts';
import { usualBackoff, type Backoff } from '../../../src/docker/events.ts';
import { closed, fakeEngine, type FakeEngine } from './fakeEngine.ts';

const started = {
  Type: 'container',
  Action: 'start',
  Actor: { ID: 'c1', Attributes: { name: 'web' } },
  time: 1700000000,
  timeNano: 1700000000123456789,
};
const codeOf = (error: Error): string => (error instanceof DrydockError ? error.code : error.name);
const line = (event: object): string => `${JSON.stringify(event)}\n`;

describe('the events of an engine', () => {
  let fake: FakeEngine;
  let stop: AbortController;
  let waits: number[];
  beforeEach(async () => {
    fake = await fakeEngine();
    stop = new AbortController();
    waits = [];
  });
  afterEach(async () => {
    stop.abort();
    await fake.remove();
  });

  /** Waits for nothing, but records; `during` is what happens meanwhile. */
  const backoff = (during: (tries: number) => Promise<void> = () => Promise.resolve()): Backoff => ({
    delayMs: (attempt) => attempt * 1000,
    wait: async (ms) => {
      waits.push(ms);
      await during(waits.length);
    },
  });
  const follow = (waiting = backoff()): AsyncIterator<EngineEvent> =>
    connect(fake.endpoint, { backoff: waiting }).events(stop.signal)[Symbol.asyncIterator]();
  const next = async (events: AsyncIterator<EngineEvent>): Promise<EngineEvent> => {
    const result = await events.next();
    if (result.done === true) throw new Error('the events ended');
    return result.value;
  };
  const streams: ServerResponse[] = [];
  const answerOpen = (): void => {
    streams.length = 0;
    fake.answer = (_, response) => {
      response.flushHeaders();
      streams.push(response);
    };
  };

  it('begin with "connected" and carry what happens, in our words', async () => {
    answerOpen();
    const events = follow();
    assert.deepEqual(await next(events), { kind: 'connected' });
    streams[0]?.write(line(started));
    assert.deepEqual(await next(events), {
      kind: 'container',
      action: 'start',
      subject: 'c1',
      attributes: { name: 'web' },
      timeMs: 1700000000123,
    });
    const filters = new URLSearchParams(fake.requests[0]?.split('?')[1]).get('filters');
    assert.deepEqual(JSON.parse(filters ?? ''), { type: ['image', 'container', 'volume', 'network'] });
  });

  it('pass over kinds that nothing shows and shapes that nobody knows', async () => {
    answerOpen();
    const events = follow();
    await next(events);
    streams[0]?.write(
      line({ ...started, Type: 'plugin' }) + line({ hello: 1 }) + line({ ...started, Action: 'die' }),
    );
    assert.equal(((await next(events)) as { action?: string }).action, 'die');
  });

  it('carry Podman’s in the words of Docker', async () => {
    answerOpen();
    const events = follow();
    await next(events);
    const hex = 'ab'.repeat(32);
    for (const [Type, Action, Actor, expected] of [
      ['volume', 'remove', { ID: '', Attributes: { name: 'v' } }, ['destroy', 'v']],
      ['container', 'remove', { ID: hex, Attributes: {} }, ['destroy', hex]],
      ['container', 'died', { ID: hex, Attributes: null }, ['die', hex]],
      ['image', 'remove', { ID: hex, Attributes: {} }, ['delete', `sha256:${hex}`]],
    ] as const) {
      streams[0]?.write(line({ Type, Action, Actor }));
      const event = await next(events);
      assert.ok('action' in event);
      assert.deepEqual([event.action, event.subject], expected);
    }
  });

  it('say "disconnected" when the engine goes, and "connected" when it is back, for ever', async () => {
    answerOpen();
    const events = follow(
      backoff(async (tries) => {
        if (tries === 3) await fake.revive();
      }),
    );
    await next(events);
    await fake.die();
    const kinds: string[] = [];
    for (let count = 0; count < 4; count += 1) {
      const event = await next(events);
      kinds.push(event.kind === 'disconnected' ? codeOf(event.error) : event.kind);
    }
    assert.deepEqual(kinds, ['streamCut', 'engineUnreachable', 'engineUnreachable', 'connected']);
    assert.deepEqual(waits, [1000, 2000, 3000]);

    streams.at(-1)?.end();
    const again = await next(events);
    assert.ok(again.kind === 'disconnected');
    assert.equal(again.retryInMs, 1000);
  });

  it('begin with "disconnected" when there is no engine', async () => {
    await fake.die();
    assert.equal((await next(follow())).kind, 'disconnected');
  });

  it('connect anew after a line that can’t be read', async () => {
    answerOpen();
    const events = follow();
    await next(events);
    streams[0]?.write('garbage\n');
    assert.equal((await next(events)).kind, 'disconnected');
    assert.equal((await next(events)).kind, 'connected');
  });

  it('end at once when they are stopped while nothing happens, and let go of the connection', async () => {
    let gone: Promise<void> | undefined;
    fake.answer = (request, response) => {
      gone = closed(request.socket);
      response.flushHeaders();
    };
    const events = follow();
    await next(events);
    const pending = events.next();
    stop.abort();
    assert.equal((await pending).done, true);
    await gone;
  });

  it('end at once when they are stopped while the engine has not answered yet', async () => {
    fake.answer = () => {
      stop.abort();
    };
    assert.equal((await follow().next()).done, true);
  });

  it('end at once when they are stopped while they wait to try again', async () => {
    await fake.die();
    const events = follow(usualBackoff);
    await next(events);
    const pending = events.next();
    stop.abort();
    assert.equal((await pending).done, true);
  });

  it('end when the engine is let go of, instead of coming back', async () => {
    answerOpen();
    const engine = connect(fake.endpoint, { backoff: backoff() });
    const events = engine.events(stop.signal)[Symbol.asyncIterator]();
    await next(events);
    const pending = events.next();
    await engine.close();
    assert.equal((await pending).done, true);
    assert.deepEqual(waits, []);
  });

  it('wait from one second up to half a minute, never all in one beat', () => {
    for (let attempt = 1; attempt < 100; attempt += 1) {
      const ms = usualBackoff.delayMs(attempt);
      assert.ok(ms >= 750 && ms <= 30_000, `${ms} ms at try ${attempt}`);
      if (attempt > 6) assert.ok(ms >= 22_500, `${ms} ms at try ${attempt}`);
    }
  });

  it('ask for the API version again once the engine was gone', async () => {
    answerOpen();
    const events = follow(backoff(() => fake.revive()));
    await next(events);
    await fake.die();
    fake.apiVersion = '1.44';
    await next(events);
    await next(events);
    assert.match(fake.requests.at(-1) ?? '', /^GET \/v1\.44\/events/);
  });
});
