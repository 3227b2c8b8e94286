/** The command `drydock`: puts the process, its environment and the Docker adapter together. */
import { homedir, tmpdir } from 'node:os';
import { isatty, type WriteStream } from 'node:tty';
import manifest from '../../package.json' with { type: 'json' };
import { connect } from '../docker/connect.ts';
import { chooseEndpoint } from '../docker/endpoint.ts';
import { exitCodes } from './exitCode.ts';
import { runCli, type Output } from './runCli.ts';

async function main(): Promise<void> {
  const { env, platform } = process;
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
    signal: cancelledBySignals(),
    isDebug: env['DRYDOCK_DEBUG'] === '1',
    now: () => Date.now(),
    ...(env['DRYDOCK_VAULT'] === undefined ? {} : { vaultFolder: env['DRYDOCK_VAULT'] }),
    connect: async (setting) =>
      connect((await chooseEndpoint({ env, platform, home: homedir() }, setting)).endpoint),
  });
  // Every write has been waited for, so nothing is cut off; a handle left open must not keep the process.
  process.exit(exitCode);
}

/** The first signal cancels and lets everything be cleaned up; the second ends at once. */
function cancelledBySignals(): AbortSignal {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(exitCodes.cancelled);
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
        if (error instanceof Error && !isReaderGone(error, stream.isTTY)) reject(error);
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

main().catch((error: unknown) => {
  process.stderr.write(`drydock: The output can’t be written: ${String(error)}\n`, () => {
    process.exit(exitCodes.failed);
  });
});
