import type { Engine } from '../../../src/core/engine/engine.ts';
import { connect } from '../../../src/docker/connect.ts';
import { chooseEndpoint } from '../../../src/docker/endpoint.ts';
import { filesContract } from '../../contract/filesContract.ts';
import { testHost } from '../../support/engine.ts';

async function connectToTestEngine(): Promise<Engine> {
  const around = { env: {}, home: '/nowhere', platform: process.platform };
  const { endpoint } = await chooseEndpoint(around, testHost());
  return connect(endpoint);
}

filesContract('the engine of this run', connectToTestEngine);
