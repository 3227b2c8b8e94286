import assert from 'node:assert/strict';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createVault } from '../../../src/core/vault/layout.ts';
import { sampleImage, sampleLayer } from '../../support/archives/sampleImages.ts';
import { vaultWithContainer } from '../../support/snapshotVault.ts';
import { LyingEngine } from '../../support/lyingEngine.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';
import { runCliHere, type Ran } from './runCliHere.ts';

const [low, high] = [sampleLayer(1, 9000), sampleLayer(2, 500)];
const base = sampleImage([low], ['base:1']);
const app = sampleImage([low, high], ['app:1']);

describe('drydock bundle', () => {
  const folder = temporaryFolder();
  const at = (name: string): string => join(folder.path(), name);
  const drydock = (engine: LyingEngine, ...argv: readonly string[]): Promise<Ran> =>
    runCliHere(argv, {
      // Spread there, which drops what a class inherits.
      engine: Object.assign(engine, { info: engine.info.bind(engine) }),
      temporaryFolder: folder.path(),
    });

  it('goes from an inventory over a delta in parts to the image at the target', async () => {
    const [here, there] = [new LyingEngine([app]), new LyingEngine([base])];
    there.lies.info = async (truth) => ({ ...(await truth()), product: 'podman' });
    const listed = await drydock(there, 'bundle', 'inventory', '-o', at('there.json'));
    assert.equal(listed.exitCode, 0, listed.stderr);
    assert.match(listed.stdout, /what dock has, 1 image with 1 layer/);
    const made = await drydock(
      here,
      ...[
        'bundle',
        'create',
        'app:1',
        '-o',
        at('b.tar'),
        '--for',
        at('there.json'),
        '--split',
        '3k',
        '--json',
      ],
    );
    assert.equal(made.exitCode, 0, made.stderr);
    const said = JSON.parse(made.stdout) as { paths: string[]; leftOut: { digest: string }[] };
    assert.deepEqual(
      said.leftOut.map(({ digest }) => digest),
      base.diffIds,
    );
    assert.ok(said.paths.length > 1);
    const applied = await drydock(there, 'bundle', 'apply', at('b.tar'));
    assert.equal(applied.exitCode, 0, applied.stderr);
    assert.match(applied.stdout, /^Loaded and verified: app:1 \([0-9a-f]{12}\)\n$/);
    assert.equal(there.state()['app:1'], app.configDigest);
  });

  it('tells by name which part is missing, and changes nothing', async () => {
    await drydock(new LyingEngine([app]), 'bundle', 'create', 'app:1', '-o', at('b.tar'), '--split', '3k');
    await rm(at('b.tar.002'));
    const there = new LyingEngine([base]);
    const { exitCode, stderr } = await drydock(there, 'bundle', 'apply', at('b.tar.001'));
    assert.equal(exitCode, 1);
    assert.match(stderr, /The part b\.tar\.002 of b\.tar is not there/);
    assert.deepEqual(there.state(), new LyingEngine([base]).state());
  });

  it('takes no name away unless told how', async () => {
    await drydock(new LyingEngine([app]), 'bundle', 'create', 'app:1', '-o', at('b.tar'));
    const old = sampleImage([high], ['app:1']);
    const there = new LyingEngine([old]);
    const refused = await drydock(there, 'bundle', 'apply', at('b.tar'));
    assert.match(refused.stderr, /--keep-old/);
    assert.equal(there.state()['app:1'], old.configDigest);
    const both = await drydock(there, 'bundle', 'apply', at('b.tar'), '--keep-old', '--move-tags');
    assert.equal(both.exitCode, 2);
    const kept = await drydock(there, 'bundle', 'apply', at('b.tar'), '--keep-old');
    assert.equal(kept.exitCode, 0, kept.stderr);
    assert.equal(there.state()['app:1'], app.configDigest);
    assert.ok(
      Object.entries(there.state()).some(
        ([name, id]) => name.startsWith('app:1-before-') && id === old.configDigest,
      ),
    );
  });

  it('refuses sizes that are none, and inventories that are none, before it asks the engine', async () => {
    await writeFile(at('bad.json'), '{"type":"else"}');
    for (const [argv, code, words] of [
      [['--split', '4 apples'], 2, /--split 4 apples is no size/],
      [['--split', '12'], 2, /no size/],
      [['--for', at('bad.json')], 1, /can’t be used as an inventory/],
      [['--for', at('none.json')], 1, /no file/],
    ] as const) {
      const ran = await drydock(
        new LyingEngine([app]),
        'bundle',
        'create',
        'app:1',
        '-o',
        at('b.tar'),
        ...argv,
      );
      assert.equal(ran.exitCode, code, ran.stderr);
      assert.match(ran.stderr, words);
      assert.equal(ran.setting, undefined);
    }
    assert.deepEqual(await readdir(folder.path()), ['bad.json']);
  });

  it('brings snapshots from one vault into another', async () => {
    const engine = new LyingEngine();
    const content = { base: [], writable: [], data: [] };
    const { vault: from, snapshot } = await vaultWithContainer(at('from'), content);
    const to = await createVault({ path: at('to'), compression: 'zstd' });
    const { id, refName } = snapshot;
    const vault = ['--vault', from.paths.root];
    const made = await drydock(engine, 'bundle', 'create', refName, '-o', at('b.tar'), ...vault);
    assert.equal(made.exitCode, 0, made.stderr);
    const wrong = await drydock(engine, 'bundle', 'apply', at('b.tar'));
    assert.match(wrong.stderr, /holds snapshots\. Restore one of them onto the engine/);
    const applied = await drydock(engine, 'bundle', 'apply', at('b.tar'), '--vault', to.paths.root, '-q');
    assert.equal(applied.exitCode, 0, applied.stderr);
    assert.deepEqual(applied.stdout, `${id}\n`);
    const listed = await drydock(
      engine,
      'bundle',
      'inventory',
      '-o',
      at('to.json'),
      '--vault',
      to.paths.root,
    );
    assert.match(listed.stdout, /\d+ blobs/);
    assert.deepEqual(
      engine.calls.filter(({ name }) => name !== 'info'),
      [],
    );
  });
});
