import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFile,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { readArchiveAt } from '../../../src/core/archive/readArchiveAt.ts';
import { readTar } from '../../../src/core/archive/tarReader.ts';
import { tarEnd, tarFile } from '../../../src/core/archive/tarWriter.ts';
import { applyImages } from '../../../src/core/bundle/applyImages.ts';
import {
  bundleImages,
  type BundleImagesInput,
  type MadeBundle,
} from '../../../src/core/bundle/bundleImages.ts';
import { inventoryFrom } from '../../../src/core/bundle/bundleInventory.ts';
import { engineInventory, inventoryBytes, type Inventory } from '../../../src/core/bundle/inventory.ts';
import { planApply } from '../../../src/core/bundle/planApply.ts';
import { DrydockError } from '../../../src/core/errors.ts';
import type { CheckedLoad } from '../../../src/core/loading/loadChecked.ts';
import { unattended, type Operation } from '../../../src/core/progress.ts';
import { collect } from '../../support/archives/byteStreams.ts';
import { sampleImage, sampleLayer, type SampleImage } from '../../support/archives/sampleImages.ts';
import { cancelledWhen } from '../../support/cancelledWhen.ts';
import { failureOf } from '../../support/failureOf.ts';
import { LyingEngine } from '../../support/lyingEngine.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const [low, middle, high] = [sampleLayer(1, 30_000), sampleLayer(2, 20_000), sampleLayer(3, 3000)];
const base = sampleImage([low, middle], ['base:1']);
const app = sampleImage([low, middle, high], ['app:1', 'app:latest']);
const nowMs = Date.UTC(2026, 10, 21);

describe('a bundle of images', function () {
  this.timeout(20_000);
  const folder = temporaryFolder();
  const at = (name: string): string => join(folder.path(), name);
  const names = async (): Promise<readonly string[]> => (await readdir(folder.path())).sort();

  const make = (
    images: readonly SampleImage[],
    more: Partial<BundleImagesInput> = {},
    {
      engine = new LyingEngine(images),
      operation = unattended(),
    }: { engine?: LyingEngine; operation?: Operation } = {},
  ): Promise<MadeBundle> =>
    bundleImages(
      { engine },
      {
        images: images.map(({ configDigest: id, tags }) => ({ id, tags })),
        path: at('b.tar'),
        replace: false,
        compression: 'none',
        nowMs,
        ...more,
      },
      operation,
    );

  const apply = async (
    engine: LyingEngine,
    path = at('b.tar'),
    operation = unattended(),
  ): Promise<CheckedLoad> => {
    const plan = await planApply({ engine }, { path }, operation);
    const input = { plan, keepAs: new Map<string, string>() };
    return applyImages({ engine, temporaryFolder: folder.path() }, input, operation);
  };

  /** An engine that takes a layer only with its image, as Podman does. */
  const taking = (images: readonly SampleImage[]): LyingEngine => {
    const engine = new LyingEngine(images);
    engine.lies.info = async (truth) => ({ ...(await truth()), product: 'podman' });
    return engine;
  };

  const inventoryOf = (images: readonly SampleImage[]): Promise<Inventory> =>
    engineInventory(new LyingEngine(images), nowMs);

  it('that is full is an archive of its images for everybody, with a checksum that sha256sum takes', async () => {
    const made = await make([app, base]);
    const { archive } = await readArchiveAt(at('b.tar'), unattended());
    assert.deepEqual(
      archive.images.map(({ configDigest, tags }) => [configDigest, [...tags].sort()]),
      [app, base].map(({ configDigest, tags }) => [configDigest, [...tags].sort()]),
    );
    assert.equal(archive.form, 'docker-archive');
    assert.deepEqual(made.leftOut, []);
    assert.equal(spawnSync('sha256sum', ['-c', 'b.tar.sha256'], { cwd: folder.path() }).status, 0);
    const engine = new LyingEngine();
    const { images } = await apply(engine);
    assert.deepEqual(
      images.map(({ id, wasThere }) => [id, wasThere]),
      [
        [app.configDigest, false],
        [base.configDigest, false],
      ],
    );
    assert.deepEqual(engine.state(), new LyingEngine([app, base]).state());
    assert.deepEqual(await names(), ['b.tar', 'b.tar.sha256']);
  });

  for (const compression of ['none', 'gzip', 'zstd'] as const)
    it(`brings what the target lacks and takes the rest from it (${compression})`, async () => {
      const full = await make([app], { path: at('full.tar'), compression });
      const delta = await make([app], { had: await inventoryOf([base]), compression });
      assert.ok(delta.sizeBytes < full.sizeBytes / 2, `${delta.sizeBytes} of ${full.sizeBytes}`);
      assert.deepEqual(delta.leftOut.map(({ digest }) => digest).sort(), [...base.diffIds].sort());
      const engine = taking([base]);
      const { images } = await apply(engine);
      assert.deepEqual(
        images.map(({ id }) => id),
        [app.configDigest],
      );
      assert.deepEqual(engine.state(), new LyingEngine([base, app]).state());
      assert.ok(!(await names()).some((name) => name.startsWith('.')), 'no layer is left in a file');
    });

  it('is refused, with what is missing by name, where the target turns out not to have it', async () => {
    await make([app], { had: await inventoryOf([base]) });
    const engine = taking([sampleImage([low], ['other:1'])]);
    const before = engine.state();
    const error = await failureOf(apply(engine));
    assert.equal(error.code, 'bundleLacks');
    assert.match(
      error.message,
      new RegExp(`the layer ${base.diffIds[1]?.slice(7, 19)} \\(app:(1|latest)\\)`),
    );
    assert.deepEqual(engine.state(), before);
    assert.ok(!engine.calls.some(({ name }) => ['load', 'tag', 'remove'].includes(name)));
  });

  it('is refused when the engine does not give back what it says it has', async () => {
    await make([app], { had: await inventoryOf([base]) });
    const engine = taking([base]);
    engine.lies.save = () => Promise.resolve(Readable.from([Buffer.alloc(1024)]));
    assert.equal((await failureOf(apply(engine))).code, 'bundleLacks');
    assert.deepEqual(engine.state(), new LyingEngine([base]).state());
    assert.ok(!engine.calls.some(({ name }) => name === 'load'));
  });

  it('only gives names to an image that the target has, and asks for no layer of it', async () => {
    await make([app], { had: await inventoryOf([app]) });
    const engine = new LyingEngine([{ ...app, tags: ['mine:1'] }]);
    const { images } = await apply(engine);
    assert.equal(images[0]?.wasThere, true);
    assert.deepEqual(Object.keys(engine.state()), ['app:1', 'app:latest', 'mine:1']);
    assert.ok(!engine.calls.some(({ name }) => ['load', 'save'].includes(name)));
  });

  it('is made by the last one: what that brought and what was there before it', async () => {
    await make([app], { path: at('first.tar'), had: await inventoryOf([base]) });
    const next = sampleImage([low, middle, high, sampleLayer(4, 500)], ['app:2']);
    const had = await inventoryFrom(at('first.tar'), unattended());
    assert.equal(had.target.name, 'dock');
    const made = await make([next], { had });
    assert.deepEqual(made.leftOut.map(({ digest }) => digest).sort(), [...app.diffIds].sort());
    const engine = taking([base, app]);
    await apply(engine);
    assert.equal(engine.state()['app:2'], next.configDigest);
  });

  describe('in parts', () => {
    const parts = (count: number): readonly string[] =>
      Array.from({ length: count }, (_, index) => `b.tar.${String(index + 1).padStart(3, '0')}`);
    const partBytes = 20_000;

    it('has the same bytes as in one file, and checksums that sha256sum takes', async () => {
      const one = await make([app], { path: at('one.tar') });
      const made = await make([app], { partBytes });
      assert.deepEqual([made.digest, made.sizeBytes], [one.digest, one.sizeBytes]);
      const list = parts(Math.ceil(one.sizeBytes / partBytes));
      assert.deepEqual(made.paths, list.map(at));
      const together = await Promise.all(list.map((name) => readFile(at(name))));
      assert.deepEqual(Buffer.concat(together), await readFile(at('one.tar')));
      assert.equal(
        spawnSync('sha256sum', ['-c', '--strict', 'b.tar.sha256'], { cwd: folder.path() }).status,
        0,
      );
      for (const name of ['b.tar', 'b.tar.001', 'b.tar.003', 'b.tar.sha256']) {
        const engine = new LyingEngine();
        await apply(engine, at(name));
        assert.equal(engine.state()['app:1'], app.configDigest, name);
      }
    });

    const wrong = async (
      work: (path: string) => Promise<unknown>,
      expected: RegExp,
      code: string,
    ): Promise<void> => {
      await make([app], { partBytes });
      const list = (await names()).filter((name) => /\.\d{3}$/.test(name));
      assert.ok(list.length >= 3);
      for (const name of list) {
        const bytes = await readFile(at(name));
        await work(at(name));
        const engine = new LyingEngine();
        const error = await failureOf(apply(engine));
        assert.equal(error.code, code, name);
        assert.match(error.message, expected);
        assert.equal(error.details['part'], name);
        assert.ok(!engine.calls.some((call) => call.name === 'load'));
        await writeFile(at(name), bytes);
      }
    };

    it('names the part that is missing', () =>
      wrong(rm, /part b\.tar\.\d{3} of b\.tar/, 'bundlePartMissing'));

    it('names the part that was cut', () =>
      wrong(
        async (path) => truncate(path, (await readFile(path)).length - 1),
        /part b\.tar\.\d{3} .* bytes of/,
        'bundlePartWrong',
      ));

    it('names the part in which a bit is another', () =>
      wrong(
        async (path) => {
          const bytes = await readFile(path);
          const middleOf = bytes.length >> 1;
          bytes[middleOf] = (bytes[middleOf] ?? 0) ^ 1;
          await writeFile(path, bytes);
        },
        /part b\.tar\.\d{3} .* its bytes are others/,
        'bundlePartWrong',
      ));

    it('names the first of two parts that were swapped', async () => {
      await make([app], { partBytes });
      for (const [a, b] of [
        ['b.tar.001', 'b.tar.002'],
        ['b.tar.002', 'b.tar.003'],
      ] as const) {
        await rename(at(a), at('aside'));
        await rename(at(b), at(a));
        await rename(at('aside'), at(b));
        const error = await failureOf(apply(new LyingEngine()));
        assert.equal(error.code, 'bundlePartWrong');
        assert.equal(error.details['part'], a);
        await rename(at(a), at('aside'));
        await rename(at(b), at(a));
        await rename(at('aside'), at(b));
      }
      assert.equal((await apply(new LyingEngine())).images.length, 1);
    });

    it('wants its checksum file, which must name every part in order', async () => {
      await make([app], { partBytes });
      const text = await readFile(at('b.tar.sha256'), 'utf8');
      const lines = text.trimEnd().split('\n');
      const bad: readonly string[] = [
        lines.slice(0, -1).join('\n'),
        [lines[0], lines[2], lines[1], ...lines.slice(3)].join('\n'),
        text.replace('b.tar.002', '../../etc/passwd'),
        text.replace(/parts of \d+ bytes/, 'parts of 1 bytes'),
        text.replace(/sha256 [0-9a-f]{4}/, 'sha256 0000'),
        '# nothing\n',
      ];
      for (const one of bad) {
        await writeFile(at('b.tar.sha256'), one);
        assert.equal((await failureOf(apply(new LyingEngine()))).code, 'bundlePartsUnclear', one);
      }
      await rm(at('b.tar.sha256'));
      for (const name of ['b.tar', 'b.tar.001', 'b.tar.002'])
        assert.equal((await failureOf(apply(new LyingEngine(), at(name)))).code, 'bundlePartsUnclear', name);
    });

    it('replaces one of other parts only when told to, and leaves none of those', async () => {
      await make([app], { partBytes });
      const before = await names();
      assert.equal((await failureOf(make([base], { partBytes }))).code, 'fileExists');
      assert.equal((await failureOf(make([base]))).code, 'fileExists');
      assert.deepEqual(await names(), before);
      await writeFile(at('b.tar.900'), 'of somebody else');
      await make([base], { partBytes: 50_000, replace: true });
      assert.deepEqual(await names(), ['b.tar.001', 'b.tar.002', 'b.tar.900', 'b.tar.sha256']);
      await make([base], { replace: true });
      assert.deepEqual(await names(), ['b.tar', 'b.tar.900', 'b.tar.sha256']);
    });

    it('leaves the one that it should replace when a part can’t have its name', async () => {
      await make([app], { partBytes });
      const before = await Promise.all((await names()).map((name) => readFile(at(name), 'hex')));
      await rm(at('b.tar.003'));
      await mkdir(join(at('b.tar.003'), 'of somebody else'), { recursive: true });
      await writeFile(at('b.tar.sha256'), 'nothing');
      await failureOf(make([base, app], { partBytes: 10_000, replace: true }));
      assert.deepEqual(await readdir(at('b.tar.003')), ['of somebody else']);
      const after = ['b.tar.001', 'b.tar.002'].map((name) => readFile(at(name), 'hex'));
      assert.deepEqual(await Promise.all(after), before.slice(0, 2));
      assert.equal(await readFile(at('b.tar.sha256'), 'utf8'), 'nothing');
    });

    it('is made of links, too, and refuses one that leads to another bundle', async () => {
      const { paths } = await make([app], { partBytes });
      const other = await make([base, app], { path: at('other.tar'), partBytes });
      await rename(paths[1] ?? '', at('elsewhere'));
      await symlink(at('elsewhere'), paths[1] ?? '');
      assert.equal((await apply(new LyingEngine())).images.length, 1);
      await rm(paths[1] ?? '');
      await symlink(other.paths[1] ?? '', paths[1] ?? '');
      const error = await failureOf(apply(new LyingEngine()));
      assert.deepEqual([error.code, error.details['part']], ['bundlePartWrong', 'b.tar.002']);
      const replacing = await failureOf(make([base], { partBytes, replace: true }));
      assert.equal(replacing.code, 'fileUnusable');
      assert.ok((await names()).includes('b.tar.sha256'));
    });

    it('never replaces one whose replacing was killed: that lies beside it', async () => {
      await make([app], { partBytes });
      await mkdir(at('b.tar.replaced'));
      await rename(at('b.tar.001'), at('b.tar.replaced/b.tar.001'));
      const before = await names();
      const error = await failureOf(make([base], { partBytes, replace: true }));
      assert.equal(error.code, 'fileExists');
      assert.match(error.message, /b\.tar\.replaced/);
      assert.deepEqual(await names(), before);
    });

    it('is taken as one file, too, when somebody put the parts together', async () => {
      const { paths } = await make([app], { partBytes });
      const bytes = Buffer.concat(await Promise.all(paths.map((path) => readFile(path))));
      await writeFile(at('b.tar'), bytes);
      await Promise.all(paths.map((path) => rm(path)));
      assert.equal((await apply(new LyingEngine())).images.length, 1);
      await writeFile(at('b.tar'), Buffer.concat([bytes, Buffer.alloc(512)]));
      assert.equal((await failureOf(apply(new LyingEngine()))).code, 'bundlePartsUnclear');
    });

    it('leaves nothing when it would need more parts than have names', async () => {
      const error = await failureOf(make([app], { partBytes: 10 }));
      assert.equal(error.code, 'bundleTooManyParts');
      assert.deepEqual(await names(), []);
    });
  });

  it('of one file that is cut or changed is refused, whole checksum or not', async () => {
    await make([app]);
    const bytes = await readFile(at('b.tar'));
    for (const [what, changed] of [
      ['cut', bytes.subarray(0, bytes.length - 1000)],
      ['flipped', Buffer.from(bytes).fill(0x77, 2000, 2001)],
      ['with more behind it', Buffer.concat([bytes, Buffer.from('more')])],
    ] as const)
      for (const withSum of [true, false]) {
        const path = at(withSum ? 'b.tar' : 'bare.tar');
        await writeFile(path, changed);
        const error = await failureOf(apply(new LyingEngine(), path));
        assert.match(error.code, /^archive|^checksumDiffers|^badJson/, what);
      }
    await writeFile(at('other.tar'), bytes);
    await copyFile(at('b.tar.sha256'), at('other.tar.sha256'));
    assert.equal((await apply(new LyingEngine(), at('other.tar'))).images.length, 1);
  });

  it('is refused when its index lacks an image or a name, though no checksum lies beside it', async () => {
    await make([app, base]);
    type Entries = readonly { readonly annotations: Readonly<Record<string, string>> }[];
    const changes: readonly ((entries: Entries) => Entries)[] = [
      (entries) => entries.slice(1),
      (entries) => entries.slice(0, -1),
      (entries) => JSON.parse(JSON.stringify(entries).replaceAll('app:1', 'app:7')) as Entries,
    ];
    for (const change of changes) {
      const pieces: Uint8Array[] = [];
      const bytes = Readable.from([await readFile(at('b.tar'))]);
      for await (const { entry, data } of readTar(bytes, 'b.tar')) {
        const content = await collect(data);
        if (entry.path === 'index.json') {
          const index = JSON.parse(content.toString()) as { manifests: Entries };
          const manifests = change(index.manifests);
          pieces.push(tarFile(entry.path, JSON.stringify({ ...index, manifests })));
        } else pieces.push(tarFile(entry.path, content));
      }
      await writeFile(at('bare.tar'), Buffer.concat([...pieces, tarEnd]));
      const engine = new LyingEngine();
      assert.equal((await failureOf(apply(engine, at('bare.tar')))).code, 'archiveMissing');
      assert.ok(!engine.calls.some((call) => call.name === 'load'));
    }
  });

  it('leaves nothing of one that is cancelled, cut by the engine or has other bytes than the engine says', async () => {
    for (const partBytes of [undefined, 20_000])
      for (const phase of ['preparing', 'reading', 'checking'] as const) {
        const operation = cancelledWhen((fact) => fact.phase === phase);
        const work = make([app], partBytes === undefined ? {} : { partBytes }, { operation });
        await assert.rejects(work, { name: 'AbortError' }, phase);
        assert.deepEqual(await names(), [], phase);
      }
    const engine = new LyingEngine([app]);
    const whole = await collect(await engine.images.save([app.configDigest]));
    for (const share of [0.1, 0.5, 0.99]) {
      engine.lies.save = () => Promise.resolve(Readable.from([whole.subarray(0, whole.length * share)]));
      await failureOf(make([app], {}, { engine }));
      assert.deepEqual(await names(), []);
    }
    engine.lies.save = () => {
      const bytes = Buffer.from(whole);
      const place = bytes.indexOf(high.subarray(512, 1024)) + 20;
      bytes[place] = (bytes[place] ?? 0) ^ 1;
      return Promise.resolve(Readable.from([bytes]));
    };
    await failureOf(make([app], {}, { engine }));
    assert.deepEqual(await names(), []);
  });

  it('puts all back when the load fails or is cancelled', async () => {
    await make([app], { had: await inventoryOf([base]) });
    const engine = taking([base]);
    engine.keepsLoaded = () => false;
    assert.equal((await failureOf(apply(engine))).code, 'loadMismatch');
    assert.deepEqual(engine.state(), new LyingEngine([base]).state());
    const operation = cancelledWhen(({ phase }) => phase === 'sending');
    await assert.rejects(apply(taking([base]), at('b.tar'), operation), { name: 'AbortError' });
    assert.deepEqual(await names(), ['b.tar', 'b.tar.sha256']);
  });

  it('is no other archive, and no inventory either', async () => {
    await writeFile(at('x.tar'), await collect(await new LyingEngine([app]).images.save([app.configDigest])));
    assert.equal((await failureOf(apply(new LyingEngine(), at('x.tar')))).code, 'notABundle');
    assert.equal((await failureOf(inventoryFrom(at('x.tar'), unattended()))).code, 'badInventory');
    await writeFile(at('i.json'), inventoryBytes(await inventoryOf([base])));
    assert.ok(
      ['notAnArchive', 'notABundle'].includes((await failureOf(apply(new LyingEngine(), at('i.json')))).code),
    );
  });

  it('is not made by an inventory that somebody changed, or that is none', async () => {
    const text = inventoryBytes(await inventoryOf([base])).toString();
    await writeFile(at('good.json'), text);
    assert.deepEqual(
      [...(await inventoryFrom(at('good.json'), unattended())).diffIds].sort(),
      [...base.diffIds].sort(),
    );
    const digit = text.indexOf('"diffIds":["') + 12;
    const bad: readonly (string | Buffer)[] = [
      text.slice(0, digit) + (text[digit] === '0' ? '1' : '0') + text.slice(digit + 1),
      text.replace('"engine"', '"vault"'),
      text.replace(/"seal":"[^"]*"/, '"seal":""'),
      text.slice(0, -1),
      '{}',
      '{"type":"drydock-inventory"}',
      '['.repeat(100),
      `{"a":${'['.repeat(100_000)}`,
      Buffer.alloc(17 << 20, 0x20),
      '',
    ];
    for (const one of bad) {
      await writeFile(at('bad.json'), one);
      const error = await inventoryFrom(at('bad.json'), unattended()).catch((thrown: unknown) => thrown);
      assert.ok(error instanceof DrydockError && error.code === 'badInventory', String(error));
    }
  });
});
