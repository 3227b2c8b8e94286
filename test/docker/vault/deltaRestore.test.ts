import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { backupContainer } from '../../../src/core/backup/backupContainer.ts';
import { backupImages } from '../../../src/core/backup/backupImages.ts';
import { parseDigest, type Digest } from '../../../src/core/digest.ts';
import type { Engine } from '../../../src/core/engine/engine.ts';
import { unattended } from '../../../src/core/progress.ts';
import { executeRestore } from '../../../src/core/restore/executeRestore.ts';
import { loadArchive } from '../../../src/core/restore/loadArchive.ts';
import { planLoad } from '../../../src/core/restore/planLoad.ts';
import type { Snapshot } from '../../../src/core/snapshot/snapshot.ts';
import { seededRandom } from '../../support/archives/seededRandom.ts';
import { testLabel } from '../../support/engine.ts';
import { RestoreBench } from '../../support/restoreBench.ts';
import { tarOf } from '../../support/tinyImage.ts';
import { watchedEngine } from '../../support/watchedEngine.ts';

const baseBytes = 2_000_000;
const [base, first, second, odd] = [
  'drydock-test/delta-base:1',
  'drydock-test/delta-app:1',
  'drydock-test/delta-app:2',
  'drydock-test/delta-odd:1',
];
const names = [base, first, second, odd];

describe('restoring only what a real engine lacks', function () {
  this.timeout(180_000);
  let bench: RestoreBench;
  let archive: string;
  let snapshots: readonly Snapshot[];
  /** What the engine told of each image before. */
  let told: readonly string[];
  before(async () => {
    bench = await RestoreBench.open();
    await build(base, ['COPY base /base']);
    await build(first, ['COPY base /base', 'COPY one /one']);
    await build(second, ['COPY base /base', 'COPY two /two']);
    await build(odd, ['COPY two /two', 'COPY base /base']);
    archive = join(bench.folder, 'all.tar');
    bench.docker('save', '--output', archive, ...names);
    told = names.map(tell);
    const images = [first, second].map((name) => ({ id: idOf(name), tags: [name] }));
    const results = await backupImages(bench, { images }, unattended());
    snapshots = results.map(({ snapshot }) => snapshot);
  });
  beforeEach(() => {
    bench.docker('load', '--quiet', '--input', archive);
  });
  afterEach(async () => {
    assert.deepEqual(names.map(tell), told);
    assert.deepEqual(await bench.leftovers(), []);
  });
  after(async () => {
    await bench.close();
  });

  async function build(name: string, steps: readonly string[]): Promise<void> {
    const files = [
      { name: 'Dockerfile', content: ['FROM scratch', ...steps, `ENV NAME=${name}`].join('\n') },
      { name: 'base', content: seededRandom(1).bytes(baseBytes) },
      { name: 'one', content: seededRandom(2).bytes(1000) },
      { name: 'two', content: seededRandom(3).bytes(2000) },
    ];
    await bench.host.build(await tarOf(files), name);
  }
  const idOf = (name: string): Digest =>
    parseDigest(bench.docker('image', 'inspect', '--format', '{{.Id}}', name), name);
  const tell = (name: string): string =>
    bench.docker('image', 'inspect', '--format', '{{.Id}} {{json .RootFS}} {{json .Config}}', name);
  const remove = (...gone: readonly string[]): void => {
    bench.docker('rmi', '--force', ...gone);
  };
  async function restore(
    snapshot: Snapshot | undefined,
    engine: Engine = bench.engine,
  ): Promise<{ planned: number; whole: number; sent: number; again: string | undefined }> {
    assert.ok(snapshot);
    const plan = await bench.plan(snapshot);
    const { vault, owner } = bench;
    const result = await executeRestore({ engine, vault, owner }, plan, unattended());
    const { bytes, wholeBytes } = plan.sending;
    return { planned: bytes, whole: wholeBytes, sent: result.sentBytes, again: result.sentAgain };
  }

  it('sends the layers on top where those below are there, and as many bytes as it planned', async () => {
    remove(first);
    const { planned, whole, sent, again } = await restore(snapshots[0]);
    assert.equal(sent, planned);
    assert.ok(sent < 50_000 && whole > baseBytes, `${sent} of ${whole} bytes`);
    assert.equal(again, undefined);
    const copy = bench.name('copy');
    bench.docker('create', '--name', copy, '--label', `${testLabel}=1`, first, 'x');
    bench.docker('cp', `${copy}:/base`, join(bench.folder, 'base'));
    bench.docker('rm', copy);
    assert.deepEqual(
      await readFile(join(bench.folder, 'base')),
      Buffer.from(seededRandom(1).bytes(baseBytes)),
    );
  });

  it('sends no byte of an image that is there', async () => {
    assert.deepEqual(await restore(snapshots[0]), { planned: 0, whole: 0, sent: 0, again: undefined });
  });

  it('sends all of it when the layers below are pruned between the look and the load', async () => {
    remove(first);
    let loads = 0;
    const engine = watchedEngine(bench.engine, {
      before: (call) => {
        if (call !== 'images.load') return;
        loads += 1;
        if (loads === 1) remove(base, second);
      },
    });
    const { planned, sent, again } = await restore(snapshots[0], engine);
    assert.equal(loads, 2);
    assert.match(again ?? '', /no such file or directory/);
    assert.ok(planned < 50_000 && sent > baseBytes);
    bench.docker('load', '--quiet', '--input', archive);
  });

  it('does not leave out a layer that is there on other layers only', async () => {
    const layers = names.map(
      (name) =>
        tell(name)
          .match(/sha256:[0-9a-f]{64}/g)
          ?.slice(1) ?? [],
    );
    assert.equal(layers[3]?.[1], layers[0]?.[0], 'the same layer');
    remove(base, first, second);
    const { whole, sent, again } = await restore(snapshots[0]);
    assert.deepEqual([sent, again], [whole, undefined]);
    bench.docker('load', '--quiet', '--input', archive);
  });

  it('brings a container, its image and its changes in one tar, of which the engine has the base', async () => {
    const name = bench.name('container');
    bench.docker('create', '--name', name, '--label', `${testLabel}=1`, first, 'x');
    bench.docker('cp', archive, `${name}:/changed`);
    const input = { container: name, consistency: 'none', includeBinds: false } as const;
    const { snapshot } = await backupContainer(bench, input, unattended());
    bench.docker('rm', name);
    remove(first);
    const { planned, whole, sent, again } = await restore(snapshot);
    assert.equal(sent, planned);
    assert.ok(whole - sent > baseBytes && again === undefined);
    bench.docker('cp', `${name}:/changed`, join(bench.folder, 'changed'));
    assert.deepEqual(await readFile(join(bench.folder, 'changed')), await readFile(archive));
    const writable = bench.docker('inspect', '--format', '{{.Image}}', name);
    bench.docker('rm', name);
    if (writable !== idOf(first)) remove(writable);
  });

  it('loads an archive in the same way', async () => {
    remove(first, second);
    const plan = await planLoad(bench, { path: archive }, unattended());
    const loaded = await loadArchive(bench, { plan, keepAs: new Map() }, unattended());
    assert.equal(loaded.sentBytes, plan.sending.bytes);
    assert.ok(loaded.sentBytes < 50_000 && plan.sending.wholeBytes > baseBytes);
    assert.equal(loaded.sentAgain, undefined);
  });
});
