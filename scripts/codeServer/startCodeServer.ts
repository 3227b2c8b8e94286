import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { endProcesses, processesOfSession } from '../engine/processes.ts';
import { beforeExit } from '../provision/cleanups.ts';
import { provideCodeServer } from '../provision/provideCodeServer.ts';
import { runLogged } from '../provision/runLogged.ts';

const startDeadlineMs = 60_000;

export interface CodeServerOptions {
  /** Profile, extensions, logs and home of this run; made when missing. */
  readonly folder: string;
  /** Added to the environment, which the extension host inherits. */
  readonly env?: NodeJS.ProcessEnv;
  /** A packaged extension that is installed first. */
  readonly vsix?: string;
  /** Added to the quiet settings, or put in their place. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Obeys extensionDevelopmentPath and extensionTestsPath in the address, and shows no toasts. */
  readonly smokeTestDriver?: boolean;
  /** Asks whether the workspace is trusted, as desktop VS Code does. */
  readonly workspaceTrust?: boolean;
  /**
   * The display language, e.g. "zh-cn". VS Code's own texts stay English, for no language pack can be had offline;
   * the extension's texts and `vscode.env.language` follow.
   */
  readonly locale?: string;
  /** By default any free one. */
  readonly port?: number;
}

export interface RunningCodeServer {
  readonly port: number;
  readonly origin: string;
  /** Everything the server printed. */
  readonly logPath: string;
  readonly dataFolder: string;
  /** Resolves when the server ends for whatever reason. */
  readonly ended: Promise<string>;
  /** The page of a workspace, with VS Code's development payload where given. */
  address(workspace: string, payload?: readonly (readonly [string, string])[]): string;
  stop(): Promise<void>;
}

/** Nothing leaves loopback and no page or dialog of VS Code's own comes up. */
const quietSettings = {
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  'extensions.autoUpdate': 'off',
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'chat.disableAIFeatures': true,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'git.enabled': false,
  'workbench.reduceMotion': 'on',
  'files.hotExit': 'off',
  'workbench.colorTheme': 'Dark Modern',
};

/** Starts VS Code's server on loopback with a profile of its own and returns once it listens. */
export async function startCodeServer(options: CodeServerOptions): Promise<RunningCodeServer> {
  const server = await provideCodeServer();
  const at = (name: string) => join(options.folder, name);
  await mkdir(at('data/User'), { recursive: true });
  await mkdir(at('home'), { recursive: true });
  await writeFile(
    at('data/User/settings.json'),
    JSON.stringify({ ...quietSettings, ...options.settings }, null, 2),
  );
  // Among a user's settings VS Code's server takes those of machine scope only until it knows their scope.
  await mkdir(at('data/Machine'), { recursive: true });
  const ours = Object.entries(options.settings ?? {}).filter(([id]) => id.startsWith('drydock.'));
  await writeFile(at('data/Machine/settings.json'), JSON.stringify(Object.fromEntries(ours), null, 2));
  const folders = ['--user-data-dir', at('data'), '--server-data-dir', at('server')];
  folders.push('--extensions-dir', at('extensions'), '--accept-server-license-terms');
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    EXTENSIONS_GALLERY: '{"serviceUrl":""}',
    HOME: at('home'),
    ...options.env,
  };
  if (options.vsix !== undefined)
    await runLogged(server.node, [server.serverMain, ...folders, '--install-extension', options.vsix], {
      env,
      log: 'install-extension',
    });

  if (options.locale !== undefined) await writeLanguagePack(at('data'), options.locale);
  const port = options.port ?? (await freePort());
  const logPath = at('server.log');
  const child = spawn(
    server.node,
    [
      ...[server.serverMain, '--host', '127.0.0.1', '--port', String(port), ...folders],
      ...['--without-connection-token', '--telemetry-level', 'off'],
      ...(options.locale === undefined ? [] : ['--locale', options.locale]),
      ...(options.workspaceTrust === true ? [] : ['--disable-workspace-trust']),
      ...(options.smokeTestDriver === true ? ['--enable-smoke-test-driver'] : []),
    ],
    // In a session of its own: a Ctrl-C goes to us alone, and we end it in order.
    { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => {
      resolve(error.message);
    });
    child.once('exit', (code, signal) => {
      resolve(`VS Code's server ended with ${code ?? signal ?? 'no code'}`);
    });
  });
  const stop = beforeExit(() => end(child));
  const trouble = await Promise.race([ended, listening(child, logPath)]);
  if (trouble !== undefined) {
    await stop();
    const tail = (await readFile(logPath, 'utf8').catch(() => '')).split('\n').slice(-15).join('\n');
    throw new Error(`VS Code's server did not start: ${trouble}\n${tail}`);
  }
  const origin = `http://127.0.0.1:${port}`;
  return {
    port,
    origin,
    logPath,
    dataFolder: at('data'),
    ended,
    address: (workspace, payload) => {
      const query = new URLSearchParams({ folder: workspace });
      if (payload !== undefined) query.set('payload', JSON.stringify(payload));
      return `${origin}/?${query.toString()}`;
    },
    stop,
  };
}

/** The registration of a language pack that translates nothing: VS Code takes over a language only with one. */
async function writeLanguagePack(data: string, locale: string): Promise<void> {
  const translations = join(data, 'translations.json');
  await writeFile(translations, JSON.stringify({ version: '1.0.0', contents: {} }));
  const extensions = [{ extensionIdentifier: { id: 'drydock.no-translation' }, version: '1.0.0' }];
  const pack = { hash: 'drydock', label: locale, extensions, translations: { vscode: translations } };
  await writeFile(join(data, 'languagepacks.json'), JSON.stringify({ [locale]: pack }));
}

/** A port of loopback that nobody listens on now. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', resolve);
  });
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('No port of loopback is free.');
  return address.port;
}

async function listening(child: ChildProcess, logPath: string): Promise<string | undefined> {
  const log = createWriteStream(logPath, { flags: 'a' });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => {
      resolve(`not ready in ${startDeadlineMs / 1000} s`);
    }, startDeadlineMs);
  });
  const ready = new Promise<undefined>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        log.write(`${line}\n`);
        if (line.includes('Extension host agent listening on')) resolve(undefined);
      });
    }
  });
  try {
    return await Promise.race([ready, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The server and everything it started: hosts, watchers and terminals are in its process session. */
async function end(child: ChildProcess): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return;
  const family = await processesOfSession(pid);
  await endProcesses([...new Set([pid, ...family])], 'SIGTERM', 5_000);
}
