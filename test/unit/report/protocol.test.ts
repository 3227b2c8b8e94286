import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import {
  parseFromWebview,
  parseToWebview,
  parseViewState,
  stringKeys,
} from '../../../src/report/protocol.ts';

const show = (state: unknown): unknown => ({
  type: 'show',
  imageId: 'sha256:aa',
  title: 'demo:1',
  language: 'en',
  strings: Object.fromEntries(stringKeys.map((key) => [key, key])),
  state,
});

describe('parseFromWebview', () => {
  const good = [
    { type: 'ready' },
    { type: 'retry' },
    { type: 'look' },
    { type: 'analyze' },
    { type: 'openLine', layer: 3 },
    { type: 'compare', one: 0, other: 2 },
    { type: 'copy', request: 1, target: { kind: 'dockerfile' } },
    { type: 'copy', request: 0, target: { kind: 'diffId', layer: 3 } },
  ];
  for (const message of good)
    it(`takes ${JSON.stringify(message)}`, () => {
      assert.deepEqual(parseFromWebview(message), message);
    });

  const bad = [
    undefined,
    null,
    'ready',
    [],
    {},
    { type: 'copy' },
    { type: 'copy', request: -1, target: { kind: 'dockerfile' } },
    { type: 'copy', request: 1.5, target: { kind: 'dockerfile' } },
    { type: 'copy', request: 1, target: { kind: 'text', text: 'anything' } },
    { type: 'copy', request: 1, target: { kind: 'instruction' } },
    { type: 'copy', request: 1, target: { kind: 'instruction', layer: '1' } },
    { type: 'copy', request: 1, target: { kind: 'instruction', layer: Number.NaN } },
    { type: 'run', command: 'x' },
    { type: 'openLine', layer: 'x' },
    { type: 'compare', one: 1, other: 1 },
    { type: 'compare', one: 1 },
  ];
  for (const message of bad)
    it(`refuses ${inspect(message)}`, () => {
      assert.equal(parseFromWebview(message), undefined);
    });

  it('keeps nothing that the message has beyond its fields', () => {
    assert.deepEqual(parseFromWebview({ type: 'ready', extra: 1 }), { type: 'ready' });
  });
});

describe('parseToWebview', () => {
  it('takes each state and each answer', () => {
    const messages: unknown[] = [
      show({ kind: 'loading' }),
      show({ kind: 'failed', message: 'no' }),
      { type: 'answer', request: 1 },
      { type: 'answer', request: 2, error: 'no' },
    ];
    for (const message of messages) assert.deepEqual(parseToWebview(message), message);
  });

  it('refuses states that are none, missing words and half a report', () => {
    const messages: unknown[] = [
      show({ kind: 'other' }),
      show({ kind: 'failed' }),
      show({ kind: 'ready', report: { name: 'x', layers: [{}] } }),
      { ...(show({ kind: 'loading' }) as object), strings: {} },
      { type: 'answer', request: 'x' },
      null,
      7,
    ];
    for (const message of messages) assert.equal(parseToWebview(message), undefined);
  });
});

describe('parseViewState', () => {
  it('keeps what the reader looked at', () => {
    const state = {
      imageId: 'sha256:aa',
      title: 'demo:1',
      filter: 'apt',
      hideEmpty: true,
      sort: 'largest',
      expanded: [1, 4],
    };
    assert.deepEqual(parseViewState(state), state);
  });

  it('falls back to a new page where a kept value is odd', () => {
    assert.deepEqual(
      parseViewState({
        imageId: 'a',
        title: 'b',
        filter: 1,
        hideEmpty: 'x',
        sort: 'z',
        expanded: [1, 'x', -1],
      }),
      { imageId: 'a', title: 'b', filter: '', hideEmpty: false, sort: 'newest', expanded: [1] },
    );
  });

  it('gives nothing without an image', () => {
    for (const state of [undefined, null, {}, { imageId: 1, title: 'x' }])
      assert.equal(parseViewState(state), undefined);
  });
});
