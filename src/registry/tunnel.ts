import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { reasonOf } from '../core/errors.ts';
import { bareHost, type Proxy } from './proxies.ts';
import { oneLine } from './oneLine.ts';

/** A proxy connects to elsewhere, and that may take as long as a connection takes. */
const patienceMs = 60_000;
/** The proxy is well, and can't reach the other side now. */
const passing: ReadonlySet<number> = new Set([502, 503, 504]);

/** There is no way through a proxy. `code` is that of the connection to it, where that is what failed. */
export class ProxyFailure extends Error {
  readonly code: string | undefined;
  /** Whether another try may help. */
  readonly isPassing: boolean;

  constructor(
    name: string,
    reason: string,
    more: { readonly cause?: unknown; readonly isPassing?: boolean } = {},
  ) {
    super(`${name} ${reason}`, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'ProxyFailure';
    const { cause } = more;
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    this.code = typeof code === 'string' ? code : undefined;
    this.isPassing = more.isPassing ?? false;
  }
}

/**
 * A connection to `host` through a proxy that sees nothing of what is said on it. Rejects with a {@link ProxyFailure}:
 * nothing that a proxy answers is taken for an answer of the host. Source: RFC 9110, 9.3.6.
 */
export function openTunnel(
  proxy: Proxy,
  { host, port }: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<Socket> {
  const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const { url, authorization } = proxy;
  const name = `the proxy ${proxy.name}`;
  const isSecure = url.protocol === 'https:';
  return new Promise((resolve, reject) => {
    const asked = (isSecure ? httpsRequest : httpRequest)({
      host: bareHost(url),
      port: url.port === '' ? (isSecure ? 443 : 80) : Number(url.port),
      method: 'CONNECT',
      path: authority,
      agent: false,
      signal,
      headers: {
        host: authority,
        'user-agent': 'drydock',
        ...(authorization !== undefined && { 'proxy-authorization': authorization }),
      },
    });
    asked.setTimeout(patienceMs, () => {
      asked.destroy(new ProxyFailure(name, `gave no answer in ${patienceMs / 1000} s`, { isPassing: true }));
    });
    asked.once('connect', (response: IncomingMessage, socket: Socket, head: Buffer) => {
      asked.setTimeout(0);
      const { statusCode = 0 } = response;
      if (statusCode >= 200 && statusCode < 300) {
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
        return;
      }
      socket.destroy();
      reject(refusedBy(name, response));
    });
    // Stays for late errors.
    asked.on('error', (error) => {
      if (error instanceof ProxyFailure) reject(error);
      // Nobody waits for it any more, or may try again.
      else if (signal.aborted) reject(new ProxyFailure(name, 'was not waited for', { isPassing: true }));
      else reject(new ProxyFailure(name, `can’t be reached: ${reasonOf(error)}`, { cause: error }));
    });
    asked.end();
  });
}

/** What a proxy answered in the place of the other side. */
export function refusedBy(
  name: string,
  { statusCode = 0, statusMessage = '' }: IncomingMessage,
): ProxyFailure {
  return new ProxyFailure(name, refusalWords(statusCode, statusMessage), {
    isPassing: passing.has(statusCode),
  });
}

/** What a proxy means by a status. */
export function refusalWords(status: number, message: string): string {
  const text = oneLine(`${status} ${message}`);
  return status === 407 ? `wants a log-in that it knows (${text})` : `refuses (${text})`;
}
