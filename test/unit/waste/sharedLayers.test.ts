import assert from 'node:assert/strict';
import { digestOf, type Digest } from '../../../src/core/digest.ts';
import type { HistoryEntry } from '../../../src/core/engine/records.ts';
import { chainIdsOf } from '../../../src/core/oci/chainIds.ts';
import { prefixSizes } from '../../../src/core/waste/chainSizes.ts';
import { givenBackTogether, sharedLayers, type StoredImage } from '../../../src/core/waste/sharedLayers.ts';

const exactly = (bytes: number): { leastBytes: number; mostBytes: number } => ({
  leastBytes: bytes,
  mostBytes: bytes,
});

/** Oldest first: what a step took and, if it is not a RUN, what it was. */
type Step = number | readonly [number, string];

function history(steps: readonly Step[]): readonly HistoryEntry[] {
  return steps
    .map((step): HistoryEntry => {
      const [sizeBytes, createdBy] = typeof step === 'number' ? [step, 'RUN x # buildkit'] : step;
      return { sizeBytes, createdBy, comment: '', tags: [] };
    })
    .toReversed();
}

function image(name: string, layers: string, steps: readonly Step[], packedBytes = 0): StoredImage {
  const entries = history(steps);
  return {
    id: digestOf(name),
    tags: [name],
    sizeBytes: entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, packedBytes),
    diffIds: Array.from(layers, (letter) => digestOf(letter)),
    history: entries,
    containers: [],
  };
}

const ids = (...names: readonly string[]): ReadonlySet<Digest> =>
  new Set(names.map((name) => digestOf(name)));

describe('the layers that images share', () => {
  // Two apps on one base; a third one that is the first app and one layer more.
  const images = [
    image('base', 'ab', [100, 20]),
    image('app1', 'abc', [100, 20, [0, 'ENV A=1'], 7]),
    image('app2', 'abd', [100, 20, 5]),
    image('more', 'abce', [100, 20, 7, 3]),
    image('alone', 'z', [50]),
  ];
  const { images: shares, layers, unionBytes, statedBytes } = sharedLayers(images, 'graphdriver');
  const share = (name: string): (typeof shares)[number] => {
    const found = shares.find(({ image: one }) => one.tags[0] === name);
    assert.ok(found);
    return found;
  };

  it('are kept while any image has them: only what nobody else has is given back', () => {
    assert.deepEqual(
      shares.map(({ image: { tags }, givesBack, sharedBytes, sharedCount }) => [
        tags[0],
        givesBack.leastBytes,
        givesBack.mostBytes,
        sharedBytes.mostBytes,
        sharedCount,
      ]),
      [
        ['base', 0, 0, 120, 2],
        ['app1', 0, 0, 127, 3],
        ['app2', 5, 5, 120, 2],
        ['more', 3, 3, 127, 3],
        ['alone', 50, 50, 0, 0],
      ],
    );
  });

  it('count once in what all images take together', () => {
    assert.deepEqual(unionBytes, exactly(100 + 20 + 7 + 5 + 3 + 50));
    assert.equal(statedBytes, 120 + 127 + 125 + 130 + 50);
  });

  it('name the images that have them', () => {
    assert.deepEqual(
      layers.map(({ place, bytes, images: users }) => [place, bytes.mostBytes, users.length]),
      [
        [0, 100, 4],
        [1, 20, 4],
        [2, 7, 2],
        [2, 5, 1],
        [3, 3, 1],
        [0, 50, 1],
      ],
    );
    assert.deepEqual(share('more').sharedWith, [
      { id: digestOf('app1'), layerCount: 3 },
      { id: digestOf('base'), layerCount: 2 },
      { id: digestOf('app2'), layerCount: 2 },
    ]);
  });

  it('are given back when all who have them go together', () => {
    const back = (...names: readonly string[]): unknown =>
      givenBackTogether(images, ids(...names), 'graphdriver');
    assert.deepEqual(back('app1', 'more'), exactly(10));
    assert.deepEqual(back('base', 'app1', 'app2', 'more'), exactly(135));
    assert.deepEqual(back('alone', 'app2'), exactly(55));
    assert.deepEqual(back(), exactly(0));
  });

  it('are not the same on top of other layers', () => {
    const found = sharedLayers([image('one', 'ax', [10, 5]), image('two', 'bx', [20, 5])], 'graphdriver');
    assert.deepEqual(
      found.images.map(({ givesBack }) => givesBack),
      [exactly(15), exactly(25)],
    );
    assert.equal(found.layers.length, 4);
  });

  it('take as little as nothing and as much as all of it where the history is too short', () => {
    const cut: StoredImage = { ...image('cut', 'abq', [9]), sizeBytes: 129 };
    const [found] = sharedLayers([cut, image('other', 'ax', [100, 1])], 'graphdriver').images;
    // The other image tells of the layer that both have.
    assert.deepEqual(found?.givesBack, exactly(29));
    const [unknown] = sharedLayers(
      [cut, { ...cut, id: digestOf('cut2'), diffIds: cut.diffIds.slice(0, 2) }],
      'graphdriver',
    ).images;
    assert.deepEqual(unknown?.givesBack, { leastBytes: 0, mostBytes: 0 });
  });

  it('are known only as far as the packed ones are told of on a containerd store', () => {
    const [one, two, three] = sharedLayers(
      [image('one', 'ab', [100, 20], 40), image('two', 'ac', [100, 6], 35), image('three', 'z', [9], 4)],
      'containerd',
    ).images;
    assert.deepEqual(one?.givesBack, { leastBytes: 20, mostBytes: 60 });
    assert.deepEqual(two?.givesBack, { leastBytes: 6, mostBytes: 41 });
    assert.deepEqual(three?.givesBack, exactly(13));
  });
});

describe('what the lowest layers of an image take', () => {
  const sizes = (layerCount: number, ...steps: readonly Step[]): unknown =>
    prefixSizes(layerCount, history(steps), 1000).map(({ leastBytes, mostBytes }) =>
      leastBytes === mostBytes ? leastBytes : [leastBytes, mostBytes],
    );

  it('is the sum of the steps that made layers', () => {
    assert.deepEqual(sizes(3, 10, [0, 'CMD ["x"]'], 5, 1), [10, 15, 16]);
  });

  it('counts steps of 0 bytes as layers where layers are lacking without them', () => {
    assert.deepEqual(sizes(3, 10, 0, 5), [10, 10, 15]);
    assert.deepEqual(sizes(2, 10, 0, 5), [10, 15]);
  });

  it('is between two numbers where a step of 0 bytes may or may not have made a layer', () => {
    assert.deepEqual(sizes(3, 10, 0, 5, 0), [10, [10, 15], 15]);
  });

  it('is not known where there are more layers than steps, or fewer', () => {
    assert.deepEqual(sizes(3, 10), [[0, 1000], [0, 1000], 1000]);
    assert.deepEqual(sizes(1, 10, 10), [1000]);
  });

  it('has the chainIDs of the image specification', () => {
    const [a, b] = [digestOf('a'), digestOf('b')];
    assert.deepEqual(chainIdsOf([a, b]), [a, digestOf(`${a} ${b}`)]);
    assert.deepEqual(chainIdsOf([]), []);
  });
});
