import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import type { Archive } from '../../../src/core/archive/archive.ts';
import { readArchive } from '../../../src/core/archive/readArchive.ts';
import { tarEnd, tarFile, tarHeader, tarPadding } from '../../../src/core/archive/tarWriter.ts';
import { digestOf, hexOf } from '../../../src/core/digest.ts';
import { DrydockError } from '../../../src/core/errors.ts';
import type { FailureCode } from '../../../src/core/errors.ts';
import { unattended } from '../../../src/core/progress.ts';
import { memorySource } from '../../support/archives/byteStreams.ts';
import {
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
import { sampleImage, sampleLayer } from '../../support/archives/sampleImages.ts';

const ociType = (kind: string): string => `application/vnd.oci.image.${kind}`;
const blob = (bytes: Uint8Array): { path: string; bytes: Uint8Array } => ({
  path: `blobs/sha256/${hexOf(digestOf(bytes))}`,
  bytes,
});
const read = (bytes: Uint8Array): Promise<Archive> => readArchive(memorySource(bytes), unattended());
const layer = sampleLayer(1, 40);
const small = sampleImage([layer], ['a:1']);
const descriptorOfIndex = (bytes: Uint8Array): ReturnType<typeof descriptorOf> =>
  descriptorOf(bytes, ociType('index.v1+json'));

/** All of an image that its bytes decide; names may change with a letter in index.json, which nothing proves. */
const contentOf = ({ images }: Archive): unknown =>
  images.map(({ configDigest, layers }) => [configDigest, layers.map(({ diffId }) => diffId)]);

/** Gives all of the images, or a failure of ours. */
async function requireSameOrFailure(damaged: Uint8Array, expected: unknown, what: string): Promise<void> {
  let archive: Archive;
  try {
    archive = await read(damaged);
  } catch (error) {
    if (!(error instanceof DrydockError) || error.code === 'unexpected') throw error;
    return;
  }
  assert.deepEqual(contentOf(archive), expected, what);
}

/** An entry header of any type, with any size in its field and data behind it. */
function record(typeFlag: string, data: Uint8Array, fields: Readonly<Record<number, string>> = {}): Buffer {
  const header = Buffer.from(tarHeader({ path: 'r', sizeBytes: data.length }));
  header.write(typeFlag, 156, 'latin1');
  for (const [at, text] of Object.entries(fields)) header.write(text, Number(at), 'latin1');
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return Buffer.concat([header, data, tarPadding(data.length)]);
}

const paxRecord = (text: string): string => {
  let length = text.length + 3;
  while (`${length} ${text}\n`.length !== length) length = `${length} ${text}\n`.length;
  return `${length} ${text}\n`;
};

describe('Hostile archives', function () {
  this.timeout(60_000);
  const other = sampleImage([sampleLayer(2, 0)], ['a:1'], 'arm64');
  const producers: readonly (readonly [string, Buffer])[] = [
    ['Docker 20.10', legacyEngine([small])],
    ['Docker 25+', classicEngine([small])],
    ['the containerd store', containerdStore(small, { other }).bytes],
    ['skopeo docker-archive', skopeoDocker(small)],
    ['skopeo oci-archive', skopeoOci(small, 'a:1')],
  ];
  for (const [name, bytes] of producers) {
    const seed = Date.now() % 13;
    it(`give the same images or a failure with any byte changed (${name}, seed ${seed})`, async () => {
      const expected = contentOf(await read(bytes));
      for (let at = seed; at < bytes.length; at += 13) {
        const damaged = Buffer.from(bytes);
        damaged[at] = (damaged[at] ?? 0) ^ ([1, 0x80, 0xff, 0x10][at % 4] ?? 1);
        await requireSameOrFailure(damaged, expected, `byte ${at}`);
      }
    }).timeout(20_000);

    it(`give the same images or a failure with any block removed, doubled or swapped (${name})`, async () => {
      const expected = contentOf(await read(bytes));
      for (let at = 0; at < bytes.length; at += 512) {
        const [before, block] = [bytes.subarray(0, at), bytes.subarray(at, at + 512)];
        const [next, after] = [bytes.subarray(at + 512, at + 1024), bytes.subarray(at + 1024)];
        for (const pieces of [
          [before, next, after],
          [before, block, block, next, after],
          [before, next, block, after],
        ])
          await requireSameOrFailure(Buffer.concat(pieces), expected, `block at ${at}`);
      }
    }).timeout(20_000);
  }

  it('lose no platform when a digest of index.json points at nothing, manifest.json or not', async () => {
    const { bytes, targetDigest } = containerdStore(small, { other });
    const at = bytes.indexOf(targetDigest, bytes.indexOf('"manifests"', bytes.indexOf('index.json')));
    const damaged = Buffer.from(bytes);
    damaged.write(damaged[at + 8] === 0x30 ? '1' : '0', at + 8);
    await assert.rejects(read(damaged), { code: 'archiveMissing' });
  });

  it('take a layer for what its config says, whatever its first bytes look like', async () => {
    for (const name of ['BZh91AY', '\x1f‹'])
      assert.deepEqual(
        (
          await read(skopeoDocker(sampleImage([Buffer.concat([tarFile(name, 'data'), tarEnd])], ['a:1'])))
        ).images[0]?.layers.map(({ compression }) => compression),
        ['none'],
      );
  });

  const dockerArchive = (manifest: string, ...more: readonly Uint8Array[]): Buffer =>
    Buffer.concat([...more, tarFile('manifest.json', manifest), tarEnd]);
  const image = Buffer.concat([tarFile('c', small.config), tarFile('l', layer)]);
  const whole = JSON.stringify([{ Config: 'c', RepoTags: null, Layers: ['l'] }]);
  const oneOf = (manifest: Uint8Array, mediaType: string, ...blobs: readonly Uint8Array[]): Buffer =>
    tarOf([
      ...[manifest, ...blobs].map(blob),
      { path: 'index.json', bytes: index([descriptorOf(manifest, mediaType)]) },
    ]);

  const cases: readonly (readonly [string, FailureCode, () => Buffer])[] = [
    ['a PAX header of 2 GB', 'archiveTooLarge', () => record('x', Buffer.alloc(0), { 124: '17777777777\0' })],
    [
      'a negative size',
      'archiveBadHeader',
      () =>
        dockerArchive(
          whole,
          image,
          record('0', Buffer.alloc(0), { 124: '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff' }),
        ),
    ],
    [
      'a size that no file has',
      'archiveBadHeader',
      () =>
        dockerArchive(
          whole,
          image,
          record('0', Buffer.alloc(0), { 124: '\x80\x00\x00\x00\x7f\xff\xff\xff\xff\xff\xff\xff' }),
        ),
    ],
    [
      'a PAX size that is no number',
      'archiveBadHeader',
      () => dockerArchive(whole, record('x', Buffer.from(paxRecord('size=NaN'))), image),
    ],
    [
      'a PAX size that differs from the data',
      'archiveBadHeader',
      () =>
        dockerArchive(
          whole,
          image,
          record('x', Buffer.from(paxRecord('size=3'))),
          tarFile('z', Buffer.alloc(3000, 'x')),
        ),
    ],
    [
      'endless global PAX headers',
      'archiveTooLarge',
      () =>
        dockerArchive(
          whole,
          image,
          ...Array.from({ length: 200 }, (_, at) => record('g', Buffer.from(paxRecord(`k${at}=v`)))),
        ),
    ],
    [
      'endless PAX headers of one entry',
      'archiveTooLarge',
      () => dockerArchive(whole, image, ...Array.from({ length: 9000 }, () => record('x', Buffer.alloc(0)))),
    ],
    [
      'a path of 1 MB',
      'archiveTooLarge',
      () => dockerArchive(whole, image, tarFile('a'.repeat(1_000_000), '')),
    ],
    [
      'a NUL in a PAX path',
      'archiveUnsafePath',
      () => dockerArchive(whole, image, record('x', Buffer.from(paxRecord('path=a\0b'))), tarFile('z', '')),
    ],
    [
      'a path that is no UTF-8',
      'archiveUnsafePath',
      () => dockerArchive(whole, image, record('0', Buffer.alloc(0), { 0: 'a\xff' })),
    ],
    [
      'a sparse file of GNU’s first kind',
      'archiveUnsupported',
      () =>
        dockerArchive(
          whole,
          image,
          record('x', Buffer.from(paxRecord('GNU.sparse.numblocks=1'))),
          tarFile('z', ''),
        ),
    ],
    [
      'a manifest.json that comes twice',
      'archiveUnsupported',
      () => dockerArchive('[]', image, tarFile('manifest.json', whole)),
    ],
    [
      'a manifest.json that is also a link',
      'archiveUnsupported',
      () =>
        dockerArchive(whole, image, tarHeader({ path: './manifest.json', type: 'symlink', linkPath: 'c' })),
    ],
    [
      'a config as its own layer',
      'archiveWrongDiffId',
      () => dockerArchive(JSON.stringify([{ Config: 'c', Layers: ['c'] }]), image),
    ],
    [
      'a million layers',
      'badJson',
      () =>
        dockerArchive(
          JSON.stringify([{ Config: 'c', Layers: Array.from({ length: 1_000_000 }, () => 'l') }]),
          image,
        ),
    ],
    ['a JSON of 100 MB', 'badJson', () => dockerArchive(`[${' '.repeat(100 << 20)}]`, image)],
    ['a JSON a million brackets deep', 'badJson', () => dockerArchive('['.repeat(1_000_000), image)],
    [
      'a config that is looked into over and over',
      'archiveTooLarge',
      () =>
        dockerArchive(
          JSON.stringify(Array.from({ length: 10_000 }, () => ({ Config: 'c', Layers: [] }))),
          tarFile('c', JSON.stringify({ x: ' '.repeat(4_000_000) })),
        ),
    ],
    [
      'more images than anybody has',
      'archiveTooLarge',
      () => {
        const config = Buffer.from('{}');
        const manifests = Array.from({ length: 200 }, (_, at) =>
          Buffer.from(
            JSON.stringify({
              schemaVersion: 2,
              config: descriptorOf(config, ociType('config.v1+json')),
              layers: [],
              annotations: { at: `${at}` },
            }),
          ),
        );
        return tarOf([
          ...[config, ...manifests].map(blob),
          {
            path: 'index.json',
            bytes: index(manifests.map((bytes) => descriptorOf(bytes, ociType('manifest.v1+json')))),
          },
          {
            path: 'manifest.json',
            bytes: JSON.stringify(
              Array.from({ length: 200 }, () => ({ Config: blob(config).path, Layers: [] })),
            ),
          },
        ]);
      },
    ],
    [
      'indexes that share an index over and over',
      'archiveTooLarge',
      () => {
        const inner = Buffer.from(
          index(
            Array.from({ length: 1000 }, (_, at) =>
              descriptorOf(Buffer.from(`${at}`), ociType('manifest.v1+json')),
            ),
          ),
        );
        const outer = Array.from({ length: 200 }, (_, at) =>
          Buffer.from(index([descriptorOfIndex(inner), descriptorOf(Buffer.from(`x${at}`), '')])),
        );
        return tarOf([
          ...[inner, ...outer].map(blob),
          { path: 'index.json', bytes: index(outer.map(descriptorOfIndex)) },
        ]);
      },
    ],
    [
      'a manifest of schema 1',
      'archiveUnsupported',
      () =>
        oneOf(
          Buffer.from('{"schemaVersion":1}'),
          'application/vnd.docker.distribution.manifest.v1+prettyjws',
        ),
    ],
    [
      'a layer that lies elsewhere',
      'archiveMissing',
      () =>
        oneOf(
          manifestBytes(descriptorOf(small.config, ociType('config.v1+json')), [
            descriptorOf(Buffer.from('x'), ociType('layer.nondistributable.v1.tar')),
          ]),
          ociType('manifest.v1+json'),
          small.config,
        ),
    ],
    [
      'a packed layer whose bytes are those of another',
      'archiveWrongDiffId',
      () =>
        oneOf(
          manifestBytes(descriptorOf(small.config, ociType('config.v1+json')), [
            descriptorOf(gzipSync('x'), ociType('layer.v1.tar+gzip')),
          ]),
          ociType('manifest.v1+json'),
          small.config,
          gzipSync('x'),
        ),
    ],
  ];
  for (const [name, code, make] of cases)
    it(`fail with ${name}`, async () => {
      await assert.rejects(read(make()), { name: 'DrydockError', code });
    }).timeout(20_000);

  it('are read whatever a layer’s media type says of its packing, since its bytes tell', async () => {
    const stored = gzipSync(layer);
    const manifest = manifestBytes(descriptorOf(small.config, ociType('config.v1+json')), [
      descriptorOf(stored, ociType('layer.v1.tar+zstd')),
    ]);
    const { images } = await read(oneOf(manifest, ociType('manifest.v1+json'), small.config, stored));
    assert.deepEqual(
      images[0]?.layers.map(({ compression, diffId }) => [compression, diffId]),
      [['gzip', digestOf(layer)]],
    );
  });
});
