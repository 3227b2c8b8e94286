/**
 * The engine that the runner started for this suite (scripts/test.ts), for tests of every kind: in mocha, in the
 * extension host, in the browser suite.
 *
 *     const engine = await testEngine();
 *     engine.host            // "unix:///…/docker.sock", as in DOCKER_HOST
 *     await engine.stop();   // dockerd and what belongs to it ends; its data stays
 *     await engine.start();  // the same address and data again, answering when this returns
 *     await engine.kill();   // as a crash
 *
 * A test that stops the engine starts it again in `after`. Objects made by a test carry `testLabel`, and
 * `removeTestObjects` belongs to the suite that made them. `ownEngine(folder)` gives a test an engine of its own.
 */
import { engineAt, startEngine, type OwnEngine } from '../../scripts/engine/startEngine.ts';

export type { OwnEngine } from '../../scripts/engine/startEngine.ts';

/** The label of everything that a test makes on an engine. */
export const testLabel = 'dev.drydock.test';

/** The shared engine of this run. Throws when the tests were not started through scripts/test.ts. */
export async function testEngine(): Promise<OwnEngine> {
  const folder = process.env['DRYDOCK_TEST_ENGINE_FOLDER'];
  if (folder === undefined || folder === '')
    throw new Error(
      'DRYDOCK_TEST_ENGINE_FOLDER is not set: run these tests with "npm run test:docker" (or test:extension, test:e2e), which starts an engine for them.',
    );
  return engineAt(folder);
}

/** Its address, as in DOCKER_HOST. */
export function testHost(): string {
  const host = process.env['DRYDOCK_TEST_HOST'];
  if (host === undefined || host === '')
    throw new Error(
      'DRYDOCK_TEST_HOST is not set: run these tests with "npm run test:docker", or give the address of an engine made for tests.',
    );
  return host;
}

/** An engine for one test alone, in a folder of its own; `remove()` it in `after`. */
export function ownEngine(folder: string): Promise<OwnEngine> {
  return startEngine(folder);
}
