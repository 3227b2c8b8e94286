import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { diffPageHead, diffPageRows } from '../../../src/core/diff/diffPageOf.ts';
import { englishDiffStrings } from '../../../src/core/diff/diffPageStrings.ts';
import { keyText, parseKeyText, type DiffSide } from '../../../src/inside/diffSide.ts';
import { parseDiffViewState, parseFromDiffPage, parseToDiffPage } from '../../../src/report/diffProtocol.ts';
import { sampleDiff } from '../../support/sampleDiff.ts';

const show = (state: unknown): unknown => ({
  type: 'show',
  key: 'key',
  language: 'en',
  strings: englishDiffStrings,
  state,
});

describe('what a diff page tells its host', () => {
  const good = [
    { type: 'ready' },
    { type: 'retry' },
    { type: 'swap' },
    { type: 'export' },
    { type: 'rows', generation: 1, start: 2_000 },
    { type: 'strictness', strictness: 'strict' },
    { type: 'compare', generation: 1, row: 0 },
    { type: 'copy', generation: 1, row: 7 },
    { type: 'open', generation: 1, row: 7, side: 'left' },
  ];
  for (const message of good)
    it(`may be ${JSON.stringify(message)}`, () => {
      assert.deepEqual(parseFromDiffPage({ ...message, more: 'is left out' }), message);
    });

  const bad = [
    undefined,
    null,
    'ready',
    [],
    {},
    { type: 'rows', generation: 1, start: -1 },
    { type: 'rows', start: 0 },
    { type: 'strictness', strictness: 'lax' },
    { type: 'compare', generation: 1, row: '0' },
    { type: 'open', generation: 1, row: 1 },
    { type: 'open', generation: 1, row: 1, side: 'both' },
    { type: 'copy', generation: 1, row: 1.5 },
    { type: 'run', command: 'x' },
  ];
  for (const message of bad)
    it(`is not ${inspect(message)}`, () => {
      assert.equal(parseFromDiffPage(message), undefined);
    });
});

describe('what the host tells a diff page', () => {
  const head = diffPageHead(sampleDiff());

  it('may be each state, rows and that something was copied', () => {
    const messages = [
      show({ kind: 'loading' }),
      show({ kind: 'failed', message: 'no' }),
      show({ kind: 'asking', reason: 'stopped', left: 'a', right: 'b' }),
      show({ kind: 'ready', generation: 3, head }),
      { type: 'rows', generation: 3, start: 0, rows: diffPageRows(sampleDiff(), 0) },
      { type: 'copied' },
    ];
    for (const message of messages) assert.deepEqual(parseToDiffPage(message), message);
  });

  const bad = [
    show({ kind: 'ready', generation: 3 }),
    show({ kind: 'ready', generation: 3, head: { ...head, totals: 'none' } }),
    show({ kind: 'ready', generation: 3, head: { ...head, rowCount: 10_000_000 } }),
    show({ kind: 'ready', generation: 3, head: { ...head, packages: [{ manager: 'dpkg' }] } }),
    show({ kind: 'asking', reason: 'bored', left: 'a', right: 'b' }),
    { ...(show({ kind: 'loading' }) as object), strings: { ...englishDiffStrings, retry: undefined } },
    { type: 'rows', generation: 3, start: 0, rows: [['x']] },
    { type: 'rows', generation: -3, start: 0, rows: [] },
  ];
  for (const [at, message] of bad.entries())
    it(`is not the damaged message ${at + 1}`, () => {
      assert.equal(parseToDiffPage(message), undefined);
    });
});

describe('what is kept of a diff page', () => {
  it('falls back to what a new page shows where it is odd', () => {
    assert.deepEqual(
      parseDiffViewState({
        key: 'k',
        tab: 'x',
        arrangement: 7,
        query: 7,
        kinds: ['a', 2],
        sort: { column: 'x' },
      }),
      {
        key: 'k',
        tab: 'files',
        arrangement: 'tree',
        query: '',
        kinds: [2],
        sort: { column: 'path', isDescending: false },
      },
    );
    assert.equal(parseDiffViewState({ tab: 'files' }), undefined);
  });

  const sides: readonly DiffSide[] = [
    { kind: 'image', id: 'sha256:1', title: 'app:1' },
    { kind: 'layer', imageId: 'sha256:1', place: 2, title: 'app:1, layer 3' },
    { kind: 'layer', imageId: 'sha256:1', place: 2, upTo: 4, title: 'app:1, layers 3 to 5' },
    { kind: 'container', id: 'abc', title: 'web' },
    { kind: 'volume', name: 'data', title: 'data' },
    { kind: 'snapshot', vaultPath: '/vault', id: 'sha256:2', root: 'data', title: 'data@now' },
    { kind: 'archive', path: '/x.tar', title: 'x.tar' },
  ];
  for (const side of sides)
    it(`names a side of kind ${side.kind} again, ${side.title}`, () => {
      const key = { left: side, right: side, strictness: 'strict' } as const;
      assert.deepEqual(parseKeyText(keyText(key)), key);
    });

  for (const text of [
    '',
    '{',
    'null',
    '{"left":{"kind":"image","id":"x","title":"x"}}',
    '{"left":{"kind":"layer","imageId":"x","place":-1,"title":"x"},"right":{"kind":"volume","name":"x","title":"x"}}',
    '{"left":{"kind":"layer","imageId":"x","place":3,"upTo":2,"title":"x"},"right":{"kind":"volume","name":"x","title":"x"}}',
    '{"left":{"kind":"folder","path":"/etc","title":"x"},"right":{"kind":"volume","name":"x","title":"x"}}',
  ])
    it(`is nothing where it is ${text || 'empty'}`, () => {
      assert.equal(parseKeyText(text), undefined);
    });
});
