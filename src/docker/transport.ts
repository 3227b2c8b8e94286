import { Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIPv6, Socket } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import { inspect } from 'node:util';
import type Dockerode from 'dockerode';
import type { JsonObject } from '../core/engine/records.ts';
import type { Endpoint } from './endpoint.ts';
import { SshAgent } from './sshAgent.ts';

/** One request as it goes over the wire; the path carries the API version already. */
export interface WireRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';
  readonly path: string;
  readonly query: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  /** A tar to send as the body. */
  readonly upload?: Readable;
  /** What a POST has as its body. */
  readonly json?: JsonObject;
  readonly registryAuth?: string;
}

/** Sends requests to one endpoint. Resolves with the head of the answer, whatever its status. */
export interface Transport {
  send(request: WireRequest, signal: AbortSignal): Promise<IncomingMessage>;
  close(): Promise<void>;
}

/** How often a silent TCP connection is asked whether the other side lives: events and saves may be long silent. */
const keepAliveMs = 30_000;

/** Every status counts as an answer here: the caller reads bodies itself, with limits, and words the failures. */
const anyStatus: Readonly<Record<number, boolean>> = Object.fromEntries(
  Array.from({ length: 500 }, (_, index) => [index + 100, true]),
);

/**
 * Talks through dockerode's modem, and of that only through `dial` with `isStream`: its own reading of bodies never
 * settles when the engine dies in the middle, has no limits, and drops last lines. dockerode is loaded on first use.
 */
export function dockerodeTransport(endpoint: Endpoint, sshCommand: string): Transport {
  const agent = agentFor(endpoint, sshCommand);
  // The modem inspects its whole request for a debug log that is off, the agent with all its sockets included.
  Object.assign(agent, { [inspect.custom]: () => '[agent]' });
  let docker: Promise<Dockerode> | undefined;

  return {
    async send(request, signal) {
      docker ??= loadDockerode(endpoint, agent);
      return dial((await docker).modem, request, signal);
    },
    async close() {
      agent.destroy();
      if (agent instanceof SshAgent) await agent.close();
    },
  };
}

async function loadDockerode(endpoint: Endpoint, agent: HttpAgent): Promise<Dockerode> {
  const { default: Docker } = await import('dockerode');
  const target =
    endpoint.kind === 'socket'
      ? { socketPath: endpoint.socketPath, protocol: 'http' as const }
      : endpoint.kind === 'tcp'
        ? {
            // A bare host would be read as a path.
            host: `${endpoint.tls ? 'https' : 'http'}://${isIPv6(endpoint.host) ? `[${endpoint.host}]` : endpoint.host}`,
            port: endpoint.port,
            protocol: endpoint.tls ? ('https' as const) : ('http' as const),
          }
        : { host: 'http://ssh', port: 80, protocol: 'http' as const };
  const options: Dockerode.DockerOptions & { readonly agent: HttpAgent } = { ...target, agent };
  return withoutDockerHost(() => new Docker(options));
}

/**
 * The modem's constructor reads DOCKER_HOST and what belongs to it whatever it is given, and throws where that can't be
 * used. The endpoint is chosen already, so nothing of it may be seen for the length of that one synchronous call.
 */
function withoutDockerHost<T>(make: () => T): T {
  const name = 'DOCKER_HOST';
  const kept = process.env[name];
  Reflect.deleteProperty(process.env, name);
  try {
    return make();
  } finally {
    if (kept !== undefined) process.env[name] = kept;
  }
}

function dial(
  modem: Dockerode['modem'],
  request: WireRequest,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    modem.dial(
      {
        // The modem cuts off the last character of a path with a question mark and nothing to follow.
        path: Object.keys(request.query).length === 0 ? request.path : `${request.path}?`,
        method: request.method,
        options: { _query: request.query, _body: request.json ?? {} },
        headers: {
          ...(request.upload === undefined ? {} : { 'Content-Type': 'application/x-tar' }),
          ...(request.registryAuth === undefined ? {} : { 'X-Registry-Auth': request.registryAuth }),
        },
        file: request.upload,
        allowEmpty: request.json !== undefined,
        isStream: true,
        statusCodes: anyStatus,
        abortSignal: signal,
      },
      (error, answer) => {
        if (error !== null) {
          reject(error);
          return;
        }
        const response = answer as IncomingMessage;
        // The modem's signal guards the request; a body may still be on its way when the request is over.
        const cut = (): void => {
          response.destroy();
        };
        signal.addEventListener('abort', cut, { once: true });
        response.once('close', () => {
          signal.removeEventListener('abort', cut);
        });
        if (signal.aborted) cut();
        resolve(response);
      },
    );
  });
}

function agentFor(endpoint: Endpoint, sshCommand: string): HttpAgent {
  switch (endpoint.kind) {
    // A new socket for each call costs next to nothing and is never one that a restarted engine has forgotten.
    case 'socket':
      return new HttpAgent({ keepAlive: false });
    case 'ssh':
      return new SshAgent(endpoint, sshCommand);
    case 'tcp':
      return endpoint.tls === undefined
        ? new WatchedHttpAgent()
        : new WatchedHttpsAgent(tlsOptions(endpoint.tls));
  }
}

function tlsOptions(
  tls: NonNullable<Extract<Endpoint, { kind: 'tcp' }>['tls']>,
): ConstructorParameters<typeof HttpsAgent>[0] {
  return {
    rejectUnauthorized: !tls.skipVerify,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
  };
}

class WatchedHttpAgent extends HttpAgent {
  override createConnection(...args: Parameters<HttpAgent['createConnection']>): Duplex {
    return watched(super.createConnection(...args));
  }
}

class WatchedHttpsAgent extends HttpsAgent {
  override createConnection(...args: Parameters<HttpsAgent['createConnection']>): Duplex {
    return watched(super.createConnection(...args));
  }
}

function watched(socket: Duplex): Duplex {
  if (socket instanceof Socket) socket.setKeepAlive(true, keepAliveMs);
  return socket;
}
