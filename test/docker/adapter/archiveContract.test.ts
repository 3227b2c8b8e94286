import { archiveContract } from '../../contract/archiveContract.ts';
import { chooseEndpoint } from '../../../src/docker/endpoint.ts';
import { connect } from '../../../src/docker/connect.ts';
import { testHost } from '../../support/engine.ts';

archiveContract('the engine of this run', async () => {
  const around = { env: {}, home: '/nowhere', platform: process.platform };
  const { endpoint } = await chooseEndpoint(around, testHost());
  return connect(endpoint);
});
