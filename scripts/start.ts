// `npm start`: builds, opens VS Code with Drydock on a sample workspace, stays until Ctrl-C.
// `--smoke` checks that page and engine answer, prints the address and ends. DRYDOCK_START=browser does without a
// desktop VS Code that is there; DRYDOCK_PORT chooses the port of the page.
import { spawn } from 'node:child_process';
import { cp, mkdir, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { startCodeServer } from './codeServer/startCodeServer.ts';
import { chosenEngineVersion } from './engine/chosenEngine.ts';
import { engineAt } from './engine/startEngine.ts';
import { build, packageExtension } from './packaging/packageExtension.ts';
import { canInstallPackages } from './provision/aptInstall.ts';
import { beforeExit, cleanUp, isCleaningUp } from './provision/cleanups.ts';
import { findOnPath } from './provision/findOnPath.ts';
import { checkout, provisionFolder } from './provision/places.ts';
import { withLock } from './provision/withLock.ts';
import { hasNoImages, makeSampleImages } from './sampleImages.ts';

const isSmoke = process.argv.includes('--smoke');
const runFolder = isSmoke ? join(provisionFolder, `test-start-${process.pid}`) : provisionFolder;

/** Makes sure that an engine answers and returns what the extension's environment needs to reach it. */
async function findEngine(): Promise<NodeJS.ProcessEnv> {
  // The smoke test proves the start of an engine of our own, whatever else the machine has.
  const version = isSmoke ? undefined : await chosenEngineVersion();
  if (version !== undefined) {
    console.log(`Engine: ${version}, the one your docker command uses.`);
    const env = { DOCKER_CONFIG: process.env['DOCKER_CONFIG'] ?? join(homedir(), '.docker') };
    await offerSamples({ ...process.env, ...env }, false);
    return env;
  }
  if (!canInstallPackages()) {
    console.log(
      'No engine answers: start Docker (or Podman) and press the refresh button of the Images view.',
    );
    return {};
  }
  const engine = await engineAt(join(runFolder, 'engine'));
  beforeExit(() => (isSmoke ? engine.remove() : engine.stop()));
  await engine.start();
  console.log(`Engine: none answered, so one of our own runs at ${engine.host} (data in ${engine.folder}).`);
  const env = { DOCKER_HOST: engine.host };
  await offerSamples({ ...process.env, ...env }, true);
  return env;
}

/** Samples for an engine without images: on ours at once, on the user's only when a person says yes. */
async function offerSamples(env: NodeJS.ProcessEnv, isOurs: boolean): Promise<void> {
  const docker = findOnPath('docker');
  if (docker === undefined || !(await hasNoImages({ docker, env }))) return;
  if (!isOurs && !(await askYes('This engine has no images. Make a few small samples (demo/…) on it?')))
    return;
  console.log('Making sample images …');
  await makeSampleImages({ docker, env });
}

async function askYes(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}

async function copyWorkspace(): Promise<string> {
  const workspace = join(runFolder, 'sample-workspace');
  // What the user changed in the copy of an earlier run stays.
  await cp(join(checkout, 'scripts/sample-workspace'), workspace, { recursive: true, force: false });
  return workspace;
}

async function openDesktop(code: string, workspace: string, env: NodeJS.ProcessEnv): Promise<void> {
  await build({ minify: false });
  const child = spawn(code, ['--new-window', '--wait', `--extensionDevelopmentPath=${checkout}`, workspace], {
    env: { ...process.env, ...env },
    stdio: 'inherit',
    // On Windows `code` is a script that only a shell runs.
    shell: process.platform === 'win32',
  });
  console.log('Drydock is open in VS Code. Closing the window, or Ctrl-C here, ends this.');
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => {
      resolve();
    });
  });
}

async function openBrowser(workspace: string, env: NodeJS.ProcessEnv): Promise<void> {
  await mkdir(runFolder, { recursive: true });
  const vsix = await withLock('build', () => packageExtension(runFolder));
  const port = process.env['DRYDOCK_PORT'];
  const server = await startCodeServer({
    folder: join(runFolder, 'vscode'),
    vsix,
    env: { HOME: homedir(), ...env },
    ...(port === undefined ? {} : { port: Number(port) }),
  });
  const address = server.address(workspace);
  if (isSmoke) {
    const page = await fetch(address);
    if (!page.ok || !(await page.text()).includes('workbench'))
      throw new Error(`The page at ${address} answers ${page.status} and is no workbench.`);
  }
  console.log(`Drydock is open at ${address}`);
  if (isSmoke) return;
  console.log('Ctrl-C ends it.');
  const reason = await server.ended;
  if (!isCleaningUp()) throw new Error(reason);
}

if (isSmoke) beforeExit(() => rm(runFolder, { recursive: true, force: true }));
try {
  const env = await findEngine();
  const workspace = await copyWorkspace();
  const code = process.env['DRYDOCK_START'] === 'browser' ? undefined : findOnPath('code');
  if (code !== undefined && !isSmoke) await openDesktop(code, workspace, env);
  else await openBrowser(workspace, env);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
await cleanUp();
process.exit();
