import { Readable } from 'node:stream';
import { runCli, type CliHost } from '../../../src/cli/runCli.ts';
import type { Engine } from '../../../src/core/engine/engine.ts';
import { unusableEngine } from '../../../src/core/engine/unusableEngine.ts';
import { failure } from '../../../src/core/errors.ts';
import { openEndpoint } from '../../../src/registry/endpoint/openEndpoint.ts';

export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  /** What was written as bytes. */
  readonly bytes: Buffer;
  readonly stderr: string;
  /** The setting by which an engine was asked for; absent when none was. */
  readonly setting?: string;
  readonly isClosed: boolean;
}

export interface Surroundings {
  readonly engine?: Engine;
  readonly stdin?: Uint8Array;
  readonly signal?: AbortSignal;
  /** The width of a terminal; without it, output goes to a pipe. */
  readonly columns?: number;
  readonly temporaryFolder?: string;
  readonly isDebug?: boolean;
  readonly cacheFolder?: string;
  readonly dataFolder?: string;
  readonly stateFolder?: string;
  readonly reportFolder?: string;
  /** Without it, there is no registry. */
  readonly connectRegistry?: CliHost['connectRegistry'];
  /** DRYDOCK_VAULT */
  readonly vaultFolder?: string;
}

export const nowMs = Date.UTC(2026, 10, 21, 8, 0, 0);

/** Runs a command line in this process against an engine that a test made up. */
export async function runCliHere(argv: readonly string[], around: Surroundings = {}): Promise<Ran> {
  let stdout = '';
  let stderr = '';
  const bytes: Uint8Array[] = [];
  const writeBytes = (piece: Uint8Array): Promise<boolean> => Promise.resolve(bytes.push(piece) > 0);
  let setting: string | undefined;
  let isClosed = false;
  const columns = (): number | undefined => around.columns;
  const exitCode = await runCli(argv, {
    version: '1.2.3',
    stdout: { columns, write: (text) => Promise.resolve(void (stdout += text)), writeBytes },
    stderr: { columns, write: (text) => Promise.resolve(void (stderr += text)), writeBytes },
    stdin: { isTerminal: around.stdin === undefined, open: () => Readable.from([around.stdin]) },
    temporaryFolder: around.temporaryFolder ?? '/nonexistent',
    signal: around.signal ?? new AbortController().signal,
    ...(around.cacheFolder === undefined ? {} : { cacheFolder: around.cacheFolder }),
    ...(around.dataFolder === undefined ? {} : { dataFolder: around.dataFolder }),
    ...(around.stateFolder === undefined ? {} : { stateFolder: around.stateFolder }),
    ...(around.reportFolder === undefined ? {} : { reportFolder: around.reportFolder }),
    isDebug: around.isDebug ?? false,
    now: () => nowMs,
    ...(around.vaultFolder === undefined ? {} : { vaultFolder: around.vaultFolder }),
    connectRegistry:
      around.connectRegistry ??
      ((host) => Promise.reject(failure('registryUnreachable', { host, reason: 'a test has none' }))),
    openEndpoint,
    connect: (wanted) => {
      setting = wanted;
      const engine = around.engine ?? unusableEngine('unix:///none', noEngine);
      return Promise.resolve({
        ...engine,
        close: () => {
          isClosed = true;
          return Promise.resolve();
        },
      });
    },
  });
  return {
    exitCode,
    stdout,
    bytes: Buffer.concat(bytes),
    stderr,
    isClosed,
    ...(setting === undefined ? {} : { setting }),
  };
}

const noEngine = failure('engineUnreachable', { endpoint: 'unix:///none' });
