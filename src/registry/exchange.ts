import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { RegistryCertificates } from './certificates.ts';
import type { Route } from './connections.ts';
import { refusedBy } from './tunnel.ts';

/** A body that can be sent again from its start. */
export interface Outgoing {
  readonly sizeBytes: number;
  open(): AsyncIterable<Uint8Array>;
}

export interface Request {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Outgoing;
  readonly route: Route;
  readonly certificates?: RegistryCertificates;
  /** How long nothing may come or go before the connection counts as lost, in milliseconds. */
  readonly idleMs: number;
}

/** Nothing moved on a connection for too long, or too little. */
export class IdleConnection extends Error {
  readonly code = 'ETIMEDOUT';

  constructor(idleMs: number, what = 'nothing came for') {
    super(`${what} ${Math.round(idleMs / 1000)} s`);
    this.name = 'IdleConnection';
  }
}

/**
 * Sends one request and resolves with the head of its answer, whatever its status. The body goes at the pace at which
 * the other side takes it. An answer before its end stops it: what is left is not sent, and the connection is not used
 * again. Rejects with what the body threw, an error of the connection, or an AbortError.
 */
export async function exchange(
  { method, url, headers, body, route, certificates: { ca, cert, key } = {}, idleMs }: Request,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  signal.throwIfAborted();
  const { forwarder } = route;
  const isSecure = url.protocol === 'https:';
  const send = isSecure ? httpsRequest : httpRequest;
  const sent = send(url, {
    method,
    agent: route.agent,
    // Said of the request and not of the agent, for which an editor may put one of its own.
    ...(ca && { ca: [...ca] }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(forwarder && { path: url.href }),
    // One of its own, so that many requests at once are no many listeners on one signal.
    signal: AbortSignal.any([signal]),
    headers: {
      ...headers,
      ...(body && { 'content-length': String(body.sizeBytes) }),
      ...(forwarder?.authorization !== undefined && { 'proxy-authorization': forwarder.authorization }),
    },
  });
  const answered = new AbortController();
  const giveUp = (): void => {
    sent.destroy(new IdleConnection(idleMs));
  };
  sent.setTimeout(idleMs, giveUp);
  // An answer whose head comes byte by byte moves all the time and never comes.
  let headTimer: NodeJS.Timeout | undefined;
  sent.once('finish', () => {
    if (!answered.signal.aborted) headTimer = setTimeout(giveUp, idleMs);
  });
  sent.once('close', () => {
    clearTimeout(headTimer);
  });
  let stopListening = (): void => undefined;
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    // A request that still waits for its way through a proxy tells nobody that it was given up.
    const onAbort = (): void => {
      answered.abort();
      reject(new DOMException('The operation was aborted', 'AbortError'));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    stopListening = () => {
      signal.removeEventListener('abort', onAbort);
    };
    sent.once('response', (response) => {
      clearTimeout(headTimer);
      sent.setTimeout(0);
      // A failure after this one is told by the body that is being read.
      response.once('close', () => {
        if (!sent.writableEnded) sent.destroy();
      });
      answered.abort();
      if (isSecure && !isEncrypted(response)) {
        // An editor's way through a proxy hands the proxy's refusal on as if the other side had said it.
        reject(refusedBy('a proxy', response));
        response.destroy();
        return;
      }
      resolve(response);
    });
    // Stays for late errors of a request that is over.
    sent.on('error', reject);
  });
  answer.then(stopListening, stopListening);
  if (body === undefined) {
    sent.end();
    return answer;
  }
  const pumped = pump(sent, body, answered.signal);
  pumped.catch((error: unknown) => {
    sent.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  try {
    return await answer;
  } catch (error) {
    // What the body threw says more than that the request was given up.
    await pumped;
    throw error;
  }
}

/** Whether an answer came from where the certificate is known. */
function isEncrypted({ socket }: IncomingMessage): boolean {
  return 'encrypted' in socket && socket.encrypted === true;
}

/** Rejects only with what the body threw: what the connection does is told by the request. */
async function pump(sent: ClientRequest, body: Outgoing, answered: AbortSignal): Promise<void> {
  for await (const piece of body.open()) {
    if (answered.aborted || sent.destroyed) return;
    if (sent.write(piece)) continue;
    await roomAgain(sent, answered);
  }
  if (!answered.aborted) sent.end();
}

/** Resolves when more can be written, or nothing more is to be. */
function roomAgain(sent: ClientRequest, answered: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      sent.off('drain', done).off('close', done);
      answered.removeEventListener('abort', done);
      resolve();
    };
    sent.on('drain', done).on('close', done);
    answered.addEventListener('abort', done);
    if (sent.destroyed || answered.aborted) done();
  });
}

/**
 * The pieces of a body, each waited for no longer than `idleMs`; how fast they are taken does not count. Where there is a
 * `wholeMs`, all of them together take no longer than that.
 */
export async function* timely(
  pieces: AsyncIterable<Uint8Array>,
  response: IncomingMessage,
  idleMs: number,
  wholeMs?: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const timer = setTimeout(() => response.destroy(new IdleConnection(idleMs)), idleMs);
  const end =
    wholeMs === undefined
      ? undefined
      : setTimeout(() => response.destroy(new IdleConnection(wholeMs, 'its answer did not end in')), wholeMs);
  try {
    for await (const piece of pieces) {
      clearTimeout(timer);
      yield piece;
      timer.refresh();
    }
  } finally {
    clearTimeout(timer);
    clearTimeout(end);
  }
}
