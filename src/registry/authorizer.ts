import * as z from 'zod';
import { failure, isCancellation } from '../core/errors.ts';
import { parseJson } from '../core/oci/parseJson.ts';
import type { RegistryAddress } from './registryAddress.ts';
import { isLoopback } from './registryAddress.ts';
import { parseChallenges, type Challenge } from './challenge.ts';
import type { LogIn } from './logIns.ts';

/** An answer of the server that gives tokens, read whole. */
export interface TokenAnswer {
  readonly status: number;
  readonly body: Uint8Array;
  readonly reason: string;
}

export interface AuthorizerDeps {
  readonly address: RegistryAddress;
  readonly now: () => number;
  /** Whether http was asked for by name. */
  readonly isPlainHttp: boolean;
  findLogIn(signal: AbortSignal | undefined): Promise<LogIn | undefined>;
  /** Asks a token server: GET, or POST where there is a form. */
  ask(
    request: { readonly url: URL; readonly authorization?: string; readonly form?: URLSearchParams },
    signal: AbortSignal | undefined,
  ): Promise<TokenAnswer>;
}

/** What a call needs: `repository:app:pull,push`. */
export type Scope = string;

const tokenAnswer = z.looseObject({
  token: z
    .string()
    .max(1 << 20)
    .optional(),
  access_token: z
    .string()
    .max(1 << 20)
    .optional(),
  expires_in: z.number().positive().optional().catch(undefined),
});

/** Distribution's own default, for servers that say nothing. */
const usualLifeSeconds = 60;
/** A token that ends while its request is on the way is of no use. */
const marginMs = 10_000;
const clientId = 'drydock';

interface Token {
  readonly header: string;
  readonly endsMs: number;
}

/**
 * Answers the challenges of one registry. The first call goes without any authorization; what the registry says to
 * that is remembered, and later calls have a token for their scopes, renewed before it ends or when it is refused.
 * Source: distribution's auth/token.md and auth/oauth.md.
 */
export class Authorizer {
  readonly #deps: AuthorizerDeps;
  readonly #tokens = new Map<string, Promise<Token>>();
  #challenge: Challenge | undefined;

  constructor(deps: AuthorizerDeps) {
    this.#deps = deps;
  }

  /** The header for a call that needs these scopes; undefined while the registry has asked for nothing. */
  async headerFor(
    scopes: readonly Scope[],
    what: string,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    const challenge = this.#challenge;
    if (challenge === undefined) return undefined;
    const key = challenge.scheme === 'basic' ? '' : [...scopes].sort().join(' ');
    for (;;) {
      const known = this.#tokens.get(key);
      const token = await known?.catch(() => undefined);
      if (token !== undefined && token.endsMs - marginMs > this.#deps.now()) return token.header;
      if (this.#tokens.get(key) === known) this.#tokens.delete(key);
      // Whoever comes first asks for a new one, and the others wait for it.
      const renewed = this.#tokens.get(key) ?? this.#renewed(challenge, key, scopes, what, signal);
      try {
        return (await renewed).header;
      } catch (error) {
        // That the one who asked was cancelled is nothing to those who waited with it.
        if (signal?.aborted === true || !isCancellation(error)) throw error;
      }
    }
  }

  /**
   * Takes what stood in a 401. Resolves when the call may be tried again, and rejects where the same answer would come:
   * `registryLogInMissing`, `registryLogInRefused`.
   */
  async refused(
    header: string | undefined,
    { used, what }: { readonly used: string | undefined; readonly what: string },
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const challenges = parseChallenges(header);
    const challenge =
      challenges.find(({ scheme, parameters }) => scheme === 'bearer' && parameters['realm'] !== undefined) ??
      challenges.find(({ scheme }) => scheme === 'basic');
    const { host } = this.#deps.address;
    if (challenge === undefined)
      throw failure('registryGarbled', { host, what, reason: 'a refusal that does not say how to log in' });
    this.#challenge = challenge;
    for (const [key, token] of [...this.#tokens])
      if ((await token.catch(() => undefined))?.header === used) this.#tokens.delete(key);
    if (challenge.scheme !== 'basic' || used?.startsWith('Basic ') !== true) return;
    const logIn = await this.#deps.findLogIn(signal);
    throw failure('registryLogInRefused', { host, user: userOf(logIn) });
  }

  /** The failure for a call that was refused with a fresh token. */
  async notEnough(what: string, signal: AbortSignal | undefined): Promise<Error> {
    const { host } = this.#deps.address;
    const logIn = await this.#deps.findLogIn(signal);
    if (logIn === undefined) return failure('registryLogInMissing', { host, what });
    return failure('registryDenied', { host, what, reason: `${userOf(logIn)} may not` });
  }

  #renewed(
    challenge: Challenge,
    key: string,
    scopes: readonly Scope[],
    what: string,
    signal: AbortSignal | undefined,
  ): Promise<Token> {
    const token = this.#token(challenge, scopes, what, signal);
    this.#tokens.set(key, token);
    token.catch(() => {
      if (this.#tokens.get(key) === token) this.#tokens.delete(key);
    });
    return token;
  }

  async #token(
    challenge: Challenge,
    scopes: readonly Scope[],
    what: string,
    signal: AbortSignal | undefined,
  ): Promise<Token> {
    const { address } = this.#deps;
    const logIn = await this.#deps.findLogIn(signal);
    if (logIn?.kind === 'bearer')
      return { header: `Bearer ${logIn.token}`, endsMs: Number.POSITIVE_INFINITY };
    if (challenge.scheme === 'basic') {
      if (logIn?.kind !== 'password') throw failure('registryLogInMissing', { host: address.host, what });
      return { header: basic(logIn), endsMs: Number.POSITIVE_INFINITY };
    }
    const askedMs = this.#deps.now();
    const answer = await this.#ask(challenge, logIn, scopes, signal);
    if (answer.status === 401 || answer.status === 403)
      throw logIn === undefined
        ? failure('registryLogInMissing', { host: address.host, what })
        : failure('registryLogInRefused', { host: address.host, user: userOf(logIn) });
    const garbled = (reason: string): Error =>
      failure('registryGarbled', { host: address.host, what: 'log in', reason });
    if (answer.status !== 200) throw garbled(answer.reason);
    let parsed;
    try {
      parsed = parseJson(answer.body, tokenAnswer, 'the token');
    } catch {
      // The parser's words may hold a piece of the token.
      throw garbled('it is not a token');
    }
    const token = parsed.token ?? parsed.access_token ?? '';
    if (!/^[\x21-\x7e]+$/.test(token)) throw garbled('it holds no token');
    return {
      header: `Bearer ${token}`,
      endsMs: askedMs + (parsed.expires_in ?? usualLifeSeconds) * 1000,
    };
  }

  #ask(
    { parameters }: Challenge,
    logIn: LogIn | undefined,
    scopes: readonly Scope[],
    signal: AbortSignal | undefined,
  ): Promise<TokenAnswer> {
    const url = this.#realm(parameters['realm'] ?? '', logIn !== undefined);
    const { service } = parameters;
    // What the registry names may be more than was thought to be enough.
    const wanted = [
      ...new Set([...scopes, ...(parameters['scope'] ?? '').split(' ').filter((one) => one !== '')]),
    ];
    if (logIn?.kind === 'identity') {
      const form = new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: logIn.token,
        client_id: clientId,
        ...(service !== undefined && { service }),
        ...(wanted.length > 0 && { scope: wanted.join(' ') }),
      });
      return this.#deps.ask({ url, form }, signal);
    }
    if (service !== undefined) url.searchParams.set('service', service);
    for (const scope of wanted) url.searchParams.append('scope', scope);
    if (logIn?.kind !== 'password') return this.#deps.ask({ url }, signal);
    url.searchParams.set('account', logIn.user);
    return this.#deps.ask({ url, authorization: basic(logIn) }, signal);
  }

  /** A secret goes to the server that the registry names, as the protocol has it, but never in the open. */
  #realm(text: string, hasSecret: boolean): URL {
    const { address, isPlainHttp } = this.#deps;
    const unsafe = (reason: string): Error =>
      failure('registryUnsafe', { host: address.host, to: text.slice(0, 200), reason });
    const url = URL.parse(text);
    if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
      throw unsafe('that is no address of a token server');
    if (url.username !== '' || url.password !== '') throw unsafe('it names a user');
    if (url.protocol === 'http:' && hasSecret && !isPlainHttp && !isLoopback(url.hostname))
      throw unsafe('the log-in would go there in the open');
    if (hasSecret && isLoopback(url.hostname) && !address.isLoopback)
      throw unsafe('the log-in would go to whatever listens on this machine');
    return url;
  }
}

function basic({ user, password }: { readonly user: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function userOf(logIn: LogIn | undefined): string {
  return logIn?.kind === 'password' ? logIn.user : 'this user';
}
