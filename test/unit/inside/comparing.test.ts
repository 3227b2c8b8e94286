import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openArchiveSource } from '../../../src/core/archive/openArchiveSource.ts';
import { DrydockError } from '../../../src/core/errors.ts';
import { archiveImages } from '../../../src/core/fileTrees/archiveImages.ts';
import type { LayeredImage } from '../../../src/core/layers/layeredImage.ts';
import { unattended } from '../../../src/core/progress.ts';
import { openSnapshot } from '../../../src/core/snapshot/snapshots.ts';
import { Comparing, type ComparingDeps } from '../../../src/inside/comparing.ts';
import type { DiffSide } from '../../../src/inside/diffSide.ts';
import { classicEngine } from '../../support/archives/producers.ts';
import { sampleImages } from '../../support/archives/sampleImages.ts';
import { vaultWithContainer, type ContainerContent } from '../../support/snapshotVault.ts';

const nothing = (): never => assert.fail('nothing of an engine is needed here');

describe('comparing what lies on disk', () => {
  let folder: string;
  let image: LayeredImage | undefined;
  let archive: Extract<DiffSide, { kind: 'archive' }>;
  let snapshot: Extract<DiffSide, { kind: 'snapshot' }>;
  let openIt: ComparingDeps['openSnapshot'];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-comparing-'));
    const path = join(folder, 'two.tar');
    await writeFile(path, classicEngine(sampleImages()));
    archive = { kind: 'archive', path, title: 'two.tar' };
    [image] = (await archiveImages(await openArchiveSource(path), unattended())).images;
    const content: ContainerContent = {
      base: [['etc/app.conf', 'old']],
      writable: [['etc/app.conf', 'new!']],
      data: [['v/rows', 'many']],
    };
    const landed = await vaultWithContainer(join(folder, 'vault'), content);
    snapshot = {
      kind: 'snapshot',
      vaultPath: join(folder, 'vault'),
      id: landed.snapshot.id,
      title: 'web@now',
    };
    const contents = await openSnapshot(landed.vault, landed.snapshot);
    openIt = () => Promise.resolve({ vault: landed.vault, contents, roots: [] });
  });

  after(() => rm(folder, { recursive: true, force: true }));

  /** Records what was read and asked; `answers` are what a person chooses. */
  function comparing(answers: readonly (string | undefined)[]) {
    const titles: string[] = [];
    const asked: (readonly string[])[] = [];
    const failures: string[] = [];
    const left = [...answers];
    const made = new Comparing({
      engine: nothing,
      inside: { open: () => Promise.resolve(image), peek: nothing, merged: nothing },
      openSnapshot: openIt,
      run: async (title, work) => {
        titles.push(title);
        try {
          return await work(unattended());
        } catch (error) {
          failures.push(error instanceof DrydockError ? error.code : String(error));
          return undefined;
        }
      },
      chooseRoot: (names) => {
        asked.push(names);
        return Promise.resolve(left.shift());
      },
      words: { reading: (name) => `read ${name}`, comparing: (a, b) => `compare ${a} with ${b}` },
    });
    return { made, titles, asked, failures };
  }

  it('asks which image of an archive is meant, once, and keeps the answer', async () => {
    const { made, asked } = comparing(['app:1', 'base:latest']);
    const compared = await made.compare({ left: archive, right: archive, strictness: 'semantic' });
    assert.deepEqual(asked, [
      ['app:1', 'base:latest'],
      ['app:1', 'base:latest'],
    ]);
    assert.deepEqual(compared?.key.left, { ...archive, root: 'app:1' });
    assert.deepEqual(
      compared.report.files.map(({ path, kind }) => `${kind} ${path}`),
      ['removed file-1', 'added file-3'],
    );
    assert.equal(compared.report.left.name, 'two.tar: app:1');
    const again = comparing([]);
    assert.notEqual(await again.made.compare(compared.key), undefined);
    assert.deepEqual(again.asked, []);
  });

  it('compares the other way round and by another strictness without reading again', async () => {
    const { made, titles } = comparing([]);
    const key = {
      left: { ...archive, root: 'app:1' },
      right: { ...archive, root: 'base:latest' },
      strictness: 'semantic',
    } as const;
    const compared = (await made.compare(key)) ?? assert.fail();
    titles.length = 0;
    const swapped = await made.swapped(compared);
    assert.deepEqual(
      swapped?.report.files.map(({ path, kind }) => `${kind} ${path}`),
      ['added file-1', 'removed file-3'],
    );
    const strict = await made.again(compared, { strictness: 'strict' });
    assert.equal(strict?.report.strictness, 'strict');
    assert.equal(strict.key.strictness, 'strict');
    assert.deepEqual(titles, [
      'compare two.tar: base:latest with two.tar: app:1',
      'compare two.tar: app:1 with two.tar: base:latest',
    ]);
  });

  it('reads the files of both sides', async () => {
    const { made } = comparing([]);
    const key = {
      left: { ...snapshot, root: 'app:1' },
      right: { ...snapshot, root: 'web' },
      strictness: 'semantic',
    } as const;
    const compared = (await made.compare(key)) ?? assert.fail();
    const [change] = compared.report.files;
    assert.equal(change?.path, 'etc/app.conf');
    for (const [side, text] of [
      ['left', 'old'],
      ['right', 'new!'],
    ] as const) {
      const tree = compared[side];
      const file = tree.root.children?.get('etc')?.children?.get('app.conf')?.file ?? assert.fail();
      const bytes: Uint8Array[] = [];
      for await (const chunk of tree.read('etc/app.conf', file, unattended())) bytes.push(chunk);
      assert.equal(Buffer.concat(bytes).toString(), text);
    }
  });

  it('takes some layers of an image for a side, those between the first and the last too', async () => {
    const { made } = comparing([]);
    const layers = { kind: 'layer', imageId: 'sha256:1', title: 'app:1, layers' } as const;
    const compared = await made.compare({
      left: { ...layers, place: 1 },
      right: { ...layers, place: 1, upTo: 2 },
      strictness: 'strict',
    });
    assert.deepEqual(
      compared?.report.files.map(({ path, kind }) => `${kind} ${path}`),
      ['added file-1'],
    );
    assert.equal(compared.report.right.name, 'app:1, layers');
  });

  it('reads nothing more once nobody waits for it', async () => {
    const stop = new AbortController();
    const titles: string[] = [];
    const stops = new Set<AbortSignal | undefined>();
    const made = new Comparing({
      engine: nothing,
      inside: { open: nothing, peek: nothing, merged: nothing },
      openSnapshot: openIt,
      run: (title, work, signal) => {
        titles.push(title);
        stops.add(signal);
        return work(unattended());
      },
      chooseRoot: () => {
        stop.abort();
        return Promise.resolve('app:1');
      },
      words: { reading: (name) => `read ${name}`, comparing: (a, b) => `compare ${a} with ${b}` },
    });
    const key = { left: archive, right: snapshot, strictness: 'strict' } as const;
    assert.equal(await made.compare(key, stop.signal), undefined);
    assert.deepEqual(titles, ['read two.tar', 'read two.tar']);
    assert.deepEqual([...stops], [stop.signal]);
  });

  it('compares nothing when nobody says which is meant', async () => {
    const { made, titles } = comparing([undefined]);
    assert.equal(await made.compare({ left: archive, right: snapshot, strictness: 'semantic' }), undefined);
    assert.deepEqual(titles, ['read two.tar']);
  });

  it('says which ones there are when the one that was meant is gone', async () => {
    const { made, failures } = comparing([]);
    const key = { left: { ...archive, root: 'app:9' }, right: snapshot, strictness: 'semantic' } as const;
    assert.equal(await made.compare(key), undefined);
    assert.deepEqual(failures, ['rootMissing']);
  });
});
