/** An image for the tests of the layer explorer: changes of every kind, and names that try to pose as others. */
import { digestOf } from '../../src/core/digest.ts';
import { testLabel } from './engine.ts';
import { classicEngine } from './archives/producers.ts';
import type { SampleImage } from './archives/sampleImages.ts';
import { file, folder, gone } from './listedStack.ts';
import { layerTar, type Given } from './overlayReference.ts';

/** One pixel. */
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
);

/** What the bidi mark turns round would read `photoexe.png`. */
export const posingName = 'photo\u202egnp.exe';
export const markupName = '<img src=x onerror=alert(1)>.txt';

type Step = readonly [instruction: string, layer: readonly Given[] | undefined];

const steps: readonly Step[] = [
  [
    'ADD rootfs.tar / # buildkit',
    [
      folder('etc'),
      file('etc/motd', 'welcome aboard\n'),
      file('etc/app.conf', 'port=80\n'),
      { path: 'etc/current.conf', type: 'symlink', linkPath: 'app.conf' },
      { path: 'etc/lost.conf', type: 'symlink', linkPath: '/nowhere' },
      folder('odd'),
      file(`odd/${posingName}`, 'not a picture\n'),
      file(`odd/${markupName}`, 'not markup\n'),
      file('odd/line\nbreak.txt', 'two lines\n'),
      file('odd/caf\u00a7.txt', 'no UTF-8\n'),
      folder('many'),
      ...Array.from({ length: 1_200 }, (_, index) => file(`many/${String(index).padStart(4, '0')}.txt`, 'x')),
      { ...file('logo.png', ''), data: png },
      { ...file('data.bin', ''), data: Buffer.from([0, 1, 2, 255, 0, 254, 10, 0]) },
      { ...file('tool', '#!/bin/sh\n'), mode: 0o4755 },
    ],
  ],
  ['ENV MODE=prod', undefined],
  [
    'COPY app.conf secret.key / # buildkit',
    [folder('etc'), file('etc/app.conf', 'port=8080\nname=dock\n'), file('secret.key', 'swordfish\n')],
  ],
  [
    'RUN /bin/sh -c rm /etc/motd /secret.key # buildkit',
    [folder('etc'), gone('etc/motd'), gone('secret.key')],
  ],
];

/** The image as `docker save` writes it. */
export function explorerArchive(tag: string): Buffer {
  return archiveOf(tag, steps);
}

/** An image of one file of so many lines, two bytes each, as `docker save` writes it. */
export function largeFileArchive(tag: string, path: string, lineCount: number): Buffer {
  return archiveOf(tag, [['COPY large / # buildkit', [file(path, 'x\n'.repeat(lineCount))]]]);
}

function archiveOf(tag: string, steps: readonly Step[]): Buffer {
  const layers = steps.flatMap(([, layer]) => (layer === undefined ? [] : [withRawName(layerTar(layer))]));
  const diffIds = layers.map((layer) => digestOf(layer));
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      created: '2026-11-01T08:00:00Z',
      config: { Cmd: ['/tool'], Labels: { [testLabel]: '1' } },
      rootfs: { type: 'layers', diff_ids: diffIds },
      history: steps.map(([created_by, layer]) => ({
        created: '2026-11-01T08:00:00Z',
        created_by,
        comment: 'buildkit.dockerfile.v0',
        ...(layer === undefined && { empty_layer: true }),
      })),
    }),
  );
  const image: SampleImage = {
    config,
    configDigest: digestOf(config),
    layers,
    diffIds,
    tags: [tag],
    platform: { os: 'linux', architecture: 'amd64' },
  };
  return classicEngine([image]);
}

/** Gives `café` in Latin-1 to the name that has a § instead: tars hold bytes, and this writer only text. */
function withRawName(tar: Buffer): Buffer {
  const name = Buffer.from('odd/caf\u00a7.txt');
  const at = tar.indexOf(name);
  if (at < 0) return tar;
  const raw = Buffer.alloc(name.length);
  Buffer.from('odd/caf\u00e9.txt', 'latin1').copy(raw);
  const changed = Buffer.from(tar);
  raw.copy(changed, at);
  const header = changed.subarray(at, at + 512);
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return changed;
}
