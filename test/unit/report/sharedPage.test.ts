import assert from 'node:assert/strict';
import { fillTemplate } from '../../../src/core/errors.ts';
import { pageSharing } from '../../../src/report/sharedPage.ts';
import {
  parseFromSharedPage,
  parseSharedViewState,
  parseToSharedPage,
  sharedStringKeys,
  type DrawnImage,
} from '../../../src/report/sharedProtocol.ts';
import { manyImages, packedSharing, sampleSharing } from '../../support/sampleSharing.ts';

const wording = {
  l10n: { t: (text: string, args: Record<string, string | number> = {}) => fillTemplate(text, args) },
  language: 'en',
};

describe('the page of shared layers', () => {
  const page = pageSharing(sampleSharing(), wording);
  const row = (name: string): DrawnImage => {
    const found = page.images.find((one) => one.name === name);
    assert.ok(found, name);
    return found;
  };
  const layersOf = (name: string): readonly (readonly [number, number])[] =>
    row(name).layers.map((at) => [page.layers[at]?.bytes ?? -1, page.layers[at]?.users ?? -1]);

  it('says what the images state, and what they take with each layer counted once', () => {
    // 117 + 195 + 266 + 265 + 286 + 150 + 138 + 116.4 + 4; 117 + 48 + 30 + 62 + 9 + 8 + 91 + 33 + 21 + 116.4 + 4
    assert.deepEqual(
      page.facts.map(([label, text]) => [label, text]),
      [
        ['Images', '9'],
        ['Layers', '13'],
        ['As the images state', '1.54 GB'],
        ['Each layer counted once', '539 MB'],
      ],
    );
  });

  it('has the image that gives back most first', () => {
    assert.deepEqual(
      page.images.map(({ name, givesBack }) => [name, givesBack]),
      [
        ['redis:7', '116 MB'],
        ['shop/worker:2.1', '91.0 MB'],
        [String.raw`shop/<b>web</b>:\u{202e}1`, '33.0 MB'],
        ['shop/jobs:1', '21.0 MB'],
        ['shop/api:2.1', '9.00 MB'],
        ['shop/api:2.0', '8.00 MB'],
        [page.images[6]?.name, '4.00 MB'],
        ['python:3.12', '0 B'],
        ['debian:12', '0 B'],
      ],
    );
    assert.match(page.images[6]?.name ?? '', /^[0-9a-f]{12}$/);
  });

  it('has of each image its layers from the base up, with how many images have each', () => {
    const MB = 1_000_000;
    assert.deepEqual(layersOf('shop/api:2.1'), [
      [117 * MB, 7],
      [48 * MB, 4],
      [30 * MB, 4],
      [62 * MB, 2],
      [9 * MB, 1],
    ]);
    assert.equal(row('shop/api:2.1').layers[0], row('debian:12').layers[0]);
    assert.equal(row('shop/api:2.1').shared, '257 MB');
  });

  it('says who has a layer, what runs on an image and whom it shares with', () => {
    const [, , , fourth = -1, fifth = -1] = row('shop/api:2.1').layers;
    assert.match(
      page.layers[fourth]?.text ?? '',
      /^Layer 3 \([0-9a-f]{12}\), 62\.0 MB: in 2 images: shop\/api:2\.1, shop\/api:2\.0$/,
    );
    assert.match(
      page.layers[fifth]?.text ?? '',
      /^Layer 4 \([0-9a-f]{12}\), 9\.00 MB: only in shop\/api:2\.1$/,
    );
    assert.deepEqual(row('shop/api:2.1').notes, [
      'Containers that run on it: 2',
      'Shared with shop/api:2.0, python:3.12, shop/worker:2.1 and 3 more',
    ]);
    assert.deepEqual(row('redis:7').notes, ['Shares no layers']);
  });

  it('draws what the engine does not tell layer by layer apart, and says from what to what is given back', () => {
    const packed = pageSharing(packedSharing(), wording);
    assert.deepEqual(
      packed.images.map(({ name, layers, givesBack }) => [
        name,
        layers.map((at) => packed.layers[at]?.bytes),
        layers.map((at) => packed.layers[at]?.users),
        givesBack,
      ]),
      [
        ['app:1', [100e6, 20e6, 40e6], [2, 1, 0], '20.0 MB to 60.0 MB'],
        ['app:2', [100e6, 5e6, 35e6], [2, 1, 0], '5.00 MB to 40.0 MB'],
      ],
    );
    assert.match(packed.notes.join('\n'), /from least to most/);
    assert.doesNotMatch(page.notes.join('\n'), /from least to most/);
  });

  it('shows 500 images, those that give back most, and says how many it leaves out', () => {
    const [exactly, more] = [pageSharing(manyImages(500), wording), pageSharing(manyImages(503), wording)];
    assert.equal(exactly.images.length, 500);
    assert.doesNotMatch(exactly.notes.join('\n'), /Not shown/);
    assert.equal(more.images.length, 500);
    assert.equal(more.layers.length, 500);
    assert.equal(more.images.at(-1)?.name, 'image:499');
    assert.equal(more.notes.at(-1), 'Not shown: 3 images, those that give back least.');
  });

  it('is empty where the engine has no images', () => {
    const empty = pageSharing(manyImages(0), wording);
    assert.deepEqual([empty.images, empty.layers], [[], []]);
  });
});

describe('the messages of the page of shared layers', () => {
  const strings = Object.fromEntries(sharedStringKeys.map((key) => [key, key]));
  const sharing = pageSharing(sampleSharing(), wording);
  const show = (state: unknown): unknown => ({ type: 'show', language: 'en', strings, state });

  it('are taken whole', () => {
    for (const state of [
      { kind: 'loading' },
      { kind: 'failed', message: 'No engine answers.' },
      { kind: 'ready', sharing },
    ])
      assert.deepEqual(parseToSharedPage(show(state)), show(state));
    assert.deepEqual(parseFromSharedPage({ type: 'retry', more: 1 }), { type: 'retry' });
    assert.deepEqual(parseSharedViewState({ sort: 'name' }), { sort: 'name' });
  });

  it('are refused when a part is missing, is of another kind, or names a layer that is not there', () => {
    const [image] = sharing.images;
    const wrong = [
      show({ kind: 'other' }),
      show({ kind: 'failed' }),
      show({ kind: 'ready', sharing: { ...sharing, facts: [[1]] } }),
      show({ kind: 'ready', sharing: { ...sharing, layers: [{ bytes: -1, users: 1, text: '' }] } }),
      show({
        kind: 'ready',
        sharing: { ...sharing, images: [{ ...image, layers: [sharing.layers.length] }] },
      }),
      { ...Object(show({ kind: 'loading' })), strings: {} },
      'show',
      null,
    ];
    for (const one of wrong) assert.equal(parseToSharedPage(one), undefined, JSON.stringify(one));
    for (const one of [{ type: 'drop' }, {}, null, 'ready'])
      assert.equal(parseFromSharedPage(one), undefined);
    for (const one of [undefined, { sort: 'random' }])
      assert.deepEqual(parseSharedViewState(one), { sort: 'givesBack' });
  });
});
