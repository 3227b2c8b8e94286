import assert from 'node:assert/strict';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { readArchive } from '../../../src/core/archive/readArchive.ts';
import { tarEnd, tarFile, tarHeader } from '../../../src/core/archive/tarWriter.ts';
import { digestOf, hexOf } from '../../../src/core/digest.ts';
import { DrydockError } from '../../../src/core/errors.ts';
import type { FailureCode } from '../../../src/core/errors.ts';
import { unattended } from '../../../src/core/progress.ts';
import { memorySource } from '../../support/archives/byteStreams.ts';
import { xzInsideXz } from '../../support/archives/frozenArchives.ts';
import {
  buildkitOci,
  classicEngine,
  containerdStore,
  descriptorOf,
  index,
  legacyEngine,
  manifestBytes,
  skopeoDocker,
  skopeoOci,
  tarOf,
} from '../../support/archives/producers.ts';
import { sampleImage, sampleImages, sampleLayer } from '../../support/archives/sampleImages.ts';
import { seededRandom } from '../../support/archives/seededRandom.ts';

const ociType = (kind: string): string => `application/vnd.oci.image.${kind}`;
const [app, base] = sampleImages();
const [layer] = base.layers;
assert.ok(layer);

const dockerArchive = (over: {
  config?: Uint8Array;
  layers?: readonly string[];
  manifest?: string;
  more?: Parameters<typeof tarOf>[0];
}): Buffer =>
  tarOf([
    { path: 'c.json', bytes: over.config ?? base.config },
    { path: 'l0.tar', bytes: base.layers[0] ?? '' },
    { path: 'l1.tar', bytes: base.layers[1] ?? '' },
    ...(over.more ?? []),
    {
      path: 'manifest.json',
      bytes:
        over.manifest ??
        JSON.stringify([{ Config: 'c.json', RepoTags: null, Layers: over.layers ?? ['l0.tar', 'l1.tar'] }]),
    },
  ]);

/** An OCI layout around one manifest whose descriptors can be bent. */
function ociArchive(bend: {
  layer?: object;
  config?: object;
  manifest?: object;
  blobs?: readonly Uint8Array[];
}): Buffer {
  const image = sampleImage([layer ?? Buffer.alloc(0)], ['x:1']);
  const manifest = manifestBytes(
    { ...descriptorOf(image.config, ociType('config.v1+json')), ...bend.config },
    [{ ...descriptorOf(layer ?? Buffer.alloc(0), ociType('layer.v1.tar')), ...bend.layer }],
  );
  const blobs = bend.blobs ?? [image.config, layer ?? Buffer.alloc(0)];
  return tarOf([
    ...[...blobs, manifest].map((bytes) => ({ path: `blobs/sha256/${hexOf(digestOf(bytes))}`, bytes })),
    {
      path: 'index.json',
      bytes: index([{ ...descriptorOf(manifest, ociType('manifest.v1+json')), ...bend.manifest }]),
    },
  ]);
}

/** Replaces bytes somewhere inside, keeping the length. */
function replaced(bytes: Buffer, from: string | Uint8Array, to: string | Uint8Array): Buffer {
  const at = bytes.indexOf(from);
  assert.ok(at >= 0);
  const copy = Buffer.from(bytes);
  Buffer.from(to).copy(copy, at);
  return copy;
}

describe('readArchive refuses', () => {
  const legacy = legacyEngine([app, base]);
  const deepIndex = (): Buffer => {
    let bytes = Buffer.from(index([]));
    const blobs = [bytes];
    for (let depth = 0; depth < 12; depth++) {
      bytes = Buffer.from(index([descriptorOf(bytes, ociType('index.v1+json'))]));
      blobs.push(bytes);
    }
    return tarOf([
      ...blobs.map((blob) => ({ path: `blobs/sha256/${hexOf(digestOf(blob))}`, bytes: blob })),
      { path: 'index.json', bytes: index([descriptorOf(bytes, ociType('index.v1+json'))]) },
    ]);
  };
  const config = (fields: object): Buffer => Buffer.from(JSON.stringify(fields));

  const cases: readonly [string, FailureCode, Uint8Array][] = [
    ['an empty file', 'notAnArchive', Buffer.alloc(0)],
    ['a text', 'notAnArchive', Buffer.from('hello')],
    ['a long text', 'notAnArchive', Buffer.alloc(5000, 'hello ')],
    ['a JSON document', 'notAnArchive', Buffer.from(JSON.stringify({ a: 'b'.repeat(3000) }))],
    ['a packed text', 'notAnArchive', gzipSync('hello')],
    ['a tar of something else', 'notAnArchive', tarOf([{ path: 'etc/passwd', bytes: 'root' }])],
    ['a tar without entries', 'archiveEmpty', tarEnd],
    ['a manifest.json without images', 'archiveEmpty', tarOf([{ path: 'manifest.json', bytes: '[]' }])],
    ['an index.json without images', 'archiveEmpty', tarOf([{ path: 'index.json', bytes: index([]) }])],
    ['the format before Docker 1.10', 'archiveUnsupported', tarOf([{ path: 'repositories', bytes: '{}' }])],
    ['a tar without its end', 'archiveNoEnd', legacy.subarray(0, -1024)],
    ['a tar with half of its end', 'archiveNoEnd', legacy.subarray(0, -512)],
    ['a tar that is cut', 'archiveCut', legacy.subarray(0, 5000)],
    ['gzip that is cut', 'archiveCut', gzipSync(legacy).subarray(0, -20)],
    ['zstd that is cut', 'archiveCut', zstdCompressSync(legacy).subarray(0, -20)],
    ['a second archive behind the first', 'archiveTrailing', Buffer.concat([legacy, legacy])],
    [
      'a path that leads out',
      'archiveUnsafePath',
      dockerArchive({ more: [{ path: 'a/../../x', bytes: '' }] }),
    ],
    ['an absolute path', 'archiveUnsafePath', dockerArchive({ more: [{ path: '/etc/passwd', bytes: '' }] })],
    [
      'a symlink that leads out',
      'archiveUnsafePath',
      dockerArchive({ more: [{ path: 'a/b', linkPath: '../../x' }] }),
    ],
    [
      'an absolute symlink',
      'archiveUnsafePath',
      dockerArchive({ more: [{ path: 'a', linkPath: '/etc/passwd' }] }),
    ],
    [
      'a hardlink that leads out',
      'archiveUnsafePath',
      dockerArchive({ more: [{ path: 'a', linkPath: '../x', type: 'hardlink' }] }),
    ],
    [
      'links that point at each other',
      'archiveCyclic',
      dockerArchive({
        more: [
          { path: 'a.tar', linkPath: 'b.tar' },
          { path: 'b.tar', linkPath: 'a.tar' },
        ],
        layers: ['l0.tar', 'a.tar'],
      }),
    ],
    [
      'two different files of one name',
      'archiveUnsupported',
      dockerArchive({ more: [{ path: 'l0.tar', bytes: 'other' }] }),
    ],
    ['a manifest.json that is no JSON', 'badJson', dockerArchive({ manifest: '[{' })],
    ['a manifest.json of another shape', 'badJson', dockerArchive({ manifest: '{"Config":"c.json"}' })],
    [
      'a manifest.json that nests too deep',
      'badJson',
      dockerArchive({ manifest: '['.repeat(100) + ']'.repeat(100) }),
    ],
    ['a layer that is not there', 'archiveMissing', dockerArchive({ layers: ['l0.tar', 'nothing.tar'] })],
    ['fewer layers than diffIDs', 'archiveLayerCount', dockerArchive({ layers: ['l0.tar'] })],
    ['layers in the wrong order', 'archiveWrongDiffId', dockerArchive({ layers: ['l1.tar', 'l0.tar'] })],
    ['a config that is no JSON', 'badJson', dockerArchive({ config: Buffer.from('hello') })],
    [
      'a diffID that is no digest',
      'badJson',
      dockerArchive({ config: config({ rootfs: { diff_ids: ['sha256:xyz', 'y'] } }) }),
    ],
    [
      'a config of another name than its digest',
      'archiveWrongDigest',
      dockerArchive({
        more: [{ path: `${'0'.repeat(64)}.json`, bytes: base.config }],
        manifest: JSON.stringify([{ Config: `${'0'.repeat(64)}.json`, Layers: ['l0.tar', 'l1.tar'] }]),
      }),
    ],
    [
      'a changed byte in a layer of a classic engine',
      'archiveWrongDiffId',
      replaced(legacy, layer.subarray(600, 640), Buffer.alloc(40)),
    ],
    [
      'a changed byte in a blob',
      'archiveWrongDigest',
      replaced(classicEngine([base]), layer.subarray(600, 640), Buffer.alloc(40)),
    ],
    [
      'a packed layer that is damaged',
      'archiveCut',
      dockerArchive({
        more: [{ path: 'z.tar', bytes: gzipSync(layer).subarray(0, -9) }],
        layers: ['z.tar', 'l1.tar'],
      }),
    ],
    ['a descriptor of wrong size', 'archiveWrongSize', ociArchive({ layer: { size: 3 } })],
    [
      'a descriptor with another algorithm',
      'badJson',
      ociArchive({ layer: { digest: `sha512:${'0'.repeat(128)}` } }),
    ],
    [
      'a manifest that is not there',
      'archiveMissing',
      ociArchive({ manifest: { digest: digestOf('x'), size: 1 } }),
    ],
    ['a config that is not there', 'archiveMissing', ociArchive({ blobs: [layer] })],
    ['a blob that is not there', 'archiveMissing', ociArchive({ layer: { digest: digestOf('x'), size: 1 } })],
    [
      'encrypted layers',
      'archiveUnsupported',
      ociArchive({ layer: { mediaType: ociType('layer.v1.tar+gzip+encrypted') } }),
    ],
    ['indexes that nest too deep', 'archiveTooLarge', deepIndex()],
  ];
  for (const [name, code, bytes] of cases)
    it(name, async () => {
      await assert.rejects(readArchive(memorySource(bytes, 700), unattended()), {
        name: 'DrydockError',
        code,
      });
    });

  it('a bomb, outside and inside', async () => {
    const zeros = Buffer.alloc(8 << 20);
    const inside = dockerArchive({
      more: [{ path: 'z.tar', bytes: gzipSync(zeros) }],
      layers: ['z.tar', 'l1.tar'],
    });
    for (const bytes of [gzipSync(Buffer.concat([tarFile('x', zeros), tarEnd])), inside])
      await assert.rejects(readArchive(memorySource(bytes), unattended(), { maxInflatedBytes: 1 << 20 }), {
        code: 'archiveTooLarge',
      });
  });

  it('more entries and more documents than its limits allow', async () => {
    await assert.rejects(readArchive(memorySource(legacy), unattended(), { maxEntries: 5 }), {
      code: 'archiveTooLarge',
    });
    await assert.rejects(readArchive(memorySource(legacy), unattended(), { maxKeptBytes: 300 }), {
      code: 'archiveTooLarge',
    });
  });

  it('the engine’s error behind a cut archive, in the engine’s words', async () => {
    const bytes = Buffer.concat([
      legacy.subarray(0, 4000),
      Buffer.from('{"errorDetail":{"message":"disk on fire"}}\n'),
    ]);
    await assert.rejects(readArchive(memorySource(bytes), unattended()), {
      code: 'archiveTrailing',
      message: /disk on fire/,
    });
  });

  it('a sparse entry rather than reading its map as content', async () => {
    const header = Buffer.from(tarHeader({ path: 's', sizeBytes: 0 }));
    header.write('S', 156, 'latin1');
    header.fill(0x20, 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    await assert.rejects(readArchive(memorySource(Buffer.concat([header, tarEnd])), unattended()), {
      code: 'archiveUnsupported',
    });
  });

  it('xz inside xz, which its decoder could only wait for', async () => {
    await assert.rejects(readArchive(memorySource(xzInsideXz), unattended()), {
      code: 'archiveUnsupported',
      message: /xz layers inside an xz file/,
    });
  });
});

describe('readArchive on damaged archives', () => {
  const seed = Date.now() % 2 ** 31;
  const images = [app, base];
  const other = sampleImage([sampleLayer(5)], ['app:1'], 'arm64');
  const inputs: readonly [string, Buffer][] = [
    ['Docker 20.10', legacyEngine(images)],
    ['Docker 25+', classicEngine(images)],
    ['the containerd store', containerdStore(app, { other }).bytes],
    ['BuildKit', buildkitOci(app, other).bytes],
    ['skopeo docker-archive', skopeoDocker(app)],
    ['skopeo oci-archive', skopeoOci(base, 'base:latest')],
  ];
  const known = new Map([...images, other].map((image) => [image.configDigest, image.diffIds.join()]));

  function damage(bytes: Buffer, random: ReturnType<typeof seededRandom>): Buffer {
    const at = random.below(bytes.length);
    const length = 1 + random.below(600);
    switch (random.below(5)) {
      case 0:
        return bytes.subarray(0, at);
      case 1:
        return Buffer.concat([bytes.subarray(0, at), random.bytes(length), bytes.subarray(at)]);
      case 2:
        return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
      case 3: {
        const copy = Buffer.from(bytes);
        random.bytes(length).copy(copy, at);
        return copy;
      }
      default: {
        const copy = Buffer.from(bytes);
        copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
        return copy;
      }
    }
  }

  for (const [name, plain] of inputs)
    for (const [kind, bytes] of [
      ['none', plain],
      ['gzip', gzipSync(plain)],
      ['zstd', zstdCompressSync(plain)],
    ] as const)
      it(`gives the true images or one clear failure (${name}, ${kind}, seed ${seed})`, async () => {
        const random = seededRandom(seed);
        for (let round = 0; round < 60; round++) {
          try {
            const archive = await readArchive(memorySource(damage(bytes, random), 5000), unattended());
            for (const image of archive.images)
              assert.equal(
                image.layers.map(({ diffId }) => diffId).join(),
                known.get(image.configDigest),
                `round ${round}`,
              );
          } catch (error) {
            if (!(error instanceof DrydockError) || error.code === 'unexpected') throw error;
          }
        }
      }).timeout(20_000);
});
