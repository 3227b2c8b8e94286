import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { classicEngine } from '../../support/archives/producers.ts';
import { sampleImage } from '../../support/archives/sampleImages.ts';
import { tarOf } from '../../support/layerTars.ts';
import { LyingEngine } from '../../support/lyingEngine.ts';
import { vaultWithContainer } from '../../support/snapshotVault.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';
import { watchedEngine } from '../../support/watchedEngine.ts';
import { runCliHere, type Ran } from './runCliHere.ts';

const app = sampleImage(
  [
    tarOf([['etc/'], ['etc/conf', 'old'], ['etc/gone', 'deleted'], ['a\u202eb', 'odd']]),
    tarOf([
      ['etc/conf', 'new'],
      ['etc/.wh.gone', ''],
      ['link', { type: 'symlink', linkPath: 'etc/conf' }],
    ]),
  ],
  ['app:1'],
);
const other = sampleImage([tarOf([['srv/conf', 'other']])], ['other:1']);

describe('files of images on the command line', function () {
  this.timeout(20_000);
  const folder = temporaryFolder();
  const archive = (): string => join(folder.path(), 'app.tar');
  const lying = (): LyingEngine => new LyingEngine([app, other]);
  const ofEngine = (engine: LyingEngine, ...argv: readonly string[]): Promise<Ran> =>
    runCliHere(argv, { engine: watchedEngine(engine, {}), cacheFolder: join(folder.path(), 'layers') });

  beforeEach(() => writeFile(archive(), classicEngine([app, other])));

  it('are listed as a container would see them, or as one layer holds them', async () => {
    const etc = await runCliHere(['ls', archive(), 'app:1:/etc']);
    assert.equal(etc.exitCode, 0, etc.stderr);
    assert.match(etc.stdout, /^-rw-r--r-- +0:0 +3 B .* conf$/m);
    assert.doesNotMatch(etc.stdout, /gone/);
    const layer = await ofEngine(lying(), 'ls', 'app:1', '/etc', '--layer', '1');
    assert.match(layer.stdout, /^removed +- +- +- +gone$/m);
    const { stdout } = await ofEngine(lying(), 'ls', 'app:1', '/', '--json', '--layer=0');
    const document = JSON.parse(stdout) as { source: unknown; layer: number; entries: { path: string }[] };
    assert.deepEqual(document.source, { kind: 'engine', name: 'app:1' });
    assert.deepEqual([document.layer, document.entries.map(({ path }) => path)], [0, ['/a\u202eb', '/etc']]);
    assert.doesNotMatch(stdout, /\u202e/);
  });

  it('ask which image of an archive is meant', async () => {
    const { exitCode, stderr } = await runCliHere(['ls', archive()]);
    assert.equal(exitCode, 1);
    assert.match(stderr, /app:1, other:1/);
  });

  it('are written out from an archive, links followed, and from a layer that is hidden', async () => {
    assert.equal((await runCliHere(['cat', archive(), 'app:1:link'])).bytes.toString(), 'new');
    assert.equal(
      (await runCliHere(['cat', archive(), 'app:1:/etc/conf', '--layer', '0'])).bytes.toString(),
      'old',
    );
    const engine = lying();
    assert.equal(
      (await ofEngine(engine, 'cat', 'app:1', '/etc/gone', '--layer', '0')).bytes.toString(),
      'deleted',
    );
    assert.equal(engine.calls.filter(({ name }) => name === 'save').length, 2);
  });

  it('can’t be written out from standard input, which is gone by then', async () => {
    const stdin = await readFile(archive());
    const around = { stdin, temporaryFolder: folder.path() };
    assert.equal((await runCliHere(['ls', '-', 'app:1:/etc'], around)).exitCode, 0);
    assert.match((await runCliHere(['cat', '-', 'app:1:/etc/conf'], around)).stderr, /only the list/);
  });

  it('are refused where there is none', async () => {
    const failing: readonly (readonly [number, RegExp, readonly string[]])[] = [
      [1, /There is no \/etc\/gone in app:1/, ['cat', archive(), 'app:1:/etc/gone']],
      [1, /\/etc in app:1 is not a file/, ['cat', archive(), 'app:1:/etc']],
      [1, /no layer 2 in app:1/, ['ls', archive(), 'app:1:/', '--layer', '2']],
      [2, /--layer takes a number/, ['ls', archive(), 'app:1:/', '--layer', 'x']],
      [1, /holds several file systems/, ['cat', archive(), 'third:1:/etc']],
    ];
    for (const [code, text, argv] of failing) {
      const { exitCode, stderr } = await runCliHere(argv);
      assert.match(stderr, text, argv.join(' '));
      assert.equal(exitCode, code, argv.join(' '));
    }
  });

  it('are found in images, hidden ones too when asked for', async () => {
    const one = await runCliHere(['find', 'conf', '--in', archive()]);
    assert.match(one.stdout, /^app:1 +1 +3 B .* \/etc\/conf$/m);
    assert.match(one.stdout, /^other:1 +0 +5 B .* \/srv\/conf$/m);
    const { stdout } = await runCliHere(['find', '*', '--in', archive(), '--hidden', '--json']);
    const { files } = JSON.parse(stdout) as { files: { path: string; layer: number; isVisible: boolean }[] };
    assert.deepEqual(
      files.filter(({ isVisible }) => !isVisible).map(({ path, layer }) => `${layer} ${path}`),
      ['0 /etc/conf', '0 /etc/gone'],
    );
    const all = await ofEngine(lying(), 'find', '/srv/**', '--all-images', '-q');
    assert.equal(all.stdout, 'other:1 /srv/conf\n');
  });

  it('are found in the images that can be read, and the others are named', async () => {
    const engine = lying();
    engine.lies.save = (truth, [refs]) =>
      (refs as readonly string[])[0] === app.configDigest ? Promise.reject(new Error('no')) : truth();
    const { exitCode, stdout, stderr } = await ofEngine(engine, 'find', 'conf', '--all-images');
    assert.deepEqual([exitCode, stderr.includes('app:1'), stdout.includes('srv/conf')], [3, true, true]);
  });

  it('are those of the snapshot where the vault has one of that name, and of the image where it has none', async () => {
    const vault = join(folder.path(), 'vault');
    await vaultWithContainer(vault, {
      base: [['etc/conf', 'in the vault']],
      writable: [['own']],
      data: [['v/']],
    });
    const around = { vaultFolder: vault, engine: watchedEngine(lying(), {}) };
    assert.equal((await runCliHere(['cat', 'web@latest', '/own'], around)).bytes.toString(), 'own');
    assert.equal((await runCliHere(['ls', 'app:1', '/etc', '-q'], around)).stdout, '/etc/conf\n');
    const { stderr } = await runCliHere(['ls', 'app:1', '/etc', '--vault', vault], around);
    assert.match(stderr, /no snapshot "app:1"/);
    const layer = await runCliHere(['ls', 'web@latest', 'web:/', '--layer', '1', '-q', '--vault', vault]);
    assert.equal(layer.stdout, '/own\n');
  });
});
