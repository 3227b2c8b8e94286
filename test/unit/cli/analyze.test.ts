import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { classicEngine } from '../../support/archives/producers.ts';
import { sampleImage } from '../../support/archives/sampleImages.ts';
import { tarOf } from '../../support/layerTars.ts';
import { LyingEngine } from '../../support/lyingEngine.ts';
import { vaultWithContainer } from '../../support/snapshotVault.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';
import { watchedEngine } from '../../support/watchedEngine.ts';
import { runCliHere, type Ran } from './runCliHere.ts';

const bytes = (count: number): string => 'x'.repeat(count);
const layers = [
  tarOf([['etc/'], ['etc/conf', bytes(1000)], ['lib', bytes(500)]]),
  tarOf([
    ['etc/conf', bytes(700)],
    ['\u202ecache', bytes(300)],
  ]),
  tarOf([['.wh.\u202ecache', '']]),
];
const app = sampleImage(layers, ['app:1']);
const base = sampleImage(layers.slice(0, 2), ['base:1']);

interface Document {
  readonly name: string;
  readonly source: unknown;
  readonly layers: readonly Record<string, unknown>[];
  readonly wasted: readonly Record<string, unknown>[];
  readonly base: unknown;
  readonly dive: Record<string, unknown>;
  readonly findings: readonly Record<string, unknown>[];
  readonly lookedInto: unknown;
  readonly rules?: readonly Record<string, unknown>[];
  readonly error?: { readonly code: string; readonly details: unknown };
}

describe('drydock analyze', function () {
  this.timeout(20_000);
  const folder = temporaryFolder();
  const file = (): string => join(folder.path(), 'app.tar');

  beforeEach(() => writeFile(file(), classicEngine([app])));

  const document = async (...argv: readonly string[]): Promise<Document & { readonly ran: Ran }> => {
    const ran = await runCliHere(['analyze', ...argv, '--json']);
    return { ...(JSON.parse(ran.stdout) as Document), ran };
  };

  it('tells of an archive what each layer costs and wastes', async () => {
    const { exitCode, stdout, setting } = await runCliHere(['analyze', file()]);
    assert.deepEqual([exitCode, setting], [0, undefined]);
    assert.match(stdout, /^app:1 {2}linux\/amd64 /);
    assert.match(stdout, /^0 +1.50 kB +3 +1.00 kB +0 B +[0-9a-f]{12} +COPY$/m);
    assert.match(stdout, /^1 +1.00 kB +2 +300 B +1.00 kB /m);
    assert.match(stdout, /^2 +0 B +1 +0 B +300 B /m);
    assert.match(stdout, /^1.00 kB +0 replaced by 1 +\/etc\/conf$/m);
    assert.match(stdout, /^300 B +1 deleted by 2 +\/\\u202ecache$/m);
    assert.match(stdout, /^1.30 kB of 2.50 kB are wasted \(52.00 %\)\.$/m);
    // etc/conf: 1000 + 700, least 700; lib: 500; cache: 300 + 0, least 0.
    assert.match(
      stdout,
      /^dive: efficiency 48.00 %, 2.00 kB wasted, 200.00 % of the layers above the first\.$/m,
    );
  });

  it('says the same as JSON', async () => {
    const { ran, ...found } = await document(file());
    assert.equal(ran.exitCode, 0);
    assert.deepEqual([found.name, found.source], ['app:1', { kind: 'archive', name: 'app.tar' }]);
    assert.deepEqual(found.layers[1], {
      diffId: app.diffIds[1],
      instruction: 'COPY',
      tarBytes: layers[1]?.length,
      entries: 2,
      sizeBytes: 1000,
      wastedBytes: 300,
      spoiledBytes: 1000,
    });
    assert.deepEqual(found.wasted, [
      { path: '/etc/conf', sizeBytes: 1000, from: 0, by: 1, kind: 'replaced' },
      { path: '/\u202ecache', sizeBytes: 300, from: 1, by: 2, kind: 'deleted' },
    ]);
    assert.deepEqual(found.dive, { efficiency: 0.48, wastedBytes: 2000, userWastedPercent: 2 });
    assert.deepEqual([found.base, found.rules], [null, undefined]);
    assert.equal((await runCliHere(['analyze', file(), '-q'])).stdout, '/etc/conf\n/\\u202ecache\n');
  });

  it('tells the waste of a base image apart', async () => {
    const other = join(folder.path(), 'base.tar');
    await writeFile(other, classicEngine([base]));
    const expected = {
      layerCount: 2,
      baseBytes: 2500,
      ownBytes: 0,
      wastedInBase: 1000,
      hiddenOfBase: 300,
      wastedInOwn: 0,
    };
    assert.deepEqual((await document(file(), '--base', other)).base, expected);
    const both = join(folder.path(), 'both.tar');
    await writeFile(both, classicEngine([app, base]));
    assert.deepEqual((await document(both, '--image', 'app:1', '--base', 'base:1')).base, expected);
    const { stdout } = await runCliHere(['analyze', file(), '--base', other]);
    assert.match(
      stdout,
      /^Base \(2 layers, 2.50 kB\): 1.00 kB wasted in itself, 300 B hidden by the layers above/m,
    );
    const { error, ran } = await document(other, '--base', file());
    assert.deepEqual([error?.code, ran.exitCode], ['wrongBase', 1]);
  });

  it('names what could be done better, with secrets by what small files hold, never their values', async () => {
    const token = `glpat-${'k7'.repeat(10)}`;
    const leaky = sampleImage(
      [
        tarOf([['app/'], ['app/settings.json', JSON.stringify({ token })], ['app/.env', 'A=1']]),
        tarOf([['tmp/'], ['tmp/a|b', bytes(150_000)]]),
      ],
      ['leaky:1'],
    );
    await writeFile(file(), classicEngine([leaky]));
    const { findings, lookedInto, ran } = await document(file());
    assert.deepEqual(
      findings.map(({ code, severity, layer, savedBytes, paths }) => [
        code,
        severity,
        layer,
        savedBytes,
        paths,
      ]),
      [
        ['secretContent', 'high', 0, 38, [{ path: '/app/settings.json' }]],
        ['secretFile', 'high', 0, 3, [{ path: '/app/.env' }]],
        ['rootUser', 'medium', null, 0, []],
        ['temporaryFiles', 'low', 1, 150_000, [{ path: '/tmp/a|b' }]],
      ],
    );
    assert.deepEqual(lookedInto, { files: 2, left: 0 });
    assert.equal(ran.stdout.includes(token), false);
    const { stdout } = await runCliHere(['analyze', file()]);
    assert.match(
      stdout,
      /^FINDINGS\nhigh {4}Something in a file looks like a secret \(GitLab\), layer 0, 38 B to save$/m,
    );
    assert.match(stdout, /^ {8}\/app\/settings\.json\n {8}Take it out, build anew/m);
    const markdown = (await runCliHere(['analyze', file(), '--format', 'markdown'])).stdout;
    assert.match(markdown, /^- \*\*Temporary files were left behind\*\* \(low, layer 1, 150 kB to save\)$/m);
    assert.match(markdown, /^ {2}- \/tmp\/a\\\|b$/m);
    assert.match(markdown, /^\| 1 \| 150 kB \| 2 \| 0 B \| 0 B \| [0-9a-f]{12} \| COPY \|$/m);
    assert.equal(markdown.includes(token), false);
  });

  it('asks which one where there are several images', async () => {
    const both = join(folder.path(), 'both.tar');
    await writeFile(both, classicEngine([app, base]));
    const { error, ran } = await document(both);
    assert.deepEqual([error?.code, ran.exitCode], ['rootUnclear', 1]);
    assert.equal((await document(both, '--image', 'base:1')).name, 'base:1');
  });

  it('ends with 1 when rules of a .dive-ci are broken, and with 0 when none is', async () => {
    const rules = join(folder.path(), 'rules');
    await writeFile(rules, 'rules:\n  lowestEfficiency: 0.5\n  highestWastedBytes: 2kB\n  highestUsed: 1\n');
    const { rules: checked, error, ran } = await document(file(), '--ci-config', rules);
    assert.deepEqual(checked, [
      { rule: 'lowestEfficiency', status: 'failed', limit: '0.5', found: 0.48 },
      { rule: 'highestWastedBytes', status: 'passed', limit: '2kB', found: 2000 },
      { rule: 'highestUserWastedPercent', status: 'failed', limit: '0.1', found: 2 },
    ]);
    assert.equal(error?.code, 'rulesBroken');
    assert.deepEqual(error.details, { rules: ['lowestEfficiency', 'highestUserWastedPercent'] });
    assert.equal(ran.exitCode, 1);
    assert.match(ran.stderr, /note: .*"highestUsed" is no rule and was left out/);
    assert.match(ran.stderr, /breaks .*rules: lowestEfficiency \(0.5, found 0.48\)/);

    await writeFile(rules, 'lowestEfficiency: 0.4\nhighestUserWastedPercent: off\n');
    const passed = await runCliHere(['analyze', file(), '--ci-config', rules]);
    assert.deepEqual([passed.exitCode, passed.stderr], [0, '']);
    assert.match(passed.stdout, /^passed: lowestEfficiency \(limit 0.4, found 0.48\)$/m);
  });

  it('applies dive’s own rules where no file says any, and reads nothing when a file is wrong', async () => {
    const { rules, ran } = await document(file(), '--ci');
    assert.deepEqual(
      rules?.map(({ limit, status }) => [limit, status]),
      [
        ['0.9', 'failed'],
        ['disabled', 'disabled'],
        ['0.1', 'failed'],
      ],
    );
    assert.equal(ran.exitCode, 1);
    const absent = await document('/nowhere', '--ci-config', join(folder.path(), 'absent'));
    assert.deepEqual([absent.error?.code, absent.ran.exitCode], ['fileMissing', 1]);
    const wrong = join(folder.path(), 'wrong');
    await writeFile(wrong, 'lowestEfficiency: much\n');
    assert.equal((await document('/nowhere', '--ci-config', wrong)).error?.code, 'badRules');
  });

  it('takes a snapshot’s container with its own changes, or the image that is named', async () => {
    const vault = join(folder.path(), 'vault');
    await mkdir(vault);
    await vaultWithContainer(vault, {
      base: [['etc/'], ['etc/conf', 'old']],
      writable: [['etc/conf', 'new one']],
      data: [['v/']],
    });
    const own = await document('web@latest', '--vault', vault);
    assert.deepEqual([own.name, own.ran.exitCode], ['web', 0]);
    assert.deepEqual(own.wasted, [{ path: '/etc/conf', sizeBytes: 3, from: 0, by: 1, kind: 'replaced' }]);
    const image = await document('web@latest', '--vault', vault, '--image', 'app:1', '--base', 'app:1');
    assert.deepEqual([image.name, image.wasted], ['app:1', []]);
    const ran = await runCliHere(['analyze', 'web@latest', '--json'], { vaultFolder: vault });
    assert.deepEqual((JSON.parse(ran.stdout) as Document).wasted, own.wasted);
    const { error } = await document('other@latest', '--vault', vault);
    assert.equal(error?.code, 'snapshotUnknown');
  });

  it('has the engine send an image once, and again only when it is told to', async () => {
    const lying = new LyingEngine([app]);
    const engine = watchedEngine(lying, {});
    const saves = (): number => lying.calls.filter(({ name }) => name === 'save').length;
    const around = { engine, cacheFolder: join(folder.path(), 'layers') };
    for (const expected of [1, 1, 1]) {
      const { stdout, exitCode } = await runCliHere(['analyze', 'app:1', '--json'], around);
      const found = JSON.parse(stdout) as Document;
      assert.deepEqual([found.name, found.source], ['app:1', { kind: 'engine', name: 'app:1' }]);
      assert.deepEqual([found.dive['efficiency'], exitCode, saves()], [0.48, 0, expected]);
    }
    await runCliHere(['analyze', 'app:1', '--no-cache'], around);
    await runCliHere(['analyze', 'app:1'], { engine });
    assert.equal(saves(), 3);
  });
});
