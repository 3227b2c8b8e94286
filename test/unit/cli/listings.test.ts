import assert from 'node:assert/strict';
import { markdownText } from '../../../src/core/markdown.ts';
import { digestOf } from '../../../src/core/digest.ts';
import type { Engine } from '../../../src/core/engine/engine.ts';
import type { EngineInfo } from '../../../src/core/engine/records.ts';
import { aContainer, anImage, fakeEngine } from './fakeEngine.ts';
import { nowMs, runCliHere } from './runCliHere.ts';

const app = anImage('app:1', { tags: ['app:1', 'app:latest'], labels: { made: 'here' } });
const dangling = anImage('old', { tags: [], createdAtMs: Number.NaN });
const user = aContainer('web', {
  ports: [
    { containerPort: 80, protocol: 'tcp', hostIp: '::1', hostPort: 8080 },
    { containerPort: 53, protocol: 'udp' },
  ],
  mounts: [{ type: 'volume', name: 'data', source: '/x', target: '/data', isReadOnly: false }],
});
const volume = {
  name: 'data',
  driver: 'local',
  mountpoint: '/x',
  createdAtMs: nowMs,
  scope: 'local',
  labels: {},
  options: {},
};
const engine = fakeEngine({
  images: [app, dangling],
  containers: [user],
  volumes: [volume, { ...volume, name: 'measured' }],
});

describe('listing on the command line', () => {
  it('shows a row for each name of an image', async () => {
    const { stdout } = await runCliHere(['images'], { engine });
    const id = app.id.slice(7, 19);
    assert.deepEqual(stdout.split('\n').slice(0, 3), [
      'NAME        ID            CREATED     SIZE     CONTAINERS',
      `app:1       ${id}  3 days ago  1.23 MB  1`,
      `app:latest  ${id}  3 days ago  1.23 MB  1`,
    ]);
    assert.match(stdout.split('\n')[3] ?? '', /^<none> +[0-9a-f]{12} /);
  });

  it('gives images as JSON with bytes and ISO times', async () => {
    const { stdout } = await runCliHere(['images', '--json'], { engine });
    const document = JSON.parse(stdout) as { images: readonly unknown[] };
    assert.deepEqual(document.images[0], {
      id: app.id,
      tags: ['app:1', 'app:latest'],
      repoDigests: [],
      createdAt: '2026-11-18T08:00:00.000Z',
      sizeBytes: 1_234_567,
      labels: { made: 'here' },
      containers: [user.id],
    });
    assert.equal((document.images[1] as { createdAt: unknown }).createdAt, null);
  });

  it('prints IDs alone when asked to be quiet', async () => {
    const { stdout } = await runCliHere(['images', '-q'], { engine });
    assert.equal(stdout, `${app.id}\n${dangling.id}\n`);
  });

  it('shows containers with their ports', async () => {
    const { stdout } = await runCliHere(['containers'], { engine });
    assert.match(stdout, /^web .* running +Up 1 hour +\[::1\]:8080->80\/tcp, 53\/udp$/m);
    const { containers } = JSON.parse((await runCliHere(['containers', '--json'], { engine })).stdout) as {
      containers: readonly { id: string; mounts: unknown }[];
    };
    assert.deepEqual(containers[0]?.mounts, user.mounts);
  });

  it('shows who uses a volume, and its size only when asked', async () => {
    const plain = await runCliHere(['volumes'], { engine });
    assert.match(plain.stdout, /^data +local +web$/m);
    assert.doesNotMatch(plain.stdout, /SIZE/);
    const measured = await runCliHere(['volumes', '--size', '--json'], { engine });
    const { volumes } = JSON.parse(measured.stdout) as {
      volumes: readonly { name: string; sizeBytes: number | null }[];
    };
    assert.deepEqual(
      volumes.map(({ name, sizeBytes }) => [name, sizeBytes]),
      [
        ['data', null],
        ['measured', 4096],
      ],
    );
  });

  it('cuts rows to the width of a terminal and to nothing else', async () => {
    const wide = fakeEngine({ containers: [aContainer('web', { status: 'x'.repeat(200) })] });
    const onTerminal = await runCliHere(['containers'], { engine: wide, columns: 60 });
    assert.ok(onTerminal.stdout.split('\n').every((line) => line.length <= 60));
    assert.match(onTerminal.stdout, /…$/m);
    assert.ok((await runCliHere(['containers'], { engine: wide })).stdout.includes('x'.repeat(200)));
  });

  it('shows names that would steer a terminal as what they are', async () => {
    const name = 'we\u001b[31mb\u202e\u0007\u0085';
    const hostile = fakeEngine({ containers: [aContainer(name)] });
    const { stdout } = await runCliHere(['containers'], { engine: hostile, columns: 200 });
    assert.match(stdout, /^we\\u001b\[31mb\\u202e\\u0007/m);
    const json = (await runCliHere(['containers', '--json'], { engine: hostile })).stdout;
    assert.doesNotMatch(json.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
    assert.equal((JSON.parse(json) as { containers: { names: string[] }[] }).containers[0]?.names[0], name);
  });

  it('puts the history beside its layers, newest first', async () => {
    const made = (createdBy: string, sizeBytes: number) => ({
      createdBy,
      sizeBytes,
      comment: '',
      tags: [],
      createdAtMs: nowMs,
    });
    const withHistory = fakeEngine({
      images: [app],
      history: [made('/bin/sh -c #(nop)  CMD ["sh"]', 0), made('/bin/sh -c #(nop) ADD file:abc in / ', 5000)],
    });
    const { stdout } = await runCliHere(['history', 'app:1'], { engine: withHistory });
    assert.match(stdout, /^CREATED +SIZE +LAYER +INSTRUCTION$/m);
    assert.match(stdout, /empty +CMD \["sh"\]\n.*ADD/);
    const json = JSON.parse(
      (await runCliHere(['history', 'app', '--json'], { engine: withHistory })).stdout,
    ) as {
      steps: readonly { fill: string; diffId: string | null }[];
    };
    assert.deepEqual(
      json.steps.map(({ fill, diffId }) => [fill, diffId]),
      [
        ['empty', null],
        ['filled', digestOf('layer')],
      ],
    );
    const markdown = await runCliHere(['history', 'app', '--format', 'markdown'], { engine: withHistory });
    assert.match(markdown.stdout, /^# app:latest$/m);
    assert.match(
      markdown.stdout,
      /^\| CREATED \| SIZE \| LAYER \| INSTRUCTION \|\n\| :-- \| --: \| :-- \| :-- \|$/m,
    );
    assert.match(markdown.stdout, /^\| now \| 0 B \| empty \| CMD \\\["sh"\\\] \|$/m);
    const asJson = await runCliHere(['history', 'app', '--format=json'], { engine: withHistory });
    assert.deepEqual(JSON.parse(asJson.stdout), json);
  });

  it('shows which images share layers and what removing them gives back', async () => {
    const other = anImage('app:2', { tags: ['app:2'], sizeBytes: 5000 });
    const made = { createdBy: 'RUN x', sizeBytes: 5000, comment: '', tags: [], createdAtMs: nowMs };
    const listed = fakeEngine({
      images: [{ ...app, sizeBytes: 5000 }, other],
      containers: [user],
      history: [made],
    });
    const sharing: Engine = {
      ...listed,
      info: () => Promise.resolve({ imageStore: 'graphdriver' } as EngineInfo),
    };
    const all = await runCliHere(['shared'], { engine: sharing });
    assert.match(all.stdout, /^app:1 +5.00 kB +5.00 kB +0 B +1 of 1 shared +1 +app:2$/m);
    assert.match(
      all.stdout,
      /^2 images say that they take 10.0 kB; with each layer counted once they take 5.00 kB\.$/m,
    );
    const both = await runCliHere(['shared', 'app:1', 'app:2', '--json'], { engine: sharing });
    const { givenBackTogether, images, layers } = JSON.parse(both.stdout) as Record<string, unknown>;
    assert.deepEqual(givenBackTogether, { leastBytes: 5000, mostBytes: 5000 });
    assert.deepEqual([(images as unknown[]).length, (layers as unknown[]).length], [2, 1]);
    const one = await runCliHere(['shared', 'app:2', '--format', 'markdown'], { engine: sharing });
    assert.match(one.stdout, /^\| app:2 \| 5.00 kB \| 5.00 kB \| 0 B \| 1 of 1 shared \| 0 \| app:1 \|$/m);
    assert.match(one.stdout, /^\| [0-9a-f]{12} \| 5.00 kB \| app:1, app:2 \|$/m);
    assert.match(one.stdout, /^Removed together, the ones above give back 0 B\.$/m);
  });

  it('shows text that looks like Markdown or HTML as the text it is', () => {
    assert.equal(
      markdownText('<img src=x> [a](b) `c` *d* e_f|g\n# h & \u202ei'),
      '&lt;img src=x\\> \\[a\\](b) \\`c\\` \\*d\\* e\\_f\\|g # h &amp; \\\\u{202e}i',
    );
    assert.deepEqual(['- a', '1. b', '2) c', '## d', '12 e', '-1'].map(markdownText), [
      '\\- a',
      '1\\. b',
      '2\\) c',
      '\\## d',
      '12 e',
      '\\-1',
    ]);
  });

  it('tells a failure as JSON where --format asks for that', async () => {
    const ran = await runCliHere(['history', 'absent', '--format', 'json'], { engine: fakeEngine({}) });
    assert.match(ran.stdout, /"code": "engineNotFound"/);
    assert.equal((await runCliHere(['history', 'app', '--format', 'xml'])).exitCode, 2);
  });
});
