import { realpathSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isatty, type WriteStream } from 'node:tty';
import manifest from '../../package.json' with { type: 'json' };
import { reasonOf } from '../core/errors.ts';
import { stateFolder } from '../core/files/stateFolder.ts';
import { userFolder } from '../core/files/userFolder.ts';
import { exitCodes } from './exitCode.ts';
import { CliFailure } from './failures.ts';
import { runCli, type Output } from './runCli.ts';

/** A terminal that is closed, and `npx`, send one signal twice at once. */
const doubledMs = 500;

/** Puts the process, its environment and the Docker adapter together. */
export async function runProcess(): Promise<void> {
  const { env, platform } = process;
  const around = { env, platform, home: homedir() };
  // Of libraries, which nobody at a terminal can do anything about; cron would mail them.
  Object.assign(process, { noDeprecation: env['DRYDOCK_DEBUG'] !== '1' });
  const exitCode = await runCli(process.argv.slice(2), {
    version: manifest.version,
    stdout: outputTo(process.stdout),
    stderr: outputTo(process.stderr, { isDumb: env['TERM'] === 'dumb' }),
    stdin: {
      get isTerminal() {
        return isatty(0);
      },
      open: () => process.stdin,
    },
    temporaryFolder: tmpdir(),
    cacheFolder: join(userFolder('cache', around), 'layers'),
    dataFolder: userFolder('data', around),
    stateFolder: stateFolder(around),
    // `npx` and global installs start it through a link.
    reportFolder: join(dirname(realpathSync(process.argv[1] ?? '.')), 'report'),
    signal: cancelledBySignals(),
    isDebug: env['DRYDOCK_DEBUG'] === '1',
    now: () => Date.now(),
    ...(env['DRYDOCK_VAULT'] === undefined ? {} : { vaultFolder: env['DRYDOCK_VAULT'] }),
    connect: async (setting) => {
      // Files of a snapshot are read without any engine, and sooner without what talks to one.
      const [{ connect }, { chooseEndpoint }] = await Promise.all([
        import('../docker/connect.ts'),
        import('../docker/endpoint.ts'),
      ]);
      return connect((await chooseEndpoint(around, setting)).endpoint);
    },
    connectRegistry: async (host, options) => {
      const { connectRegistry } = await import('../registry/connectRegistry.ts');
      return connectRegistry(around, host, options);
    },
    openEndpoint: async (input) => (await import('../registry/endpoint/openEndpoint.ts')).openEndpoint(input),
  });
  // Every write has been waited for, so nothing is cut off; a handle left open must not keep the process.
  process.exit(exitCode);
}

/** The first signal cancels and lets everything be cleaned up; a later one ends at once. */
function cancelledBySignals(): AbortSignal {
  const controller = new AbortController();
  let firstMs: number | undefined;
  const onSignal = (): void => {
    const nowMs = performance.now();
    firstMs ??= nowMs;
    if (nowMs - firstMs >= doubledMs) process.exit(exitCodes.cancelled);
    controller.abort();
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal);
  return controller.signal;
}

function outputTo(stream: WriteStream, { isDumb = false } = {}): Output {
  // Each write hears of its own error; this keeps the same error from ending the process unheard.
  stream.on('error', () => undefined);
  /** Resolves with whether anybody reads on: `drydock images | head -1` has enough, or the terminal is gone. */
  const write = (piece: string | Uint8Array): Promise<boolean> =>
    new Promise((resolve, reject) => {
      if (piece.length === 0) {
        resolve(true);
        return;
      }
      stream.write(piece, (error) => {
        if (error instanceof Error && !isReaderGone(error, stream.isTTY)) reject(unwritable(error));
        else resolve(!(error instanceof Error));
      });
    });
  return {
    columns: () => (stream.isTTY && !isDumb ? stream.columns : undefined),
    write: async (text) => {
      await write(text);
    },
    writeBytes: write,
  };
}

function isReaderGone(error: Error, isTerminal: boolean): boolean {
  if (!('code' in error)) return false;
  return (
    error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED' || (isTerminal && error.code === 'EIO')
  );
}

function unwritable(error: Error): CliFailure {
  return new CliFailure('outputUnwritable', `The output can’t be written: ${reasonOf(error)}`, {
    exitCode: exitCodes.failed,
  });
}
