import assert from 'node:assert/strict';
import type { EngineInfo } from '../../../src/core/engine/records.ts';
import { holdingNames } from '../../../src/core/loading/heldImages.ts';
import { nameOwners } from '../../../src/core/recovery/nameOwners.ts';
import type { ImagePlan } from '../../../src/core/loading/imagePlan.ts';
import { LyingEngine } from '../../support/lyingEngine.ts';
import { sampleImage, sampleLayer } from '../../support/archives/sampleImages.ts';

describe('images that would lose their last name', () => {
  const coming = sampleImage([sampleLayer(1)], ['app:1', 'app:2']);
  const old = sampleImage([sampleLayer(2)], []);
  const images: readonly ImagePlan[] = [
    {
      id: coming.configDigest,
      image: { ...coming, configBytes: coming.config, layers: [] },
      isThere: false,
      tags: [],
    },
  ];
  const names = async (
    imageStore: EngineInfo['imageStore'],
    tags: readonly string[],
    keepAs: ReadonlyMap<string, string> = new Map(),
    id = old.configDigest,
  ): Promise<readonly string[]> => {
    const info = { ...(await new LyingEngine().info()), imageStore };
    return [...holdingNames({ info, images }, keepAs, nameOwners([{ id, tags }])).keys()];
  };

  it('get one name for the time of the load on a containerd store, in whatever form theirs is written', async () => {
    assert.deepEqual(await names('containerd', ['docker.io/library/app:1', 'app:2']), ['app:1']);
  });

  it('get none where they keep another, are kept on purpose, or are the image itself', async () => {
    assert.deepEqual(await names('containerd', ['app:1', 'other:1']), []);
    assert.deepEqual(await names('containerd', ['app:1'], new Map([['app:1', 'kept:1']])), []);
    assert.deepEqual(await names('containerd', ['app:1'], new Map(), coming.configDigest), []);
  });

  it('get none on a classic store, which keeps them without a name', async () => {
    assert.deepEqual(await names('graphdriver', ['app:1']), []);
  });
});
