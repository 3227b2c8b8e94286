import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { failure, reasonOf } from '../../core/errors.ts';
import type { Endpoint, EndpointInput } from '../../core/registry/endpoint.ts';
import { Refusal, refuse, send, type Asked } from './answer.ts';
import { logInCheck } from './logInCheck.ts';
import { answerRead } from './readRoutes.ts';
import { Uploads } from './uploadRoutes.ts';

/** Nothing beyond this machine reaches it, whatever its firewall says. */
const host = '127.0.0.1';
const username = 'drydock';
/** Engines push five layers at once, and open a connection for each request. */
const maxConnections = 100;
/** Who holds connections without naming the log-in keeps nobody out: the oldest of these go first. */
const maxStrangers = 40;
/** A connection on which nothing moves for so long is ended; an engine that packs a large file may be silent a while. */
const idleMs = 10 * 60_000;
const maxPathLength = 2000;

/**
 * Listens on 127.0.0.1 as a registry. Each request has to name the log-in, which is made up here and told to nobody but
 * the caller; without it nothing is told, not even what is there. Rejects with `endpointUnusable`.
 */
export async function openEndpoint({ contents, sink, onLogIn, port = 0 }: EndpointInput): Promise<Endpoint> {
  const password = randomBytes(32).toString('base64url');
  const isLoggedIn = logInCheck(username, password);
  const closing = new AbortController();
  const uploads = sink && new Uploads(sink, closing.signal);
  const strangers = new Set<Socket>();
  const answer = async (asked: Asked): Promise<void> => {
    if (!isLoggedIn(asked.request))
      throw new Refusal(401, 'UNAUTHORIZED', 'A log-in is needed.', {
        'WWW-Authenticate': 'Basic realm="drydock"',
      });
    strangers.delete(asked.request.socket);
    onLogIn?.();
    const isReading = asked.method === 'GET' || asked.method === 'HEAD';
    if (isReading && asked.path === '') {
      send(asked, 200, { 'Content-Type': 'application/json' }, '{}');
      return;
    }
    if ((await uploads?.answer(asked)) === true) return;
    if (isReading && contents !== undefined && (await answerRead(contents, asked))) return;
    if (isReading) throw new Refusal(404, 'NAME_UNKNOWN', 'There is nothing here.');
    throw new Refusal(405, 'UNSUPPORTED', 'Nothing can be changed here.', { Allow: 'GET, HEAD' });
  };
  const server = createServer({
    headersTimeout: 10_000,
    connectionsCheckingInterval: 5000,
    requestTimeout: 0,
    keepAliveTimeout: 5000,
  });
  server.maxConnections = maxConnections;
  server.timeout = idleMs;
  server.on('connection', (socket: Socket) => {
    strangers.add(socket);
    socket.once('close', () => strangers.delete(socket));
    const [oldest] = strangers;
    if (strangers.size > maxStrangers) oldest?.destroy();
  });
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    void answered(answer, request, response, closing.signal);
  };
  server.on('request', handle);
  // Nobody is asked for a body before the log-in was looked at.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (isLoggedIn(request)) response.writeContinue();
    handle(request, response);
  });
  const bound = await listening(server, port);
  // A connection that could not be taken, as when files run out, is its sender's matter. Unheard it would end us.
  server.on('error', () => undefined);
  return {
    address: `${host}:${bound}`,
    username,
    password,
    async close() {
      closing.abort();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await uploads?.close();
      await closed;
    },
  };
}

async function listening(server: Server, port: number): Promise<number> {
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, 'listening');
  } catch (error) {
    throw failure('endpointUnusable', { address: `${host}:${port}`, reason: reasonOf(error) }, error);
  }
  const bound = server.address();
  if (typeof bound === 'object' && bound !== null) return bound.port;
  throw failure('endpointUnusable', { address: `${host}:${port}`, reason: 'it has no port' });
}

/** Answers one request, whatever becomes of it. Of a failure of ours nothing is told but that there was one. */
async function answered(
  answer: (asked: Asked) => Promise<void>,
  request: IncomingMessage,
  response: ServerResponse,
  closing: AbortSignal,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => {
    gone.abort();
  });
  response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
  const url = parsedUrl(request.url ?? '');
  const asked: Asked = {
    request,
    response,
    method: request.method ?? '',
    path: url?.path ?? '',
    query: url?.query ?? new URLSearchParams(),
    signal: AbortSignal.any([gone.signal, closing]),
  };
  try {
    await answer(url === undefined ? { ...asked, path: '?' } : asked);
  } catch (error) {
    const refusal = error instanceof Refusal ? error : new Refusal(500, 'UNKNOWN', 'It did not work.');
    // A body that broke off must not look whole.
    if (response.headersSent) response.destroy();
    else refuse(asked, refusal);
  }
}

/** What is below `/v2/`; undefined for any other address. */
function parsedUrl(text: string): { readonly path: string; readonly query: URLSearchParams } | undefined {
  const [path = '', query = ''] = text.split('?', 2);
  const below = path === '/v2' ? '' : /^\/v2\/(.*)$/.exec(path)?.[1];
  if (below === undefined || text.length > maxPathLength) return undefined;
  try {
    return { path: decodeURIComponent(below), query: new URLSearchParams(query) };
  } catch {
    return undefined;
  }
}
