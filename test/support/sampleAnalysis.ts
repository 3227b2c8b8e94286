import { digestOf } from '../../src/core/digest.ts';
import { analyzeImage, type ImageAnalysis } from '../../src/core/inspect/imageAnalysis.ts';
import type { StoredImages } from '../../src/core/inspect/imageSharing.ts';
import { unattended } from '../../src/core/progress.ts';
import { listedImage, type GivenStep } from './listedImage.ts';

const MB = 1_000_000;

const steps: readonly GivenStep[] = [
  {
    by: "# debian.sh --arch 'amd64' out/ 'bookworm'",
    entries: [
      ['etc/os-release', 267],
      ['usr/lib/libc.so.6', 70 * MB],
      ['usr/bin/passwd', 68_000, { mode: 0o4755 }],
      ['var/cache/apt/pkgcache.bin', 5 * MB],
      ['var/lib/dpkg/status', 90_000],
    ],
  },
  {
    by: 'RUN /bin/sh -c apt-get update && apt-get install -y gcc make && pip install -r requirements.txt # buildkit',
    entries: [
      ['usr/lib/gcc/x86_64-linux-gnu/12/cc1', 90 * MB],
      ['usr/bin/make', MB],
      ['var/lib/apt/lists/deb.debian.org_bookworm_Packages.lz4', 18 * MB],
      ['root/.cache/pip/http/a/b/c', 42 * MB],
      ['var/lib/dpkg/status', 95_000],
      ['tmp/<img src=x onerror=alert(1)>', 12 * MB],
    ],
  },
  {
    by: 'COPY . /app # buildkit',
    entries: [
      ['app/server', 25 * MB],
      ['app/.env', 120],
      ['app/\u202edata', 9 * MB],
    ],
  },
  { by: 'ARG DEPLOY_TOKEN=never-shown-17' },
  {
    by: 'RUN /bin/sh -c chown -R app /app && rm /app/\u202edata # buildkit',
    entries: [['app/server', 25 * MB, { uid: 1000 }], ['app/.wh.\u202edata']],
  },
  { by: 'EXPOSE map[8080/tcp:{}]' },
  { by: 'CMD ["/app/server"]' },
];

/** An image with a bit of everything, on an engine with two others. */
export async function sampleAnalysis(): Promise<ImageAnalysis> {
  const image = listedImage(steps, {
    Cmd: ['/app/server'],
    Env: ['PATH=/usr/bin', 'DB_PASSWORD=never-shown-18'],
    ExposedPorts: { '8080/tcp': {} },
  });
  const diffIds = image.layers.map(({ diffId }) => diffId);
  const sizes = [75, 258, 34, 25];
  const stored = (name: string, count: number): StoredImages['images'][number] => ({
    id: digestOf(name),
    tags: [name],
    sizeBytes: sizes.slice(0, count).reduce((sum, size) => sum + size * MB, 0),
    diffIds: diffIds.slice(0, count),
    history: sizes
      .slice(0, count)
      .map((size) => ({ createdBy: 'RUN x', sizeBytes: size * MB, comment: '', tags: [] }))
      .toReversed(),
    containers: name === 'app:1' ? ['c1'] : [],
  });
  const images = [stored('app:1', 4), stored('debian:12', 1), stored('app:0.9', 2)];
  return analyzeImage(
    { image, imageId: digestOf('app:1'), stored: { store: 'graphdriver', images } },
    unattended(),
  );
}
