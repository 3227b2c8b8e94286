import { restoreContract } from '../../contract/restoreContract.ts';
import { connect } from '../../../src/docker/connect.ts';
import { chooseEndpoint } from '../../../src/docker/endpoint.ts';
import { testHost } from '../../support/engine.ts';

restoreContract('the engine of this run', async () => {
  const around = { env: {}, home: '/nowhere', platform: process.platform };
  const { endpoint } = await chooseEndpoint(around, testHost());
  return connect(endpoint);
});
