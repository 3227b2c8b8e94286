import assert from 'node:assert/strict';
import { remarkText } from '../../../src/core/diffRemark.ts';
import { Pacer } from '../../../src/core/archive/pacer.ts';
import { digestOf } from '../../../src/core/digest.ts';
import { commonSteps } from '../../../src/core/diff/commonSteps.ts';
import { compareConfig } from '../../../src/core/diff/compareConfig.ts';
import { compareHistory } from '../../../src/core/diff/compareHistory.ts';
import type { DiffReport, Strictness } from '../../../src/core/diff/diffReport.ts';
import { makeDiffReport } from '../../../src/core/diff/makeDiffReport.ts';
import type { FileTree, FileTreeImage } from '../../../src/core/fileTrees/fileTree.ts';
import { parseImageConfig, type ImageConfig } from '../../../src/core/oci/manifest.ts';
import { unattended } from '../../../src/core/progress.ts';
import { seededRandom } from '../../support/archives/seededRandom.ts';
import { plainTree } from '../../support/plainTrees.ts';

function configOf(run: unknown, more: object = {}): ImageConfig {
  const bytes = Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', config: run, ...more }));
  return parseImageConfig(bytes, 'config');
}

/** `setting: left > right` */
async function settings(
  left: ImageConfig,
  right: ImageConfig,
  strictness: Strictness = 'semantic',
): Promise<readonly string[]> {
  const changes = await compareConfig(left, right, { strictness, pacer: new Pacer() });
  return changes.map(({ setting, left: one = '-', right: other = '-' }) => `${setting}: ${one} > ${other}`);
}

function remarksTold({ remarks }: DiffReport): readonly string[] {
  return remarks.map((remark) => remarkText(remark));
}

interface Step {
  readonly by: string;
  readonly layer?: string;
  readonly created?: string;
}

function imageOf(...steps: readonly Step[]): FileTreeImage {
  const diffIds = steps.flatMap(({ layer }) => layer ?? []).map((layer) => digestOf(Buffer.from(layer)));
  const history = steps.map(({ by, layer, created }) => ({
    created_by: by,
    ...(created !== undefined && { created }),
    ...(layer === undefined && { empty_layer: true }),
  }));
  return {
    configDigest: digestOf(Buffer.from('config')),
    config: configOf({}, { history, rootfs: { type: 'layers', diff_ids: diffIds } }),
    diffIds,
  };
}

async function history(
  left: FileTreeImage,
  right: FileTreeImage,
  strictness: Strictness = 'semantic',
): Promise<readonly string[]> {
  const changes = await compareHistory(left, right, { strictness, pacer: new Pacer() });
  const layerWord = { true: ' (same layer)', false: ' (other layer)' };
  return changes.map(
    ({ kind, text, hasSameLayer }) =>
      `${{ added: '+', removed: '-', same: ' ' }[kind]} ${text}${hasSameLayer === undefined ? '' : layerWord[`${hasSameLayer}`]}`,
  );
}

describe('comparing the configs of two images', () => {
  it('names each setting that differs, variables and labels by their names', async () => {
    const left = configOf({
      Env: ['PATH=/bin', 'A=1', 'GONE=x'],
      Cmd: ['sh'],
      Entrypoint: null,
      ExposedPorts: { '80/tcp': {} },
      Labels: { maintainer: 'one', same: 'x' },
      User: '',
    });
    const right = configOf({
      Env: ['A=2', 'PATH=/bin', 'NEW='],
      Cmd: ['sh', '-c', 'a b'],
      Entrypoint: ['/entry'],
      ExposedPorts: { '443/tcp': {} },
      Labels: { maintainer: 'other', same: 'x' },
      User: 'www',
      Volumes: { '/data': {} },
      WorkingDir: '/srv',
      StopSignal: 'SIGQUIT',
      Shell: ['/bin/bash', '-c'],
      OnBuild: ['RUN a', 'RUN b'],
      Healthcheck: { Test: ['CMD-SHELL', 'curl -f x'], Interval: 30_000_000_000, Retries: 3 },
    });
    assert.deepEqual(await settings(left, right), [
      'Entrypoint: - > ["/entry"]',
      'Cmd: ["sh"] > ["sh", "-c", "a b"]',
      'Env A: 1 > 2',
      'Env GONE: x > -',
      'Env NEW: - > ""',
      'User: - > www',
      'WorkingDir: - > /srv',
      'ExposedPorts 443/tcp: - > 443/tcp',
      'ExposedPorts 80/tcp: 80/tcp > -',
      'Volumes /data: - > /data',
      'Healthcheck: - > --interval=30s --retries=3 CMD curl -f x',
      'StopSignal: - > SIGQUIT',
      'Shell: - > ["/bin/bash", "-c"]',
      'OnBuild: - > RUN a\nRUN b',
      'Labels maintainer: one > other',
    ]);
    assert.deepEqual(await settings(right, right, 'strict'), []);
  });

  it('compares platforms, authors, and settings that it does not know', async () => {
    assert.deepEqual(
      await settings(
        configOf({ ArgsEscaped: false, New: { a: 1 } }, { variant: 'v8', architecture: 'arm64' }),
        configOf({ ArgsEscaped: true, New: { a: 2 } }, { author: 'me' }),
      ),
      [
        'Platform: linux/arm64/v8 > linux/amd64',
        'ArgsEscaped: - > true',
        'Author: - > me',
        'New: {"a":1} > {"a":2}',
      ],
    );
  });

  it('leaves out what a build alone leaves behind unless it is strict', async () => {
    const left = configOf({ Hostname: 'a1', Image: 'sha256:1' }, { created: '2026-01-01T00:00:00Z' });
    const right = configOf({ Hostname: 'b2', Image: '' }, { created: '2026-02-02T00:00:00Z' });
    assert.deepEqual(await settings(left, right), []);
    assert.deepEqual(await settings(left, right, 'strict'), [
      'Created: 2026-01-01T00:00:00Z > 2026-02-02T00:00:00Z',
      'Hostname: a1 > b2',
      'Image: sha256:1 > -',
    ]);
  });

  it('says that a secret changed and not what it is', async () => {
    assert.deepEqual(
      await settings(
        configOf({ Env: ['DB_PASSWORD=one', 'URL=http://me:pw@h/'], Cmd: ['run', 'API_KEY=abc'] }),
        configOf({ Env: ['DB_PASSWORD=two', 'URL=http://me:px@h/'], Cmd: ['run', 'API_KEY=abd'] }),
      ),
      [
        'Cmd: ["run", "API_KEY=••••"] > ["run", "API_KEY=••••"]',
        'Env DB_PASSWORD: •••• > ••••',
        'Env URL: •••• > ••••',
      ],
    );
  });

  it('compares settings of a wrong kind as they stand', async () => {
    assert.deepEqual(await settings(configOf({ Env: 'A=1', Cmd: 7, Labels: [1] }), configOf(null)), [
      'config Cmd: 7 > -',
      'config Env: A=1 > -',
      'config Labels: [1] > -',
    ]);
    const labels = (more: object): ImageConfig => configOf({ Labels: { a: 1, ...more } });
    assert.deepEqual(await settings(labels({ b: 'x' }), labels({ b: 'y' })), [
      'config Labels: {"a":1,"b":"x"} > {"a":1,"b":"y"}',
    ]);
    assert.deepEqual(await settings(configOf('nothing'), configOf({ Cmd: ['a'] })), ['Cmd: - > ["a"]']);
  });
});

describe('settings that are called like others', () => {
  it('are compared all the same', async () => {
    const odd = (value: string): unknown =>
      JSON.parse(`{"Labels": {"__proto__": "${value}"}, "__proto__": "${value}"}`);
    assert.deepEqual(await settings(configOf(odd('x')), configOf(odd('y'))), [
      'Labels __proto__: x > y',
      '__proto__: x > y',
    ]);
    const hidden = { 'Env PATH': '/bin', Platform: 'linux/amd64' };
    assert.deepEqual(
      await settings(configOf({ Env: ['PATH=/bin'] }), configOf({ Env: ['PATH=/evil'], ...hidden })),
      ['Env PATH: /bin > /evil', 'config Env PATH: - > /bin', 'config Platform: - > linux/amd64'],
    );
    assert.deepEqual(await settings(configOf({ Env: ['PATH=/bin'] }), configOf({ 'Env PATH': '/bin' })), [
      'Env PATH: /bin > -',
      'config Env PATH: - > /bin',
    ]);
  });
});

describe('comparing the histories of two images', () => {
  const base: Step = { by: '/bin/sh -c #(nop) ADD file:0123456789abcdef0123 in / ', layer: 'base' };

  it('gives one list, with what was taken out before what came in', async () => {
    assert.deepEqual(
      await history(
        imageOf(base, { by: 'RUN /bin/sh -c make # buildkit', layer: 'm' }, { by: 'CMD ["a"]' }),
        imageOf(
          base,
          { by: 'ENV A=1' },
          { by: 'RUN /bin/sh -c make # buildkit', layer: 'n' },
          { by: 'CMD ["b"]' },
        ),
      ),
      [
        '  ADD file:0123456789abcdef0123 / (same layer)',
        '+ ENV A=1',
        '  RUN make (other layer)',
        '- CMD ["a"]',
        '+ CMD ["b"]',
      ],
    );
  });

  it('minds times only when it is strict', async () => {
    const [left, right] = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'].map((created) =>
      imageOf({ by: 'ENV A=1', created }),
    );
    assert.ok(left && right);
    assert.deepEqual(await history(left, right), ['  ENV A=1']);
    assert.deepEqual(await history(left, right, 'strict'), ['- ENV A=1', '+ ENV A=1']);
  });

  it('guesses no layers where the history does not fit them', async () => {
    const left = imageOf(base, { by: 'RUN make', layer: 'm' });
    assert.deepEqual(await history({ ...left, diffIds: left.diffIds.slice(1) }, left), [
      '  ADD file:0123456789abcdef0123 /',
      '  RUN make',
    ]);
  });

  it('masks secrets in instructions', async () => {
    const image = imageOf(
      { by: 'ENV API_TOKEN=abc PATH=/bin' },
      { by: '/bin/sh -c #(nop)  ENV PASSWORD abc' },
      { by: 'RUN PASSWORD="a b" curl https://me:secret@host/x', layer: 'r' },
    );
    assert.deepEqual(await history(image, image), [
      '  ENV API_TOKEN=•••• PATH=/bin',
      '  ENV PASSWORD ••••',
      '  RUN PASSWORD=•••• curl https://me:••••@host/x (same layer)',
    ]);
  });

  for (let round = 0; round < 20; round++)
    it(`matches as many steps as there can be in random lists (round ${round})`, async () => {
      const random = seededRandom(4 + round);
      const list = (): readonly string[] =>
        Array.from({ length: random.below(12) }, () => `${random.below(4)}`);
      const [left, right] = [list(), list()];
      const steps = await commonSteps(left, right, new Pacer());
      assertCommon(left, right, steps);
      assert.equal(steps.length, longestOf(left, right));
    });

  it('matches thousands of steps that differ here and there', async () => {
    const left = Array.from({ length: 6000 }, (_, at) => `step ${at}`);
    const right = left.flatMap((step, at) => (at % 100 === 50 ? [`new ${at}`] : at % 77 === 3 ? [] : [step]));
    const steps = await commonSteps(['only left', ...left], [...right, 'only right'], new Pacer());
    assertCommon(['only left', ...left], [...right, 'only right'], steps);
    assert.equal(steps.length, right.filter((step) => step.startsWith('step')).length);
  });
});

function assertCommon(
  left: readonly string[],
  right: readonly string[],
  steps: readonly (readonly [number, number])[],
): void {
  let [last, otherLast] = [-1, -1];
  for (const [at, otherAt] of steps) {
    assert.ok(at > last && otherAt > otherLast);
    assert.equal(left[at], right[otherAt]);
    assert.notEqual(left[at], undefined);
    [last, otherLast] = [at, otherAt];
  }
}

/** By trying everything. */
function longestOf(left: readonly string[], right: readonly string[]): number {
  const [first, ...rest] = left;
  if (first === undefined || right.length === 0) return 0;
  const found = right.indexOf(first);
  const without = longestOf(rest, right);
  return found < 0 ? without : Math.max(without, 1 + longestOf(rest, right.slice(found + 1)));
}

describe('a report of two sides', () => {
  it('has files, config and history of two images', async () => {
    const left = plainTree({ a: 'x' }, { name: 'app:1', image: imageOf({ by: 'ENV A=1' }) });
    const right = plainTree({ b: 'xyz' }, { name: 'app:2', image: imageOf({ by: 'ENV A=2' }) });
    const report = await makeDiffReport({ left, right, strictness: 'semantic' }, unattended());
    assert.deepEqual(report.left, { name: 'app:1', kind: 'image', fileCount: 1, sizeBytes: 1 });
    assert.deepEqual(report.right, { name: 'app:2', kind: 'image', fileCount: 1, sizeBytes: 3 });
    assert.deepEqual(
      report.files.map(({ kind, path }) => `${kind} ${path}`),
      ['removed a', 'added b'],
    );
    assert.equal(report.history.length, 2);
    assert.deepEqual(report.remarks, []);
  });

  it('has no config where one side is some layers of an image', async () => {
    const left = plainTree({}, { kind: 'layers', image: imageOf({ by: 'ENV A=1' }) });
    const right = plainTree({}, { image: imageOf({ by: 'ENV A=2' }) });
    const report = await makeDiffReport({ left, right, strictness: 'strict' }, unattended());
    assert.deepEqual([report.config, report.history], [[], []]);
  });

  it('says that config and history were not compared where a container’s image was not read', async () => {
    const image = plainTree({}, { name: 'app:1', image: imageOf({ by: 'ENV A=1' }) });
    const web = plainTree({}, { name: 'web', kind: 'container' });
    const data = plainTree({}, { name: 'data', kind: 'volume' });
    const remarksOf = async (left: FileTree, right: FileTree): Promise<readonly string[]> =>
      remarksTold(await makeDiffReport({ left, right, strictness: 'strict' }, unattended()));
    const remark = /^Config and history were not compared: the image of web was not read yet/;
    for (const remarks of [await remarksOf(image, web), await remarksOf(web, image)]) {
      assert.equal(remarks.length, 1);
      assert.match(remarks[0] ?? '', remark);
    }
    assert.deepEqual(await remarksOf(web, data), []);
  });

  it('says which names layers take away from below them', async () => {
    const left = plainTree({ a: 'x' }, { kind: 'layers' });
    const right = plainTree({ a: 'x' }, { name: 'top', kind: 'layers' });
    left.root.children?.set('both', { hidesLower: true });
    for (const name of ['both', 'b', 'c\u202e', 'd', 'e', 'f', 'g'])
      right.root.children?.set(name, { hidesLower: true });
    const report = await makeDiffReport({ left, right, strictness: 'semantic' }, unattended());
    assert.deepEqual(report.files, []);
    assert.deepEqual(remarksTold(report), [
      'top takes 6 names away from the layers below, and the other side does not: /b, /c\\u{202e}, /d, /e, /f, …',
    ]);
  });

  it('leaves out what engines put into every container, and says how much that is, unless it is strict', async () => {
    const image = plainTree({ 'etc/': {}, 'etc/hosts': 'own' });
    const container = plainTree(
      {
        '.dockerenv': '',
        'dev/': {},
        'dev/console': '',
        'etc/': {},
        'etc/hosts': 'own',
        'etc/hostname': 'not empty',
        'etc/mtab': { type: 'symlink', target: '/proc/mounts' },
      },
      { kind: 'container' },
    );
    const paths = async (
      left: FileTree,
      right: FileTree,
      strictness: Strictness,
    ): Promise<readonly string[]> =>
      (await makeDiffReport({ left, right, strictness }, unattended())).files.map(({ path }) => path);
    assert.deepEqual(await paths(image, container, 'semantic'), ['etc/hostname']);
    assert.deepEqual(await paths(container, image, 'semantic'), ['etc/hostname']);
    assert.deepEqual(await paths(image, { ...container, kind: 'image' }, 'semantic'), [
      '.dockerenv',
      'dev',
      'dev/console',
      'etc/hostname',
      'etc/mtab',
    ]);
    assert.equal((await paths(image, container, 'strict')).length, 5);
    const report = await makeDiffReport(
      { left: image, right: container, strictness: 'semantic' },
      unattended(),
    );
    assert.match(remarksTold(report)[0] ?? '', /^4 empty names that engines make/);
  });

  it('has no config where one side has no image, and says where bytes are not known', async () => {
    const left = plainTree({ a: 'x' }, { kind: 'volume' });
    const right = plainTree(
      { a: { data: 'x', sha256: undefined } as never },
      { image: imageOf({ by: 'ENV A=2' }) },
    );
    const report = await makeDiffReport({ left, right, strictness: 'semantic' }, unattended());
    assert.deepEqual([report.files, report.config, report.history], [[], [], []]);
    assert.deepEqual(remarksTold(report), [
      'The bytes of 1 file are not known on both sides; size and time were compared.',
    ]);
  });
});
