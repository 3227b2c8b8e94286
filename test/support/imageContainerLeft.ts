/** Makes a container to read an image's files from, and ends without removing it. */
import { makeImageContainer } from '../../src/core/fileTrees/imageContainer.ts';
import { currentProcess } from '../../src/core/vault/processIdentity.ts';
import { connect } from '../../src/docker/connect.ts';
import { parseAddress } from '../../src/docker/parseAddress.ts';
import { testHost } from './engine.ts';

const endpoint = parseAddress(testHost());
const [, , image] = process.argv;
if (endpoint === undefined || image === undefined) throw new Error('imageContainerLeft.ts IMAGE');
const deps = { engine: connect(endpoint), owner: await currentProcess() };
await makeImageContainer(deps, image, new AbortController().signal);
process.exit(0);
