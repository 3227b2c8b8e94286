import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { connect as connectSecure, type ConnectionOptions } from 'node:tls';
import type { Duplex } from 'node:stream';
import { bareHost, proxyFor, type Proxy, type ProxySettings } from './proxies.ts';
import { openTunnel } from './tunnel.ts';

/** How a request gets to where it is to go. */
export interface Route {
  readonly agent: HttpAgent;
  /** Is given the request itself and passes it on, since nothing of it is secret from it anyway. */
  readonly forwarder?: Proxy;
}

type Connected = (error: Error | null, socket?: Duplex) => void;

/**
 * Connections to a registry and to where it sends, kept for a while where both sides want that. Those to other machines
 * go through proxies where `settings` say so.
 */
export class Connections {
  readonly #settings: ProxySettings;
  readonly #agents = new Map<string, HttpAgent>();
  /** Ends the ways through proxies that are being opened. */
  #opening = new AbortController();
  #isClosed = false;

  constructor(settings: ProxySettings) {
    this.#settings = settings;
  }

  /** Throws `proxyUnusable`. */
  routeTo(url: URL): Route {
    const proxy = proxyFor(url, this.#settings);
    const isSecure = url.protocol === 'https:';
    const key = `${url.protocol} ${proxy?.url.href ?? ''}`;
    const agent = this.#agents.get(key) ?? this.#made(isSecure, proxy);
    this.#agents.set(key, agent);
    return { agent, ...(proxy && !isSecure && { forwarder: proxy }) };
  }

  /** Ends those that wait for nothing, and others when what is under way on them ends; none is kept any more. */
  close(): void {
    this.#isClosed = true;
    this.#opening.abort();
    this.#opening = new AbortController();
    for (const agent of this.#agents.values()) rest(agent);
  }

  #made(isSecure: boolean, proxy: Proxy | undefined): HttpAgent {
    const agent = isSecure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
    if (this.#isClosed) rest(agent);
    if (proxy === undefined) return agent;
    return Object.assign(agent, isSecure ? tunnelling(proxy, () => this.#opening.signal) : forwarding(proxy));
  }
}

function rest(agent: HttpAgent): void {
  agent.maxFreeSockets = 0;
  for (const sockets of Object.values(agent.freeSockets))
    for (const socket of sockets ?? []) socket.destroy();
}

function tunnelling(proxy: Proxy, opening: () => AbortSignal): object {
  return {
    createConnection(options: ConnectionOptions, connected: Connected): undefined {
      const { host = '', port = 443 } = options;
      openTunnel(proxy, { host, port }, opening()).then(
        (socket) => {
          connected(null, connectSecure({ ALPNProtocols: ['http/1.1'], ...options, socket }));
        },
        (error: unknown) => {
          connected(error instanceof Error ? error : new Error(String(error)));
        },
      );
    },
  };
}

function forwarding({ url }: Proxy): object {
  const host = bareHost(url);
  const isSecure = url.protocol === 'https:';
  const port = url.port === '' ? (isSecure ? 443 : 80) : Number(url.port);
  return {
    createConnection: (): Duplex =>
      isSecure ? connectSecure({ host, port, servername: host }) : connectPlain({ host, port }),
  };
}
