import assert from 'node:assert/strict';
import type { Engine } from '../../../src/core/engine/engine.ts';
import type { EngineEvent } from '../../../src/core/engine/records.ts';
import { connect } from '../../../src/docker/connect.ts';
import { parseAddress } from '../../../src/docker/parseAddress.ts';
import { failureOf } from '../../support/failureOf.ts';
import { testEngine, type OwnEngine } from '../../support/engine.ts';

describe('an engine that goes and comes back', () => {
  let own: OwnEngine;
  let engine: Engine;
  let stop: AbortController;

  before(async () => {
    own = await testEngine();
  });
  beforeEach(() => {
    const endpoint = parseAddress(own.host);
    assert.ok(endpoint);
    // Tries again at once: the tests wait for the engine, not for the clock.
    const backoff = {
      delayMs: () => 50,
      wait: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
    };
    engine = connect(endpoint, { backoff });
    stop = new AbortController();
  });
  afterEach(async () => {
    stop.abort();
    await engine.close();
    await own.start();
  });

  /** The next event that is a change of the connection. */
  async function nextChange(
    events: AsyncIterator<EngineEvent>,
    kind: EngineEvent['kind'],
  ): Promise<EngineEvent> {
    for (;;) {
      const result = await events.next();
      if (result.done === true) throw new Error('the events ended');
      if (result.value.kind === kind) return result.value;
    }
  }

  it('is told by its events, and answers again by itself', async () => {
    const events = engine.events(stop.signal)[Symbol.asyncIterator]();
    await nextChange(events, 'connected');
    await own.stop();
    await nextChange(events, 'disconnected');
    assert.equal((await failureOf(engine.images.list())).code, 'engineUnreachable');
    await own.start();
    await nextChange(events, 'connected');
    assert.ok(Array.isArray(await engine.images.list()));
  });

  it('is told when it is killed', async () => {
    const events = engine.events(stop.signal)[Symbol.asyncIterator]();
    await nextChange(events, 'connected');
    await own.kill();
    await nextChange(events, 'disconnected');
    await own.start();
    await nextChange(events, 'connected');
  });
});
