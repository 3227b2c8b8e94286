import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { DrydockError, failure, isCancellation, reasonOf } from '../core/errors.ts';
import { ConnectionCut } from '../docker/body.ts';
import { Authorizer, type Scope, type TokenAnswer } from './authorizer.ts';
import type { RegistryCertificates } from './certificates.ts';
import { Connections } from './connections.ts';
import { exchange, type Outgoing, type Request } from './exchange.ts';
import type { LogIn } from './logIns.ts';
import type { ProxySettings } from './proxies.ts';
import { readUpTo } from './readUpTo.ts';
import { isRedirect, nextUrl } from './redirects.ts';
import { readRefusal, refusalFailure } from './refusal.ts';
import type { RegistryAddress } from './registryAddress.ts';
import { isTransient, isTransientStatus, retryAfterMs, Transient, Tries, type Wait } from './retry.ts';
import { isWrongProtocol, untrustedReason } from './tlsFaults.ts';
import { ProxyFailure, refusalWords } from './tunnel.ts';

/** One call to a registry. */
export interface Call {
  /** What people are told it was for: "read the tags of app". */
  readonly what: string;
  readonly method: Request['method'];
  /** A path below `/v2/`, or where an answer said to go on. */
  readonly to: string | URL;
  readonly scopes: readonly Scope[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Outgoing;
  /** Every status that is an answer; others are failures. */
  readonly ok: readonly number[];
  /** How long the registry may think, in milliseconds. */
  readonly idleMs?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly response: IncomingMessage;
  /** Where it came from, after redirects. */
  readonly url: URL;
}

export interface ClientDeps {
  readonly address: RegistryAddress;
  /** Whether to speak http to a host that is not this machine. */
  readonly isPlainHttp: boolean;
  readonly proxies: ProxySettings;
  readonly now: () => number;
  readonly wait: Wait;
  findLogIn(signal: AbortSignal | undefined): Promise<LogIn | undefined>;
  certificates(): Promise<RegistryCertificates>;
}

const usualIdleMs = 60_000;
const maxTokenBytes = 1 << 20;
const maxRedirects = 5;

/** Calls to one registry, with log-in, redirects and tries. Nothing is asked before the first call. */
export class RegistryClient {
  readonly address: RegistryAddress;
  readonly #deps: ClientDeps;
  readonly #authorizer: Authorizer;
  readonly #connections: Connections;
  #certificates: Promise<RegistryCertificates> | undefined;
  #base: Promise<URL> | undefined;
  #hasAnswered = false;

  constructor(deps: ClientDeps) {
    this.#deps = deps;
    this.address = deps.address;
    this.#connections = new Connections(deps.proxies);
    this.#authorizer = new Authorizer({
      address: deps.address,
      now: deps.now,
      isPlainHttp: deps.isPlainHttp,
      findLogIn: (signal) => deps.findLogIn(signal),
      ask: (request, signal) => this.#askToken(request, signal),
    });
  }

  /** Makes a call and lets `use` read the answer; both are tried again when the connection or the registry fails. */
  async ask<T>(call: Call, signal: AbortSignal | undefined, use: (answer: Answer) => Promise<T>): Promise<T> {
    const tries = this.tries(call.what);
    for (;;)
      try {
        return await use(await this.send(call, signal));
      } catch (error) {
        await tries.again(error, signal);
      }
  }

  /** The count of tries for one thing. */
  tries(what: string): Tries {
    return new Tries(this.#deps.wait, this.address.host, what);
  }

  /**
   * Makes a call once: with a log-in where the registry wants one, over redirects. Rejects with a Transient or an error
   * of the connection where another try may help.
   */
  async send(call: Call, signal: AbortSignal | undefined): Promise<Answer> {
    const base = await this.#origin(signal);
    const start = call.to instanceof URL ? call.to : new URL(`/v2/${call.to}`, base);
    // Twice: once to hear what the registry wants, and once more for a token that ended on the way.
    for (let refusals = 0; ; refusals += 1) {
      const used =
        start.origin === base.origin
          ? await this.#authorizer.headerFor(call.scopes, call.what, signal)
          : undefined;
      const answer = await this.#followed(call, { start, base, used }, signal);
      const { status, headers, response } = answer;
      this.#hasAnswered = true;
      if (call.ok.includes(status)) return answer;
      if (status === 401) {
        await readRefusal(response, status);
        if (answer.url.origin !== base.origin || refusals >= 2)
          throw await this.#authorizer.notEnough(call.what, signal);
        await this.#authorizer.refused(headers['www-authenticate'], { used, what: call.what }, signal);
        continue;
      }
      const refusal = await readRefusal(response, status);
      // No registry says this.
      if (status === 407)
        throw failure('proxyUnusable', {
          host: answer.url.host,
          reason: `a proxy ${refusalWords(status, '')}`,
        });
      if (isTransientStatus(status))
        throw new Transient(refusal.reason, retryAfterMs(headers['retry-after'], this.#deps.now()));
      throw refusalFailure(this.address.host, call.what, refusal);
    }
  }

  /** Where an answer says to go on. Behind a proxy that ends TLS registries name themselves with http. */
  async locationOf({ headers, url }: Answer, what: string): Promise<URL> {
    const { host } = this.address;
    const text = headers.location ?? '';
    const target = URL.parse(text, url.href);
    if (text === '' || target === null)
      throw failure('registryGarbled', { host, what, reason: 'it does not say where to go on' });
    const base = await this.#origin(undefined);
    if (target.hostname === base.hostname && target.protocol === 'http:' && base.protocol === 'https:')
      return new URL(`${target.pathname}${target.search}`, base);
    return nextUrl(host, url, text);
  }

  close(): void {
    this.#connections.close();
  }

  async #followed(
    call: Call,
    { start, base, used }: { readonly start: URL; readonly base: URL; readonly used: string | undefined },
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    const { method, headers, body, idleMs = usualIdleMs } = call;
    let url = start;
    for (let redirects = 0; ; redirects += 1) {
      const isOwn = url.origin === base.origin;
      const response = await this.#exchanged(
        {
          ...{ method, url, idleMs, ...(await this.#wayTo(url, isOwn)) },
          headers: {
            'user-agent': 'drydock',
            ...headers,
            // What lets us in here is nobody else's business.
            ...(isOwn && used !== undefined && { authorization: used }),
          },
          ...(body && { body }),
        },
        signal,
      );
      const status = response.statusCode ?? 0;
      if (!isRedirect(method, status) || call.ok.includes(status))
        return { status, headers: response.headers, response, url };
      await readUpTo(response, maxTokenBytes);
      const { host } = this.address;
      url = nextUrl(host, url, response.headers.location ?? '');
      if (redirects >= maxRedirects)
        throw failure('registryUnsafe', { host, to: url.origin, reason: 'that is one time too often' });
    }
  }

  async #exchanged(request: Request, signal: AbortSignal | undefined): Promise<IncomingMessage> {
    try {
      return await exchange(request, signal ?? new AbortController().signal);
    } catch (error) {
      signal?.throwIfAborted();
      throw this.#told(error, request.url);
    }
  }

  /** What no other try would mend. */
  #told(error: unknown, url: URL): unknown {
    if (error instanceof DrydockError || isCancellation(error) || error instanceof ConnectionCut)
      return error;
    const { host } = this.address;
    if (error instanceof ProxyFailure && !(this.#hasAnswered && isTransient(error)))
      return error.isPassing
        ? error
        : failure('proxyUnusable', { host: url.host, reason: error.message }, error);
    const untrusted = untrustedReason(error);
    if (untrusted !== undefined)
      return failure('registryUntrusted', { host: url.host, reason: untrusted }, error);
    if (isWrongProtocol(error))
      return failure(
        'registryUnreachable',
        { host, reason: 'it does not speak TLS, and plain http was not allowed for it' },
        error,
      );
    if (isNonsense(error))
      return failure('registryGarbled', { host, what: 'any request', reason: reasonOf(error) }, error);
    // What once answered may do so again; where it sends to may never have been there.
    if (this.#hasAnswered && (isTransient(error) || !isNoConnection(error))) return error;
    return failure('registryUnreachable', { host: url.host, reason: reasonOf(error) }, error);
  }

  async #askToken(
    { url, authorization, form }: Parameters<ConstructorParameters<typeof Authorizer>[0]['ask']>[0],
    signal: AbortSignal | undefined,
  ): Promise<TokenAnswer> {
    const base = await this.#origin(signal);
    const bytes = form && Buffer.from(form.toString());
    const response = await this.#exchanged(
      {
        ...{ method: form ? 'POST' : 'GET', url, idleMs: usualIdleMs },
        ...(await this.#wayTo(url, url.origin === base.origin)),
        headers: {
          'user-agent': 'drydock',
          ...(authorization !== undefined && { authorization }),
          ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
        },
        ...(bytes && {
          body: {
            sizeBytes: bytes.length,
            async *open() {
              yield await Promise.resolve(bytes);
            },
          },
        }),
      },
      signal,
    );
    const status = response.statusCode ?? 0;
    if (status === 200)
      return { status, body: await readUpTo(response, maxTokenBytes), reason: 'it is not a token' };
    const { reason } = await readRefusal(response, status);
    if (isTransientStatus(status))
      throw new Transient(reason, retryAfterMs(response.headers['retry-after'], this.#deps.now()));
    return { status, body: Buffer.alloc(0), reason };
  }

  /** What is known of the registry's certificates means nothing at other servers. */
  async #wayTo(url: URL, isOwn: boolean): Promise<Pick<Request, 'route' | 'certificates'>> {
    const route = this.#connections.routeTo(url);
    if (url.protocol === 'http:' || !isOwn) return { route };
    this.#certificates ??= this.#deps.certificates();
    return { route, certificates: await this.#certificates };
  }

  async #origin(signal: AbortSignal | undefined): Promise<URL> {
    for (;;) {
      const base = (this.#base ??= this.#chosenOrigin(signal));
      try {
        return await base;
      } catch (error) {
        if (this.#base === base) this.#base = undefined;
        // That the one who asked was cancelled is nothing to those who waited with it.
        if (signal?.aborted === true || !isCancellation(error)) throw error;
      }
    }
  }

  /** On this machine a registry may speak http, as for engines; it is asked over TLS first. */
  async #chosenOrigin(signal: AbortSignal | undefined): Promise<URL> {
    const { authority, isLoopback } = this.address;
    const [secure, plain] = [new URL(`https://${authority}`), new URL(`http://${authority}`)];
    if (this.#deps.isPlainHttp) return plain;
    if (!isLoopback) return secure;
    try {
      const url = new URL('/v2/', secure);
      const request = { method: 'GET', url, headers: {}, ...(await this.#wayTo(url, true)) } as const;
      const response = await exchange(
        { ...request, idleMs: usualIdleMs },
        signal ?? new AbortController().signal,
      );
      response.destroy();
      return secure;
    } catch (error) {
      signal?.throwIfAborted();
      if (isWrongProtocol(error)) return plain;
      throw this.#told(error, secure);
    }
  }
}

/** Whether a connection did not come about: what a body threw has nothing to do with that. */
function isNoConnection(error: unknown): boolean {
  return (
    error instanceof Error && 'syscall' in error && /^(?:connect|getaddrinfo)$/.test(String(error.syscall))
  );
}

/** Whether what came is no HTTP. Of what an end in the middle makes of it another try may help. */
function isNonsense(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && String(error.code).startsWith('HPE_') && !isTransient(error)
  );
}
