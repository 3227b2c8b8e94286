/** How long the lens over a Dockerfile takes to answer while somebody types. */
import { digestOf, type Digest } from '../../src/core/digest.ts';
import type { Engine } from '../../src/core/engine/engine.ts';
import type { ImageSummary } from '../../src/core/engine/records.ts';
import { ChosenImages } from '../../src/lens/chosenImages.ts';
import { DockerfileReadings } from '../../src/lens/dockerfileReadings.ts';
import { ImageHistories } from '../../src/lens/imageHistories.ts';
import { InsideFigures } from '../../src/lens/insideFigures.ts';
import { lensActions } from '../../src/lens/lensActions.ts';
import type { BenchRow } from './report.ts';
import { emptyRunConfig } from '../support/emptyRunConfig.ts';

const imageCount = 300;
const stepCount = 120;
const keystrokes = 200;

const stepOf = (image: number, step: number): string =>
  `apt-get update && apt-get install -y package-${step} tool-${image} && rm -rf /var/lib/apt/lists/*`;

/** A Dockerfile of 120 long lines among 300 images, each letter answered as VS Code asks. */
export async function benchLens(): Promise<readonly BenchRow[]> {
  const images = new Map<Digest, ImageSummary>();
  for (let at = 0; at < imageCount; at++) {
    const id = digestOf(`image ${at}`);
    const about = { repoDigests: [], createdAtMs: at, sizeBytes: 1, labels: {} };
    images.set(id, { id, tags: [`team/app-${at}:1`], ...about });
  }
  const ids = [...images.keys()];
  const store: Pick<Engine['images'], 'history' | 'inspect'> = {
    history: (ref) => {
      const image = ids.findIndex((id) => id === ref);
      return Promise.resolve(
        Array.from({ length: stepCount }, (_, at) => ({
          createdBy: `/bin/sh -c ${stepOf(image, stepCount - 1 - at)}`,
          sizeBytes: 1_000,
          comment: '',
          tags: [],
        })),
      );
    },
    inspect: (ref) =>
      Promise.resolve({
        id: digestOf(ref),
        tags: [],
        repoDigests: [],
        sizeBytes: 1,
        platform: { os: 'linux', architecture: 'amd64' },
        diffIds: Array.from({ length: stepCount }, (_, at) => digestOf(`${ref} ${at}`)),
        config: emptyRunConfig,
        raw: {},
      }),
  };
  const engine = { images: store } as unknown as Engine;
  let settle = (): void => undefined;
  const settled = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const failed = (error: unknown): void => {
    throw error;
  };
  const changed = (): void => {
    settle();
  };
  const readings = new DockerfileReadings({
    inventory: { images, listing: () => ({ kind: 'listed' }) },
    histories: new ImageHistories(() => engine),
    chosen: new ChosenImages({ get: () => undefined, update: () => Promise.resolve() }),
    figures: new InsideFigures({ peek: () => Promise.resolve(undefined), changed, failed }),
    changed,
    failed,
  });
  const lines = Array.from(
    { length: stepCount },
    (_, at) => `RUN ${stepOf(7, at).replaceAll(' && ', ' \\\n  && ')}`,
  );
  const text = `FROM nowhere\n${lines.join('\n')}\n`;
  let version = 0;
  const answer = (typed: string): number => {
    const start = performance.now();
    const document = { uri: 'file:///Dockerfile', version: ++version, text: () => typed };
    const wording = { l10n: { t: (message: string) => message }, language: 'en', nowMs: () => 0 };
    const reading = readings.read(document);
    lensActions({ reading, document: { scheme: 'file', fsPath: '' }, isUnread: () => true }, wording);
    return performance.now() - start;
  };

  const started = performance.now();
  answer(text);
  await settled;
  const found = performance.now() - started;
  if (readings.read({ uri: 'file:///Dockerfile', version, text: () => text }).state !== 'found')
    throw new Error('the lens did not find the image');
  const place = text.indexOf('package-60');
  const times: number[] = [];
  for (let typed = 1; typed <= keystrokes; typed++) {
    times.push(answer(`${text.slice(0, place)}${'x'.repeat(typed)}${text.slice(place)}`));
    await new Promise((resolve) => setImmediate(resolve));
  }
  times.sort((a, b) => a - b);
  const worst = times.at(-1) ?? 0;
  const median = times[times.length >> 1] ?? 0;
  return [
    {
      what: `A letter typed into a Dockerfile of ${lines.length} instructions, the slowest of ${keystrokes}`,
      ours: { seconds: worst / 1000 },
      peer: 'what people notice',
      theirs: { seconds: 0.1 },
      goal: 1,
      note: `median ${median.toFixed(1)} ms; its image found among ${imageCount} in ${found.toFixed(0)} ms, beside the typing`,
    },
  ];
}
