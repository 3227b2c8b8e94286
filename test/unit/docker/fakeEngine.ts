import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Endpoint } from '../../../src/docker/endpoint.ts';

/** Answers one request; `path` is without the API version and the query. */
export type Answer = (
  request: IncomingMessage,
  response: ServerResponse,
  url: { readonly path: string; readonly query: URLSearchParams; readonly version: string },
) => void;

/** An HTTP server on a socket of its own, for faults that no real engine can be made to show. It records. */
export interface FakeEngine {
  readonly endpoint: Endpoint;
  readonly socketPath: string;
  /** `METHOD /path?query` of every request but pings, as they came. */
  readonly requests: readonly string[];
  /** How often the engine was pinged. */
  readonly pings: () => number;
  answer: Answer;
  apiVersion: string | undefined;
  /** Whether it says that it is Podman's service. */
  isPodman: boolean;
  /** The version of its own API that it then tells. */
  libpodVersion: string;
  /** Stops listening and drops every connection, as an engine does that dies. */
  die(): Promise<void>;
  /** Listens again on the same socket. */
  revive(): Promise<void>;
  remove(): Promise<void>;
}

export async function fakeEngine(answer: Answer = () => undefined): Promise<FakeEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'drydock-fake-'));
  const socketPath = join(folder, 'engine.sock');
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  let pings = 0;
  const fake = {
    endpoint: { kind: 'socket', socketPath, address: `unix://${socketPath}` } as const,
    socketPath,
    requests,
    pings: () => pings,
    answer,
    apiVersion: '1.41' as string | undefined,
    isPodman: false,
    libpodVersion: '4.3.1',
    die,
    revive,
    remove: async () => {
      await die();
      await rm(folder, { recursive: true, force: true });
    },
  };

  let server = listenable();
  function listenable(): ReturnType<typeof createServer> {
    const made = createServer((request, response) => {
      response.on('error', () => undefined);
      if (fake.apiVersion !== undefined) response.setHeader('Api-Version', fake.apiVersion);
      if (fake.isPodman) response.setHeader('Libpod-Api-Version', fake.libpodVersion);
      const url = new URL(request.url ?? '/', 'http://fake');
      if (url.pathname === '/_ping') {
        pings += 1;
        response.end('OK');
        return;
      }
      requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
      const [, version = '', path = ''] = /^\/v([\d.]+)(\/.*)$/.exec(url.pathname) ?? [];
      fake.answer(request, response, { path, query: url.searchParams, version });
    });
    made.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => sockets.delete(socket));
    });
    return made;
  }
  async function die(): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  }
  async function revive(): Promise<void> {
    server = listenable();
    server.listen(socketPath);
    await once(server, 'listening');
  }
  await revive();
  return fake;
}

/** Resolves when a connection is gone, however it ended. */
export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => {
      resolve();
    });
  });
}

/** Answers with JSON. */
export function sendJson(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body));
}
