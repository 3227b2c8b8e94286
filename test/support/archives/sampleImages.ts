import { digestOf } from '../../../src/core/digest.ts';
import type { Digest } from '../../../src/core/digest.ts';
import { tarEnd, tarFile } from '../../../src/core/archive/tarWriter.ts';
import { seededRandom } from './seededRandom.ts';

/** An image to be wrapped by the producers: config bytes as an engine would write them, and plain layer tars. */
export interface SampleImage {
  readonly config: Buffer;
  readonly configDigest: Digest;
  readonly layers: readonly Buffer[];
  readonly diffIds: readonly Digest[];
  readonly tags: readonly string[];
  readonly platform: { readonly os: string; readonly architecture: string };
}

/** A layer with one file of `sizeBytes` random bytes in it. */
export function sampleLayer(seed: number, sizeBytes = 1000): Buffer {
  return Buffer.concat([tarFile(`file-${seed}`, seededRandom(seed).bytes(sizeBytes)), tarEnd]);
}

/** An image of these layers. Spaces in the config prove that its bytes are kept and not written anew. */
export function sampleImage(
  layers: readonly Buffer[],
  tags: readonly string[],
  architecture = 'amd64',
): SampleImage {
  const diffIds = layers.map((layer) => digestOf(layer));
  const config = Buffer.from(
    JSON.stringify(
      {
        architecture,
        os: 'linux',
        config: { Cmd: ['x'] },
        rootfs: { type: 'layers', diff_ids: diffIds },
        history: [...diffIds.map(() => ({ created_by: 'COPY' })), { created_by: 'ENV', empty_layer: true }],
      },
      null,
      1,
    ),
  );
  return {
    config,
    configDigest: digestOf(config),
    layers,
    diffIds,
    tags,
    platform: { os: 'linux', architecture },
  };
}

/** Two images that share a layer; the first has one layer twice. */
export function sampleImages(): readonly [SampleImage, SampleImage] {
  const [a, b, c] = [sampleLayer(1), sampleLayer(2, 5000), sampleLayer(3, 0)];
  return [
    sampleImage([a, b, a], ['app:1', 'registry.example:5000/team/app:2']),
    sampleImage([b, c], ['base:latest']),
  ];
}
