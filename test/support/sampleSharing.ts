import { digestOf } from '../../src/core/digest.ts';
import { sharedLayers, type LayerSharing, type StoredImage } from '../../src/core/waste/sharedLayers.ts';

const MB = 1_000_000;

/** Which layers, bottom first, a letter for each; what they take; containers; what is packed besides. */
type Given = readonly [
  name: string,
  layers: string,
  megabytes: readonly number[],
  more?: { readonly containers?: number; readonly packed?: number },
];

function stored([name, layers, megabytes, { containers = 0, packed = 0 } = {}]: Given): StoredImage {
  return {
    id: digestOf(name),
    tags: name === '' ? [] : [name],
    sizeBytes: Math.round((megabytes.reduce((sum, one) => sum + one, 0) + packed) * MB),
    diffIds: Array.from(layers, (letter) => digestOf(letter)),
    history: megabytes
      .map((one) => ({
        sizeBytes: Math.round(one * MB),
        createdBy: 'RUN x # buildkit',
        comment: '',
        tags: [],
      }))
      .toReversed(),
    containers: Array.from({ length: containers }, (_, at) => `container${String(at)}`),
  };
}

const base: readonly Given[] = [
  ['debian:12', 'a', [117]],
  ['python:3.12', 'abc', [117, 48, 30]],
  ['shop/api:2.1', 'abcde', [117, 48, 30, 62, 9], { containers: 2 }],
  ['shop/api:2.0', 'abcdf', [117, 48, 30, 62, 8]],
  ['shop/worker:2.1', 'abcg', [117, 48, 30, 91], { containers: 1 }],
  ['shop/<b>web</b>:\u202e1', 'ah', [117, 33]],
  ['shop/jobs:1', 'ai', [117, 21]],
  ['redis:7', 'rst', [75, 0.4, 41]],
  ['', 'z', [4]],
];

/** Nine images on three bases, as Docker's own store states them. */
export function sampleSharing(): LayerSharing {
  return sharedLayers(base.map(stored), 'graphdriver');
}

/** Two images of one base on a containerd store, which states packed layers as well and not one by one. */
export function packedSharing(): LayerSharing {
  const images: readonly Given[] = [
    ['app:1', 'ab', [100, 20], { packed: 40 }],
    ['app:2', 'ac', [100, 5], { packed: 35 }],
  ];
  return sharedLayers(images.map(stored), 'containerd');
}

/** So many images of one layer each, the first one the largest. */
export function manyImages(count: number): LayerSharing {
  return sharedLayers(
    Array.from({ length: count }, (_, at) =>
      stored([`image:${String(at)}`, String.fromCodePoint(0x4e00 + at), [count - at]]),
    ),
    'graphdriver',
  );
}
