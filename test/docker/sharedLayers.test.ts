import assert from 'node:assert/strict';
import { z } from 'zod';
import type { Digest } from '../../src/core/digest.ts';
import type { Engine } from '../../src/core/engine/engine.ts';
import { readStoredImages } from '../../src/core/inspect/imageSharing.ts';
import { unattended } from '../../src/core/progress.ts';
import { givenBackTogether, sharedLayers, type LayerSharing } from '../../src/core/waste/sharedLayers.ts';
import { connect } from '../../src/docker/connect.ts';
import { parseAddress } from '../../src/docker/parseAddress.ts';
import { testHost } from '../support/engine.ts';
import { failureOf } from '../support/failureOf.ts';
import { engineHost, tarOf, type EngineHost } from '../support/tinyImage.ts';

const usage = z.object({
  LayersSize: z.number(),
  Images: z.array(z.object({ Id: z.string(), Size: z.number(), SharedSize: z.number() })),
});

/** Names and Dockerfiles; COPY takes as many bytes as the file's name says. */
const dockerfiles: readonly (readonly [string, string])[] = [
  ['drydock-shared:base', 'FROM scratch\nCOPY f4000 /a\nENV A=1\nCOPY f250 /b\n'],
  ['drydock-shared:app1', 'FROM drydock-shared:base\nWORKDIR /w\nCOPY f7000 /c\n'],
  ['drydock-shared:app2', 'FROM drydock-shared:base\nCOPY f500 /c\nCMD ["x"]\n'],
  ['drydock-shared:more', 'FROM drydock-shared:app1\nLABEL x=y\nCOPY f90 /d\n'],
  ['drydock-shared:alone', 'FROM scratch\nCOPY f3000 /z\n'],
];

describe('the layers that images of a real engine share', function () {
  this.timeout(120_000);
  let host: EngineHost;
  let engine: Engine;
  const ids = new Map<string, Digest>();

  before(async () => {
    host = engineHost(testHost());
    const endpoint = parseAddress(testHost());
    assert.ok(endpoint);
    engine = connect(endpoint);
    for (const [name, dockerfile] of dockerfiles) {
      const files = [...dockerfile.matchAll(/f(\d+)/g)].map(([file, count]) => ({
        name: file,
        content: Buffer.alloc(Number(count), name),
      }));
      await host.build(await tarOf([{ name: 'Dockerfile', content: dockerfile }, ...files]), name);
      ids.set(name, (await engine.images.inspect(name)).id);
    }
  });
  after(async () => {
    await host.removeLabelled();
    await engine.close();
  });

  const sharing = async (): Promise<LayerSharing> => {
    const { images, store } = await readStoredImages(engine, unattended());
    return sharedLayers(images, store);
  };
  const layersSize = async (): Promise<number> =>
    usage.parse(await host.call('GET', '/system/df')).LayersSize;

  it('take together what the engine says that all layers take', async () => {
    const { unionBytes } = await sharing();
    const bytes = await layersSize();
    assert.deepEqual(unionBytes, { leastBytes: bytes, mostBytes: bytes });
  });

  it('are shared to the byte as `docker system df -v` has it', async () => {
    const { Images } = usage.parse(await host.call('GET', '/system/df'));
    const { images } = await sharing();
    const told = new Map(Images.map(({ Id, Size, SharedSize }) => [Id, [Size, SharedSize]]));
    for (const { image, sharedBytes } of images)
      assert.deepEqual([image.sizeBytes, sharedBytes.mostBytes], told.get(image.id), image.tags[0]);
  });

  it('give nothing back from an image that others were built on, which the engine does not remove', async () => {
    const id = ids.get('drydock-shared:app1');
    assert.ok(id);
    const share = (await sharing()).images.find(({ image }) => image.id === id);
    assert.deepEqual(share?.givesBack, { leastBytes: 0, mostBytes: 0 });
    const { code } = await failureOf(engine.images.remove(id, { force: true }));
    assert.equal(code, 'engineConflict');
  });

  it('give back, one after another, just what was said', async () => {
    for (const name of ['app2', 'more', 'app1', 'alone', 'base']) {
      const id = ids.get(`drydock-shared:${name}`);
      assert.ok(id);
      const { images } = await readStoredImages(engine, unattended());
      const said = givenBackTogether(images, new Set([id]), 'graphdriver');
      const share = (await sharing()).images.find(({ image }) => image.id === id);
      assert.deepEqual(share?.givesBack, said);
      const before = await layersSize();
      await engine.images.remove(id, { force: true });
      const freed = before - (await layersSize());
      assert.deepEqual(said, { leastBytes: freed, mostBytes: freed }, name);
    }
  });
});
