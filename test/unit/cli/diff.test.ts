import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSideWord } from '../../../src/cli/sideWord.ts';
import { classicEngine } from '../../support/archives/producers.ts';
import { sampleImage } from '../../support/archives/sampleImages.ts';
import { tarOf } from '../../support/layerTars.ts';
import { vaultWithContainer } from '../../support/snapshotVault.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';
import { fakeEngine } from './fakeEngine.ts';
import { runCliHere } from './runCliHere.ts';

const base = tarOf([['etc/'], ['etc/conf', 'old'], ['lib', 'library'], ['\u202egnp.exe', 'x']]);
const top = tarOf([
  ['etc/conf', 'newer'],
  ['.wh.lib', ''],
  ['usr/lib', 'library'],
  ['<b>|`a`', 'y'],
]);
const one = sampleImage([base], ['app:1']);
const two = sampleImage([base, top], ['app:2']);

interface Document {
  readonly left: { readonly name: string; readonly kind: string };
  readonly right: { readonly name: string; readonly kind: string };
  readonly strictness: string;
  readonly isDifferent: boolean;
  readonly files: readonly { readonly kind: string; readonly path: string; readonly from?: string }[];
  readonly error?: { readonly code: string };
}

describe('drydock diff', function () {
  this.timeout(20_000);
  const folder = temporaryFolder();
  const file = (name: string): string => join(folder.path(), name);

  beforeEach(async () => {
    await writeFile(file('one.tar'), classicEngine([one]));
    await writeFile(file('two.tar'), classicEngine([two]));
    await writeFile(file('both.tar'), classicEngine([one, two]));
  });

  const document = async (...argv: readonly string[]): Promise<Document> =>
    JSON.parse((await runCliHere(['diff', ...argv, '--json'])).stdout) as Document;
  const changes = ({ files }: Document): readonly string[] =>
    files.map(({ kind, path, from = '' }) => `${kind} ${from}${path}`);

  it('compares two archives without an engine', async () => {
    const { exitCode, stdout, setting } = await runCliHere(['diff', file('one.tar'), file('two.tar')]);
    assert.deepEqual([exitCode, setting], [0, undefined]);
    const lines = stdout.split('\n');
    assert.match(lines[0] ?? '', /^--- one\.tar \(archive, 3 files, 11 B\)$/);
    assert.match(lines[1] ?? '', /^\+\+\+ two\.tar \(archive, 4 files, 14 B\)$/);
    assert.ok(lines.some((line) => /^M +3 B → 5 B {2}\/etc\/conf$/.test(line)));
    assert.ok(lines.some((line) => /^> +7 B {2}\/lib → \/usr\/lib$/.test(line)));
    assert.ok(lines.some((line) => line.endsWith('  /<b>|`a`')));
  });

  it('prints JSON, Markdown and paths, and no name steers the terminal', async () => {
    const json = await document(file('two.tar'), file('one.tar'));
    assert.deepEqual(changes(json), [
      'removed /<b>|`a`',
      'content /etc/conf',
      'moved /usr/lib/lib',
      'removed /usr',
    ]);
    assert.deepEqual([json.strictness, json.isDifferent], ['semantic', true]);
    const markdown = await runCliHere(['diff', file('one.tar'), file('two.tar'), '--format', 'markdown']);
    assert.ok(markdown.stdout.includes('| added | 1 B | /&lt;b\\>\\|\\`a\\` |  |'));
    const quiet = await runCliHere(['diff', '-q', file('one.tar'), file('two.tar')]);
    assert.deepEqual(quiet.stdout.trim().split('\n'), ['/<b>|`a`', '/etc/conf', '/usr', '/usr/lib']);
  });

  it('ends with 1 for a difference only where that is asked for', async () => {
    const code = async (...argv: readonly string[]): Promise<number> =>
      (await runCliHere(['diff', ...argv])).exitCode;
    assert.equal(await code(file('one.tar'), file('two.tar')), 0);
    assert.equal(await code(file('one.tar'), file('two.tar'), '--exit-code'), 1);
    assert.equal(await code(file('one.tar'), `${file('both.tar')}//app:1`, '--exit-code', '--strict'), 0);
  });

  it('takes one of several images, and layers alone', async () => {
    const { left, right } = await document(
      `${file('both.tar')}//app:1`,
      `${file('both.tar')}//app:2@layer:1`,
    );
    assert.deepEqual([left.name, right.name], ['both.tar//app:1', 'both.tar//app:2@layer:1']);
    assert.deepEqual([left.kind, right.kind], ['archive', 'layers']);
    const layers = await document(`${file('two.tar')}@layer:0`, `${file('two.tar')}@layer:0-1`);
    // No entry of these layers names the folder usr.
    assert.deepEqual(changes(layers), ['added /<b>|`a`', 'content /etc/conf', 'moved /lib/usr/lib']);
    const unclear = await runCliHere(['diff', file('both.tar'), file('one.tar')]);
    assert.equal(unclear.exitCode, 1);
    assert.match(unclear.stderr, /app:1, app:2/);
  });

  it('takes a file for what it is, whatever signs are in its name', async () => {
    await mkdir(file('a@layer:7'));
    await writeFile(file('a@layer:7/x@layer:1'), classicEngine([one]));
    assert.deepEqual(changes(await document(file('a@layer:7/x@layer:1'), file('one.tar'))), []);
  });

  it('takes a snapshot of the vault, with its own changes and without', async () => {
    const vault = file('vault');
    await vaultWithContainer(vault, {
      base: [['etc/conf', 'old']],
      writable: [['etc/conf', 'mine']],
      data: [['v/table', 'rows']],
    });
    const { left, right, files } = await document('--vault', vault, 'latest', 'latest@layer:0');
    assert.deepEqual([left.kind, right.kind], ['container', 'layers']);
    assert.deepEqual(
      files.map(({ kind, path }) => `${kind} ${path}`),
      ['content /etc/conf'],
    );
    const volume = await document('--vault', vault, 'snapshot://latest//data', file('one.tar'));
    assert.equal(volume.left.kind, 'volume');
    assert.ok(changes(volume).includes('removed /table'));
  });

  it('tells what is wrong with what was named', async () => {
    for (const [argv, words] of [
      [['x://y', 'b'], /starts with none of image:\/\/, container:\/\//],
      [['a', 'b', '--strict', '--semantic'], /exclude each other/],
      [['-', '-'], /Only one of the two/],
      [[`${file('one.tar')}@layer:4`, file('one.tar')], /has the layers 0 to 0, and no layer 4/],
      [['app//x', file('one.tar')], /is no archive and no snapshot/],
      [[file('one.tar')], /An argument is missing/],
    ] as const) {
      const { exitCode, stderr } = await runCliHere(['diff', ...argv], { engine: fakeEngine({}) });
      assert.equal(exitCode, 2);
      assert.match(stderr, words);
    }
  });

  it('says that nothing of the engine has the name', async () => {
    const { exitCode, stderr } = await runCliHere(['diff', 'nobody', file('one.tar')], {
      engine: fakeEngine({}),
    });
    assert.equal(exitCode, 1);
    assert.match(stderr, /The engine has no image, container or volume "nobody"/);
  });

  it('writes one page that needs nothing else', async () => {
    const report = file('report');
    await mkdir(report);
    await writeFile(join(report, 'diff.js'), 'start();');
    await writeFile(join(report, 'diffFile.css'), 'body{}');
    const { exitCode, bytes } = await runCliHere(
      ['diff', file('one.tar'), file('two.tar'), '--format', 'html'],
      {
        reportFolder: report,
      },
    );
    assert.equal(exitCode, 0);
    const html = bytes.toString('utf8');
    assert.match(html, /^<!DOCTYPE html>/);
    assert.ok(html.includes('<script type="module">start();</script>'));
    assert.ok(!html.includes('<b>'));
    const both = await runCliHere(['diff', 'a', 'b', '--format', 'html', '--json']);
    assert.equal(both.exitCode, 2);
  });
});

describe('the name of a side', () => {
  for (const [word, side] of [
    ['app:1.4', { name: 'app:1.4' }],
    ['registry:5000/a/b@sha256:0123', { name: 'registry:5000/a/b@sha256:0123' }],
    ['app:1@layer:3', { name: 'app:1', layers: { from: 3, to: 3 } }],
    ['app@layers:2-5', { name: 'app', layers: { from: 2, to: 5 } }],
    ['container://web', { kind: 'container', name: 'web' }],
    ['volume://pgdata', { kind: 'volume', name: 'pgdata' }],
    ['snapshot://shop@latest//pgdata', { kind: 'snapshot', name: 'shop@latest', root: 'pgdata' }],
    ['a/both.tar//app:1@layer:0', { name: 'a/both.tar', root: 'app:1', layers: { from: 0, to: 0 } }],
    ['archive:///tmp/x.tar', { kind: 'archive', name: '/tmp/x.tar' }],
    ['-', { name: '-' }],
  ] as const)
    it(`reads ${word}`, () => {
      assert.deepEqual(parseSideWord(word), side);
    });

  for (const word of ['ftp://x', 'image://', 'app@layer:3-2'])
    it(`refuses ${word}`, () => {
      assert.throws(() => parseSideWord(word), { exitCode: 2 });
    });
});
