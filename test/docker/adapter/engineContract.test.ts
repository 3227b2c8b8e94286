import assert from 'node:assert/strict';
import { connect } from '../../../src/docker/connect.ts';
import { chooseEndpoint } from '../../../src/docker/endpoint.ts';
import type { Engine } from '../../../src/core/engine/engine.ts';
import { engineContract } from '../../contract/engineContract.ts';
import { testHost } from '../../support/engine.ts';

async function connectToTestEngine(): Promise<Engine> {
  const around = { env: {}, home: '/nowhere', platform: process.platform };
  const { endpoint } = await chooseEndpoint(around, testHost());
  return connect(endpoint);
}

engineContract('the engine of this run', connectToTestEngine);

describe('what the engine of this run is', () => {
  it('is recognised: its product and its image store', async () => {
    // The suite of other engines says which one it started.
    const name = process.env['DRYDOCK_TEST_ENGINE_NAME'] ?? 'own';
    const engine = await connectToTestEngine();
    const { product, imageStore } = await engine.info();
    await engine.close();
    assert.equal(product, name.startsWith('podman') ? 'podman' : 'docker');
    assert.equal(imageStore, name.endsWith('-containerd') ? 'containerd' : 'graphdriver');
  });
});
