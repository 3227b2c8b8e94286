import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { setMaxListeners } from 'node:events';
import type { Readable } from 'node:stream';
import type { JsonObject } from '../core/engine/records.ts';
import { DrydockError, failure, type FailureCode } from '../core/errors.ts';
import { ApiVersion } from './apiVersion.ts';
import { ConnectionCut, readBody, readJson } from './body.ts';
import { abortError, refusalOf, translateFault } from './faults.ts';
import type { Transport } from './transport.ts';

/** One call to the engine. */
export interface EngineCall {
  /** What people are shown, in the words of the Docker CLI. */
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';
  /** Encoded, without the API version. */
  readonly path: string;
  /** Set for Podman's own API, which has versions of its own. */
  readonly isLibpod?: boolean;
  /** Places that are undefined are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  readonly upload?: Readable;
  /** What a POST has as its body. */
  readonly json?: JsonObject;
  /** The log-in for a registry; it is in no log and in no failure. */
  readonly registryAuth?: string;
  /** What the call is about, for 404 and 409. */
  readonly subject?: {
    readonly kind: 'image' | 'container' | 'volume' | 'network';
    readonly name: string;
  };
  readonly deadlineMs?: number;
}

/** For calls that only look something up. */
const usualDeadlineMs = 30_000;

/** The engine's lists are read up to here: tens of thousands of images. */
const largestJsonBytes = 256 * 1024 * 1024;

/** After these another engine may answer next. */
const lostCodes: ReadonlySet<FailureCode> = new Set(['engineUnreachable', 'engineAnswerCut', 'streamCut']);

/** Calls with deadlines, retries, the agreed API version and our own failures. */
export class EngineClient {
  readonly address: string;
  readonly #transport: Transport;
  readonly #version: ApiVersion;
  readonly #closing = new AbortController();

  constructor(transport: Transport, address: string) {
    this.#transport = transport;
    this.address = address;
    this.#version = new ApiVersion(address, (signal) => this.#ping(signal));
  }

  /** The answer's JSON, not yet parsed into anything. */
  async json(call: EngineCall, signal?: AbortSignal): Promise<unknown> {
    return this.#withDeadline(call, signal, async (own) => {
      const response = await this.#answered(call, own);
      return readJson(response, { call: call.name, limitBytes: largestJsonBytes });
    });
  }

  /** A call whose answer says nothing but that it is done. 304 means that it was done before. */
  async done(call: EngineCall, signal?: AbortSignal): Promise<void> {
    await this.#withDeadline(call, signal, async (own) => {
      await readBody(await this.#answered(call, own), { call: call.name, limitBytes: largestJsonBytes });
    });
  }

  /** The head of an answer that has no body worth reading. */
  async head(call: EngineCall, signal?: AbortSignal): Promise<IncomingHttpHeaders> {
    return this.#withDeadline(call, signal, async (own) => {
      const response = await this.#answered(call, own);
      await readBody(response, { call: call.name, limitBytes: largestJsonBytes });
      return response.headers;
    });
  }

  /**
   * An answer whose body is a stream. There is no deadline: an engine may work for minutes before the first byte.
   * That the engine lives at all is asked first, under a deadline.
   */
  async open(call: EngineCall, signal: AbortSignal): Promise<IncomingMessage> {
    try {
      await this.#version.refresh(signal);
      return await this.#answered(call, signal);
    } catch (error) {
      throw this.#told(error, call, signal);
    }
  }

  /** As {@link open}, but the head of the answer is due in time: for streams that begin at once. */
  async follow(call: EngineCall, signal: AbortSignal): Promise<IncomingMessage> {
    const body = new AbortController();
    const cut = (): void => {
      body.abort(signal.reason);
    };
    signal.addEventListener('abort', cut, { once: true });
    try {
      const response = await this.#withDeadline(call, signal, async (own) => {
        own.addEventListener('abort', () => {
          if (!signal.aborted) body.abort(own.reason);
        });
        await this.#version.refresh(own);
        return this.#answered(call, body.signal);
      });
      response.once('close', () => {
        signal.removeEventListener('abort', cut);
      });
      return response;
    } catch (error) {
      signal.removeEventListener('abort', cut);
      throw error;
    }
  }

  /** The API version that both sides speak, for example `1.41`. */
  async apiVersion(signal?: AbortSignal): Promise<string> {
    return this.#withDeadline({ name: 'ping' }, signal, (own) => this.#version.agreed(own));
  }

  /** Whether Podman's compatible service answers: it differs in a few places that no API version tells. */
  async isPodman(signal?: AbortSignal): Promise<boolean> {
    await this.apiVersion(signal);
    return this.#version.isPodman;
  }

  /** The version of Podman's own API, undefined for Docker. */
  async libpodVersion(signal?: AbortSignal): Promise<string | undefined> {
    await this.apiVersion(signal);
    return this.#version.libpod;
  }

  /** Fires when the client is closed; nothing is sent from then on. */
  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#transport.close();
  }

  /** Sends `call` and resolves with its answer when the status says that it was accepted. */
  async #answered(call: EngineCall, signal: AbortSignal): Promise<IncomingMessage> {
    const first = await this.#sent(call, await this.#version.agreed(signal), signal);
    if (first.statusCode !== 400 || call.upload !== undefined || !this.#version.isOutdatedBy(first)) {
      return this.#accepted(call, first);
    }
    // The engine was replaced by one of another version since we asked.
    first.resume();
    return this.#accepted(call, await this.#sent(call, await this.#version.refresh(signal), signal));
  }

  async #accepted(call: EngineCall, response: IncomingMessage): Promise<IncomingMessage> {
    const status = response.statusCode ?? 0;
    if ((status >= 200 && status < 300) || status === 304) return response;
    throw await refusalOf(response, call, this.address);
  }

  async #sent(call: EngineCall, version: string, signal: AbortSignal): Promise<IncomingMessage> {
    if (this.closed.aborted) throw abortError(this.closed);
    const request = {
      method: call.method,
      path: `/v${call.isLibpod ? (this.#version.libpod ?? version) : version}${call.path}`,
      query: withoutUndefined(call.query ?? {}),
      ...(call.json === undefined ? {} : { json: call.json }),
      ...(call.upload === undefined ? {} : { upload: call.upload }),
      ...(call.registryAuth === undefined ? {} : { registryAuth: call.registryAuth }),
    };
    try {
      return await this.#transport.send(request, signal);
    } catch (error) {
      // A socket that was kept from an earlier call may have died since; only what changes nothing may be asked twice.
      if (isChange(call.method) || !isStaleSocket(error) || signal.aborted) throw error;
      return this.#transport.send(request, signal);
    }
  }

  #ping(signal: AbortSignal): Promise<IncomingMessage> {
    return this.#withDeadline({ name: 'ping', deadlineMs: 15_000 }, signal, async (own) => {
      if (this.closed.aborted) throw abortError(this.closed);
      const request = { method: 'GET', path: '/_ping', query: {} } as const;
      let response: IncomingMessage;
      try {
        response = await this.#transport.send(request, own);
      } catch (error) {
        if (!isStaleSocket(error) || own.aborted) throw error;
        response = await this.#transport.send(request, own);
      }
      // A refusal that names its API version is an engine's own; anything else is told in its own words.
      if ((response.statusCode ?? 0) >= 400 && response.headers['api-version'] === undefined) {
        throw await refusalOf(response, { name: 'ping', ...request }, this.address);
      }
      await readBody(response, { call: 'ping', limitBytes: 64 * 1024 });
      return response;
    });
  }

  /**
   * Races `work` against the caller's signal and the deadline. The race matters: a request that was aborted does not
   * always settle.
   */
  async #withDeadline<T>(
    call: Pick<EngineCall, 'name' | 'deadlineMs'> & Partial<EngineCall>,
    signal: AbortSignal | undefined,
    work: (own: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const own = new AbortController();
    setMaxListeners(0, own.signal);
    const deadlineMs = call.deadlineMs ?? usualDeadlineMs;
    let timer: NodeJS.Timeout | undefined;
    let onAbort: (() => void) | undefined;
    const interrupted = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(failure('engineTimeout', { call: call.name, seconds: Math.round(deadlineMs / 1000) }));
        own.abort();
      }, deadlineMs);
      onAbort = () => {
        reject(abortError(signal));
        own.abort(signal?.reason);
      };
      if (signal?.aborted) onAbort();
      else signal?.addEventListener('abort', onAbort, { once: true });
    });
    // When the signal fired before anything began, nothing is asked.
    const worked = signal?.aborted ? new Promise<never>(() => undefined) : work(own.signal);
    try {
      return await Promise.race([worked, interrupted]);
    } catch (error) {
      throw this.#told(error, call, signal);
    } finally {
      clearTimeout(timer);
      if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
      worked.catch(() => undefined);
      interrupted.catch(() => undefined);
    }
  }

  #told(error: unknown, call: Pick<EngineCall, 'name'> & Partial<EngineCall>, signal?: AbortSignal): Error {
    const told = translateFault(error, {
      call: call.name,
      address: this.address,
      signal,
      isChange: call.method !== undefined && isChange(call.method),
    });
    if (told instanceof DrydockError && lostCodes.has(told.code)) this.#version.forget();
    return told;
  }
}

/** `/images/{ref}/json` and its like: each part encoded, slashes of a name kept as the engine's router wants them. */
export function pathOf(parts: TemplateStringsArray, ...refs: readonly string[]): string {
  return parts.reduce((path, part, index) => path + encodeRef(refs[index - 1] ?? '') + part);
}

function encodeRef(ref: string): string {
  return ref
    .split('/')
    .map((segment) => encodeURIComponent(segment).replaceAll('%3A', ':').replaceAll('%40', '@'))
    .join('/');
}

function isChange(method: EngineCall['method']): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

function isStaleSocket(error: unknown): boolean {
  if (error instanceof ConnectionCut || !(error instanceof Error) || !('code' in error)) return false;
  return error.code === 'ECONNRESET' || error.code === 'EPIPE';
}

function withoutUndefined(
  query: NonNullable<EngineCall['query']>,
): Record<string, string | number | boolean | readonly string[]> {
  const given: Record<string, string | number | boolean | readonly string[]> = {};
  for (const [key, value] of Object.entries(query)) if (value !== undefined) given[key] = value;
  return given;
}
