import assert from 'node:assert/strict';
import { digestOf, type Digest } from '../../../src/core/digest.ts';
import type { Engine } from '../../../src/core/engine/engine.ts';
import { engineLayers, type BlobsOf } from '../../../src/core/engine/engineLayers.ts';
import type { EngineInfo, ImageDetails } from '../../../src/core/engine/records.ts';
import { failure } from '../../../src/core/errors.ts';
import { chainIdsOf } from '../../../src/core/oci/chainIds.ts';
import { sampleImage, sampleLayer } from '../../support/archives/sampleImages.ts';
import { failureOf } from '../../support/failureOf.ts';
import { LyingEngine } from '../../support/lyingEngine.ts';

const [a, b, c] = [sampleLayer(1), sampleLayer(2), sampleLayer(3)];
const app = sampleImage([a, b], ['app:1']);
const base = sampleImage([c], ['base:1']);
const [idA, idB, idC] = [digestOf(a), digestOf(b), digestOf(c)];

describe('the layers that an engine has', () => {
  async function infoOf(engine: Engine, more: Partial<EngineInfo> = {}): Promise<EngineInfo> {
    return { ...(await engine.info()), ...more };
  }
  /** Tells which manifests of an image are whole, as the containerd store does when it is asked for them. */
  function tellingManifests(
    engine: LyingEngine,
    present: Readonly<Record<string, readonly Digest[]>>,
  ): Pick<Engine, 'images'> {
    const { images } = engine;
    const inspect: typeof images.inspect = async (ref, options): Promise<ImageDetails> => {
      const details = await images.inspect(ref, options);
      const known = options?.withManifests === true ? present[ref] : undefined;
      return known === undefined ? details : { ...details, presentManifests: known };
    };
    return { images: { ...images, inspect } };
  }

  it('are named by their chain on a classic store: every layer with all that is below it', async () => {
    const engine = new LyingEngine([app, base]);
    const layers = await engineLayers(engine, { info: await infoOf(engine) });
    assert.equal(layers.store, 'classic');
    const there = [...chainIdsOf([idA, idB]), idC].map((id) => layers.hasChain(id));
    assert.deepEqual(there, [true, true, true]);
    const elsewhere = [idB, ...chainIdsOf([idC, idB]).slice(1), ...chainIdsOf([idA, idB, idC]).slice(2)];
    assert.deepEqual(
      elsewhere.map((id) => layers.hasChain(id)),
      [false, false, false],
    );
    assert.equal(layers.hasBlob(idA), false);
    assert.deepEqual(layers.images.map(({ tags }) => tags).sort(), [['app:1'], ['base:1']]);
  });

  it('are known by the blobs of whole manifests on a containerd store, and by nothing else', async () => {
    const plain = new LyingEngine([app, base]);
    const [whole, unknown, part] = [digestOf('whole'), digestOf('unknown'), digestOf('part')];
    const engine = tellingManifests(plain, { [app.configDigest]: [whole, unknown] });
    const asked: Digest[] = [];
    const blobsOf: BlobsOf = (manifest) => {
      asked.push(manifest);
      return Promise.resolve({ [whole]: [idA, idB], [part]: [idC] }[manifest]);
    };
    const info = await infoOf(plain, { imageStore: 'containerd' });
    const layers = await engineLayers(engine, { info, blobsOf });
    assert.equal(layers.store, 'containerd');
    assert.deepEqual(
      [idA, idB, idC].map((id) => layers.hasBlob(id)),
      [true, true, false],
    );
    assert.equal(layers.hasChain(idA), false);
    assert.deepEqual(asked, [whole, unknown]);
    const { hasBlob } = await engineLayers(engine, { info });
    assert.equal(hasBlob(idA), false, 'nobody told what is in the manifest');
  });

  it('are known by their diffIDs to Podman, on whatever chain', async () => {
    const engine = new LyingEngine([app]);
    const info = await infoOf(engine, { product: 'podman' });
    const layers = await engineLayers(engine, { info, blobsOf: () => Promise.resolve([idC]) });
    assert.deepEqual([layers.store, layers.hasChain(idA)], ['podman', false]);
    assert.deepEqual(
      [idA, idB, idC].map((id) => layers.hasBlob(id)),
      [true, true, false],
    );
    assert.deepEqual(layers.images[0]?.diffIds, [idA, idB]);
  });

  it('are those of the others when an image vanishes meanwhile or can’t be told about', async () => {
    for (const error of [
      failure('engineNotFound', { kind: 'image', name: 'app:1' }),
      failure('engineRefused', { call: 'image inspect', reason: 'broken' }),
    ]) {
      const engine = new LyingEngine([app, base]);
      engine.lies.inspect = async (truth, [ref]) => {
        if (ref === app.configDigest) throw error;
        return truth();
      };
      const { hasChain } = await engineLayers(engine, { info: await infoOf(engine) });
      assert.deepEqual([hasChain(idA), hasChain(idC)], [false, true]);
    }
  });

  it('are not guessed when the engine is gone, nor when somebody cancels', async () => {
    const engine = new LyingEngine([app, base]);
    const info = await infoOf(engine);
    const abort = new AbortController();
    engine.lies.inspect = (truth) => {
      abort.abort();
      return truth();
    };
    await assert.rejects(engineLayers(engine, { info }, { signal: abort.signal }), { name: 'AbortError' });
    engine.lies.inspect = () => Promise.reject(failure('engineUnreachable', { endpoint: 'here' }));
    assert.equal((await failureOf(engineLayers(engine, { info }))).code, 'engineUnreachable');
  });
});
