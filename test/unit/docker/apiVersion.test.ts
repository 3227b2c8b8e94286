import assert from 'node:assert/strict';
import { isOlder } from '../../../src/docker/apiVersion.ts';
import { connect } from '../../../src/docker/connect.ts';
import { failureOf } from '../../support/failureOf.ts';
import { fakeEngine, sendJson, type FakeEngine } from './fakeEngine.ts';

describe('the API version', () => {
  let fake: FakeEngine;
  beforeEach(async () => {
    fake = await fakeEngine((_, response) => {
      sendJson(response, []);
    });
  });
  afterEach(async () => {
    await fake.remove();
  });

  for (const [theirs, spoken] of [
    ['1.40', '1.40'],
    ['1.44', '1.44'],
    ['1.51', '1.51'],
    ['1.55', '1.51'],
    ['2.0', '1.51'],
  ] as const) {
    it(`is ${spoken} with an engine that speaks up to ${theirs}`, async () => {
      fake.apiVersion = theirs;
      await connect(fake.endpoint).images.list();
      assert.deepEqual(fake.requests, [`GET /v${spoken}/images/json`]);
    });
  }

  it('is asked for once', async () => {
    const engine = connect(fake.endpoint);
    await engine.images.list();
    await engine.images.list();
    assert.equal(fake.pings(), 1);
  });

  it('refuses an engine that is too old, by number and not by text', async () => {
    fake.apiVersion = '1.9';
    const failed = await failureOf(connect(fake.endpoint).images.list());
    assert.equal(failed.code, 'engineTooOld');
    assert.equal(failed.details['found'], '1.9');
    assert.deepEqual(fake.requests, []);
  });

  it('refuses what answers but is no engine', async () => {
    fake.apiVersion = undefined;
    assert.equal((await failureOf(connect(fake.endpoint).images.list())).code, 'engineGarbled');
  });

  it('is agreed anew when an engine of another version took the place', async () => {
    const engine = connect(fake.endpoint);
    fake.apiVersion = '1.51';
    await engine.images.list();
    fake.apiVersion = '1.41';
    fake.answer = (_, response, { version }) => {
      if (version === '1.41') sendJson(response, []);
      else sendJson(response, { message: 'client version 1.51 is too new' }, 400);
    };
    await engine.images.list();
    assert.deepEqual(fake.requests, [
      'GET /v1.51/images/json',
      'GET /v1.51/images/json',
      'GET /v1.41/images/json',
    ]);
  });

  it('is agreed anew after the engine was gone', async () => {
    const engine = connect(fake.endpoint);
    await engine.images.list();
    await fake.die();
    await failureOf(engine.images.list());
    fake.apiVersion = '1.44';
    await fake.revive();
    await engine.images.list();
    assert.equal(fake.requests.at(-1), 'GET /v1.44/images/json');
  });

  it('compares by number', () => {
    assert.equal(isOlder('1.9', '1.40'), true);
    assert.equal(isOlder('1.40', '1.40'), false);
    assert.equal(isOlder('2.0', '1.51'), false);
    assert.equal(isOlder('1.51', '2.0'), true);
  });
});
