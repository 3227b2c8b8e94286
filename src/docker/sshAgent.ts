import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { Agent } from 'node:http';
import { Duplex } from 'node:stream';
import { failure } from '../core/errors.ts';
import type { Endpoint } from './endpoint.ts';

type SshEndpoint = Extract<Endpoint, { kind: 'ssh' }>;

/** What ssh says on stderr is kept for the error only so far. */
const keptStderr = 4096;

/** How long an ssh may take to end after its input was closed. */
const graceMs = 2000;

/**
 * Gives http a connection through the user's own ssh, as the Docker CLI does: with their configuration, keys, agent
 * and jump hosts. An idle connection is kept for the next call, since each costs a login.
 */
export class SshAgent extends Agent {
  readonly #endpoint: SshEndpoint;
  readonly #command: string;
  readonly #open = new Set<SshSocket>();

  constructor(endpoint: SshEndpoint, command: string) {
    super({ keepAlive: true, maxFreeSockets: 2, scheduling: 'lifo' });
    this.#endpoint = endpoint;
    this.#command = command;
  }

  override createConnection(): Duplex {
    const child = spawn(this.#command, sshArguments(this.#endpoint), { stdio: 'pipe', windowsHide: true });
    const socket = new SshSocket(child, this.#endpoint.address);
    this.#open.add(socket);
    child.once('close', () => this.#open.delete(socket));
    child.once('error', () => this.#open.delete(socket));
    return socket;
  }

  /** Ends every ssh of this agent and waits for them. */
  async close(): Promise<void> {
    await Promise.all([...this.#open].map((socket) => socket.endProcess()));
  }
}

/** The words of `ssh … docker system dial-stdio`, as the Docker CLI puts them. */
export function sshArguments(endpoint: SshEndpoint): readonly string[] {
  return [
    '-o',
    'ConnectTimeout=30',
    '-T',
    ...(endpoint.user === undefined ? [] : ['-l', endpoint.user]),
    ...(endpoint.port === undefined ? [] : ['-p', String(endpoint.port)]),
    '--',
    endpoint.host,
    'docker',
    ...(endpoint.remoteSocket === undefined ? [] : ['--host', quoted(`unix://${endpoint.remoteSocket}`)]),
    'system',
    'dial-stdio',
  ];
}

/** ssh joins its words and gives them to the shell over there. */
function quoted(word: string): string {
  return /^[\w./:@-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** The stdio of one ssh, with the few methods that http expects of a socket. */
class SshSocket extends Duplex {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #address: string;
  #stderr = '';

  constructor(child: ChildProcessWithoutNullStreams, address: string) {
    super({ allowHalfOpen: false });
    this.#child = child;
    this.#address = address;
    child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString('utf8')).slice(-keptStderr);
    });
    child.stdout.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) child.stdout.pause();
    });
    // A pipe that breaks is told by the end of the process, which also has the reason.
    child.stdin.on('error', () => undefined);
    child.once('error', (error) => {
      this.destroy(failure('engineSshFailed', { endpoint: address, reason: error.message }, error));
    });
    child.once('close', (code, killedBy) => {
      this.#ended(code, killedBy);
    });
  }

  #ended(code: number | null, killedBy: NodeJS.Signals | null): void {
    if (this.destroyed) return;
    if (code === 0) {
      this.push(null);
      return;
    }
    const reason =
      this.#stderr.trim() || (killedBy === null ? `exit code ${code ?? '?'}` : `ended by ${killedBy}`);
    this.destroy(failure('engineSshFailed', { endpoint: this.#address, reason: reason.slice(-500) }));
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    // A write after the end of the process is answered by that end, not by EPIPE.
    if (this.#child.stdin.write(chunk)) done();
    else this.#onceDrained(done);
  }

  #onceDrained(done: () => void): void {
    const { stdin } = this.#child;
    const settle = (): void => {
      stdin.off('drain', settle);
      stdin.off('close', settle);
      done();
    };
    stdin.on('drain', settle);
    stdin.on('close', settle);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#child.stdin.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#child.kill('SIGTERM');
    done(error);
  }

  /** Ends the process by its own handle and resolves when it is gone. */
  async endProcess(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      child.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      this.destroy();
    });
  }

  // http asks these of a net.Socket; a pipe has nothing to set.
  setKeepAlive(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setTimeout(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}
