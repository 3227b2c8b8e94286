import { mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { basename, delimiter, dirname, join } from 'node:path';
import { aptInstall } from './aptInstall.ts';
import { findOnPath } from './findOnPath.ts';
import { checkout, node, provisionFolder } from './places.ts';
import { runLogged } from './runLogged.ts';
import { withLock } from './withLock.ts';

const codeServerVersion = '4.139.1';
/** Raised whenever the steps below change, so that an install by older steps is made anew. */
const recipe = 1;

export interface CodeServer {
  /** The Node that runs it. */
  readonly node: string;
  /** VS Code's own server inside the code-server package. */
  readonly serverMain: string;
}

/**
 * VS Code's server from the npm package code-server, in .provision/code-server.
 *
 * 1. The package without its install scripts: they take minutes and fail on kerberos.
 * 2. The dependencies of VS Code and of its built-in extensions, again without scripts.
 * 3. The two native modules without which the server has no log files and prints a trace at each start.
 * 4. What the tests never use is removed, half of the whole.
 * 5. A marker, written last: without it the install is made anew.
 */
export async function provideCodeServer(): Promise<CodeServer> {
  if (process.platform === 'win32')
    throw new Error('code-server does not run on Windows. Install desktop VS Code and put "code" on PATH.');
  const folder = join(provisionFolder, 'code-server');
  const server: CodeServer = {
    node,
    serverMain: join(folder, 'node_modules/code-server/lib/vscode/out/server-main.js'),
  };
  const marker = join(folder, 'complete.json');
  const wanted = JSON.stringify({ codeServerVersion, recipe, node: process.version, arch: process.arch });
  const isComplete = async () => (await readFile(marker, 'utf8').catch(() => '')) === wanted;
  if (await isComplete()) return server;
  await withLock('code-server', async () => {
    if (await isComplete()) return;
    await install(folder);
    await writeFile(marker, wanted);
  });
  return server;
}

async function install(folder: string): Promise<void> {
  console.log(`Installing code-server ${codeServerVersion} into ${folder} (about a minute) …`);
  await aptInstall(
    ['python3', 'make', 'g++'],
    ['python3', 'make', 'g++'],
    'Install Python 3, make and a C++ compiler.',
  );
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"private":true}\n');

  const npmCli = await findNpm();
  const env = environment();
  const npm = (cwd: string, ...args: string[]) =>
    runLogged(node, [npmCli, ...args, '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd,
      env,
      log: 'code-server',
    });
  // The project's own node package carries the program alone; this one has the headers that node-gyp wants.
  const headers = `node-${process.platform}-${process.arch}`;
  const nodeVersion = process.version.slice(1);
  await npm(folder, 'install', `code-server@${codeServerVersion}`, `${headers}@${nodeVersion}`);

  const vscode = join(folder, 'node_modules/code-server/lib/vscode');
  // Not `npm ci`: the package's shrinkwrap misses tslib.
  await npm(vscode, 'install', '--omit=dev');
  await npm(join(vscode, 'extensions'), 'ci', '--omit=dev');

  const gyp = join(dirname(npmCli), '../node_modules/node-gyp/bin/node-gyp.js');
  const nodedir = join(folder, 'node_modules', headers);
  for (const name of ['spdlog', 'native-watchdog'])
    await runLogged(node, [gyp, 'rebuild', `--nodedir=${nodedir}`, '--silent', '-j', '2'], {
      cwd: join(vscode, 'node_modules/@vscode', name),
      env,
      log: 'code-server',
    });

  for (const unused of ['node_modules/@github', 'node_modules/@microsoft/mxc-sdk', 'extensions/copilot'])
    await rm(join(vscode, unused), { recursive: true, force: true });
}

/** npm's own program file, to be run by our Node whatever Node the machine has. */
async function findNpm(): Promise<string> {
  const running = process.env['npm_execpath'];
  if (running !== undefined && basename(running) === 'npm-cli.js') return running;
  const onPath = findOnPath('npm');
  if (onPath === undefined) throw new Error('npm is not on PATH.');
  return realpath(onPath);
}

/** The environment without what the npm that runs this script has set for its own package. */
function environment(): NodeJS.ProcessEnv {
  const kept = new Set(['npm_config_registry', 'npm_config_cache', 'npm_config_cafile']);
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.toLowerCase().startsWith('npm_') || kept.has(name)),
  );
  const ownBin = join(checkout, 'node_modules/.bin');
  const path = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== ownBin);
  return { ...env, PATH: [dirname(node), ...path].join(delimiter) };
}
