/**
 * Runs test/extension/suite/**\/*.test.ts inside the extension host of a real VS Code: desktop VS Code where
 * DRYDOCK_TEST_VSCODE names its program (or says "download"), else VS Code's server in Chromium.
 *
 * 1. The extension is built and laid out in the run's folder as it will be installed.
 * 2. Each test file becomes one bundle; mocha and vscode come from outside.
 * 3. Green is: the host says 0, the results file (written last, inside the host) is there, and a test passed.
 */
import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from '../../scripts/packaging/packageExtension.ts';
import { checkout } from '../../scripts/provision/places.ts';
import { withLock } from '../../scripts/provision/withLock.ts';
import { notRun, readResults, type SuiteResults } from '../../scripts/tests/results.ts';
import { bundleSuite } from './bundleSuite.ts';
import { runInCodeServer } from './runInCodeServer.ts';
import { runOnDesktop } from './runOnDesktop.ts';

export interface ExtensionSuiteOptions {
  /** Belongs to this run alone. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}

/** What a host needs to run the suite. */
export interface HostRun {
  readonly folder: string;
  readonly extension: string;
  readonly workspace: string;
  /** The module whose `run` the host calls. */
  readonly suite: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Runs the suite and returns its results; what keeps it from running to its end is a failure. */
export async function runExtensionSuite(options: ExtensionSuiteOptions): Promise<SuiteResults> {
  const { folder } = options;
  const extension = join(folder, 'extension');
  await withLock('build', async () => {
    await build({ minify: false });
    await mkdir(extension, { recursive: true });
    for (const part of [
      'package.json',
      'package.nls.json',
      'package.nls.zh-cn.json',
      'dist',
      'media',
      'l10n',
    ])
      await cp(join(checkout, part), join(extension, part), { recursive: true });
  });
  const suite = await bundleSuite(join(folder, 'suite'));
  if (suite === undefined)
    return notRun('extension', 'no test files match test/extension/suite/**/*.test.ts');
  const workspace = join(folder, 'workspace');
  await cp(join(checkout, 'scripts/sample-workspace'), workspace, { recursive: true });

  const resultsPath = join(folder, 'extension-results.json');
  await rm(resultsPath, { force: true });
  const run: HostRun = {
    folder,
    extension,
    workspace,
    suite,
    env: {
      ...options.env,
      DRYDOCK_CHECKOUT: checkout,
      DRYDOCK_TEST_RESULTS: resultsPath,
      DRYDOCK_TEST_OWN_FOLDERS: [extension, join(folder, 'suite')].join('\n'),
      DRYDOCK_TEST_EXTENSION: extension,
    },
  };
  const desktop = process.env['DRYDOCK_TEST_VSCODE'];
  const ended = await (desktop === undefined ? runInCodeServer(run) : runOnDesktop(run, desktop));
  console.log(await readFile(`${resultsPath}.log`, 'utf8').catch(() => '(the tests printed nothing)'));
  const results = await readResults('extension', resultsPath, ended);
  if (results.failures.length === 0 && ended !== 'exit 0') return notRun('extension', ended);
  return results;
}
