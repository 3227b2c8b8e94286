import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runExtensionSuite } from '../../test/extension/run.ts';
import { packageExtension } from '../packaging/packageExtension.ts';
import { provisionFolder } from '../provision/places.ts';
import { provideChromium } from '../provision/provideChromium.ts';
import { provideCodeServer } from '../provision/provideCodeServer.ts';
import { provideDockerRegistry } from '../provision/provideDockerRegistry.ts';
import { provideSkopeo } from '../provision/provideSkopeo.ts';
import { runChecks } from './checks.ts';
import type { SuiteResults } from './results.ts';
import { runOtherEngines } from './otherEngines.ts';
import { runMocha, type MochaRun } from './runMocha.ts';
import { runScript } from './runScript.ts';
import { memoryFolder } from './memoryFolder.ts';
import { suiteFolder, testEngineFor } from './testEngineFor.ts';

const minutes = 60_000;

/** What Node compiled once serves every process that tests start: loading our code takes most of the time of many. */
const compiledOnce = { NODE_COMPILE_CACHE: join(provisionFolder, 'compiled') };

/** The environment of tests whose files may lie in memory. */
async function inMemory(suite: string): Promise<NodeJS.ProcessEnv> {
  const folder = await memoryFolder(suite);
  return folder === undefined ? {} : { TMPDIR: folder };
}

async function unit(): Promise<SuiteResults> {
  return runMocha({
    suite: 'unit',
    pattern: 'test/unit/**/*.test.ts',
    folder: await suiteFolder('unit'),
    env: { ...(await inMemory('unit')), ...compiledOnce },
    testTimeoutMs: 20_000,
    suiteTimeoutMs: 20 * minutes,
  });
}

/** The tests of the vault have an engine of their own and run beside the others: each half waits for its engine most of the time. */
async function docker(): Promise<SuiteResults> {
  const tools = {
    DRYDOCK_TEST_SKOPEO: await provideSkopeo(),
    DRYDOCK_TEST_REGISTRY: await provideDockerRegistry(),
  };
  const run = async (part: string, files: Pick<MochaRun, 'pattern' | 'except' | 'outputPath'>) => {
    const folder = await suiteFolder(part);
    const engine = await testEngineFor(folder);
    return runMocha({
      suite: part,
      ...files,
      folder,
      env: { ...engine.env, ...tools, ...(await inMemory(part)) },
      testTimeoutMs: 2 * minutes,
      suiteTimeoutMs: 20 * minutes,
    });
  };
  const outputPath = join(await suiteFolder('output'), 'engine.log');
  const vault = 'test/docker/vault/**/*.test.ts';
  const [ofVault, ofEngine] = await Promise.all([
    run('vault', { pattern: vault }),
    run('docker', { pattern: 'test/docker/**/*.test.ts', except: vault, outputPath }),
  ]);
  console.log(await readFile(outputPath, 'utf8').catch(() => ''));
  return {
    passed: ofVault.passed + ofEngine.passed,
    failures: [...ofVault.failures, ...ofEngine.failures],
  };
}

/** Registries need no engine: what is pushed comes out of a vault. */
async function registry(): Promise<SuiteResults> {
  const env = {
    ...(await inMemory('registry')),
    ...compiledOnce,
    DRYDOCK_TEST_SKOPEO: await provideSkopeo(),
    DRYDOCK_TEST_REGISTRY: await provideDockerRegistry(),
  };
  return runMocha({
    suite: 'registry',
    pattern: 'test/registry/**/*.test.ts',
    folder: await suiteFolder('registry'),
    env,
    testTimeoutMs: 2 * minutes,
    suiteTimeoutMs: 8 * minutes,
  });
}

async function extension(): Promise<SuiteResults> {
  const folder = await suiteFolder('extension');
  const engine = await testEngineFor(folder);
  return runExtensionSuite({ folder, env: { ...engine.env, DOCKER_HOST: engine.host } });
}

/** Our pages alone in a browser, with neither VS Code nor an engine. */
async function pages(): Promise<SuiteResults> {
  await provideChromium();
  return runMocha({
    suite: 'pages',
    pattern: 'test/pages/**/*.test.ts',
    folder: await suiteFolder('pages'),
    testTimeoutMs: 60_000,
    suiteTimeoutMs: 10 * minutes,
  });
}

async function e2e(): Promise<SuiteResults> {
  const folder = await suiteFolder('e2e');
  await provideChromium();
  await provideCodeServer();
  const engine = await testEngineFor(folder);
  return runMocha({
    suite: 'e2e',
    pattern: 'test/e2e/**/*.test.ts',
    folder,
    env: {
      ...engine.env,
      DRYDOCK_TEST_REGISTRY: await provideDockerRegistry(),
      DRYDOCK_TEST_VSIX: await packageExtension(folder),
    },
    testTimeoutMs: 2 * minutes,
    suiteTimeoutMs: 20 * minutes,
  });
}

const packaging = () =>
  runScript('npm run package', 'scripts/package.ts', [], 'installed and listed', { timeoutMs: 4 * minutes });

const start = () =>
  runScript('npm start', 'scripts/start.ts', ['--smoke'], 'Drydock is open at http://127.0.0.1:', {
    env: { DRYDOCK_START: 'browser' },
    timeoutMs: 6 * minutes,
  });

/** Every suite by the name that scripts/test.ts takes. */
export const suites: ReadonlyMap<string, () => Promise<SuiteResults>> = new Map([
  ['check', runChecks],
  ['unit', unit],
  ['docker', docker],
  ['registry', registry],
  ['package', packaging],
  ['extension', extension],
  ['pages', pages],
  ['e2e', e2e],
  ['start', start],
  ['engines', runOtherEngines],
]);
