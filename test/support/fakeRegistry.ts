/** An OCI registry in memory that keeps what it is sent, tells what it was asked, and fails where a test says. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { digestOf, isDigest, type Digest } from '../../src/core/digest.ts';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
}

/** Answers, breaks off or looks on; only where it says `passes` does the registry go on with the request. */
export type Fault = (
  request: IncomingMessage,
  response: ServerResponse,
  seen: SeenRequest,
) => 'passes' | 'handled' | Promise<'passes' | 'handled'>;

export interface StoredManifest {
  readonly mediaType: string;
  readonly bytes: Buffer;
}

export class FakeRegistry {
  readonly blobs = new Map<string, Buffer>();
  readonly manifests = new Map<string, StoredManifest>();
  readonly uploads = new Map<string, Buffer>();
  readonly seen: SeenRequest[] = [];
  /** Asked in order before each request. */
  readonly faults: Fault[] = [];
  knowsRanges = true;
  listsReferrers = false;
  /** Refuses a document that names what is not there, as Distribution does. */
  wantsEverything = false;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => {
        response.destroy();
      });
    });
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get origin(): string {
    return `http://${this.host}`;
  }

  blob(repository: string, digest: Digest): Buffer | undefined {
    return this.blobs.get(`${repository} ${digest}`);
  }

  addBlob(repository: string, bytes: Uint8Array): Digest {
    const digest = digestOf(bytes);
    this.blobs.set(`${repository} ${digest}`, Buffer.from(bytes));
    return digest;
  }

  addManifest(repository: string, document: object, mediaType: string, tag?: string): Digest {
    const bytes = Buffer.from(JSON.stringify(document));
    const digest = digestOf(bytes);
    for (const ref of [digest, tag ?? digest])
      this.manifests.set(`${repository} ${ref}`, { mediaType, bytes });
    return digest;
  }

  /** What was asked, as `METHOD path`. */
  get asked(): readonly string[] {
    return this.seen.map(({ method, path }) => `${method} ${path}`);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.origin);
    const { method = '' } = request;
    const seen = { method, path: url.pathname, query: url.searchParams, headers: request.headers };
    this.seen.push(seen);
    for (const fault of [...this.faults]) if ((await fault(request, response, seen)) === 'handled') return;
    const match = /^\/v2\/(.+)\/(manifests|blobs|tags|referrers)\/(.*)$/.exec(url.pathname);
    const [, repository = '', kind, rest = ''] = match ?? [];
    if (url.pathname === '/v2/') {
      response.end('{}');
      return;
    }
    if (url.pathname === '/v2/_catalog') {
      const repositories = [...new Set([...this.manifests.keys()].map((key) => key.split(' ')[0]))];
      this.#json(response, 200, { repositories });
    } else if (kind === 'manifests') await this.#manifest(request, response, repository, rest);
    else if (kind === 'tags') this.#tags(response, repository, url);
    else if (kind === 'referrers' && this.listsReferrers) this.#referrers(response, repository, rest);
    else if (kind === 'blobs' && rest.startsWith('uploads/'))
      await this.#upload(request, response, { repository, id: rest.slice('uploads/'.length), url });
    else if (kind === 'blobs') await this.#blob(request, response, repository, rest);
    else this.#json(response, 404, { errors: [{ code: 'NOT_FOUND', message: 'no such page' }] });
  }

  #json(response: ServerResponse, status: number, body: object): void {
    const type = 'manifests' in body ? 'application/vnd.oci.image.index.v1+json' : 'application/json';
    response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body));
  }

  async #manifest(
    request: IncomingMessage,
    response: ServerResponse,
    repository: string,
    ref: string,
  ): Promise<void> {
    if (request.method === 'PUT') {
      const bytes = await bodyOf(request);
      const digest = digestOf(bytes);
      const mediaType = request.headers['content-type'] ?? '';
      const absent = this.wantsEverything ? this.#absentOf(repository, bytes) : undefined;
      if (absent !== undefined) {
        this.#json(response, 400, {
          errors: [{ code: 'MANIFEST_BLOB_UNKNOWN', message: `${absent} unknown` }],
        });
        return;
      }
      for (const each of [ref, digest]) this.manifests.set(`${repository} ${each}`, { mediaType, bytes });
      const { subject } = JSON.parse(bytes.toString()) as { subject?: { digest: string } };
      const head = this.listsReferrers && subject ? { 'OCI-Subject': subject.digest } : {};
      response.writeHead(201, { 'docker-content-digest': digest, ...head }).end();
      return;
    }
    const found = this.manifests.get(`${repository} ${ref}`);
    if (found === undefined) {
      this.#json(response, 404, { errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }] });
      return;
    }
    if (request.method === 'DELETE') {
      const digest = digestOf(found.bytes);
      for (const [key, { bytes }] of [...this.manifests])
        if (
          key.startsWith(`${repository} `) &&
          (isDigest(ref) ? digestOf(bytes) === digest : key.endsWith(` ${ref}`))
        )
          this.manifests.delete(key);
      response.writeHead(202).end();
      return;
    }
    response.writeHead(200, {
      'content-type': found.mediaType,
      'content-length': found.bytes.length,
      'docker-content-digest': digestOf(found.bytes),
    });
    response.end(request.method === 'HEAD' ? undefined : found.bytes);
  }

  #absentOf(repository: string, bytes: Buffer): string | undefined {
    const { manifests, config, layers } = JSON.parse(bytes.toString()) as Record<
      'manifests' | 'layers',
      readonly { digest: string }[] | undefined
    > & { config?: { digest: string } };
    const lackedBlob = [...(config ? [config] : []), ...(layers ?? [])].find(
      ({ digest }) => !this.blobs.has(`${repository} ${digest}`),
    );
    const lacked = manifests?.find(({ digest }) => !this.manifests.has(`${repository} ${digest}`));
    return (lackedBlob ?? lacked)?.digest;
  }

  /** Two on a page, whatever was asked for. */
  #tags(response: ServerResponse, repository: string, url: URL): void {
    const tags = [...this.manifests.keys()]
      .filter((key) => key.startsWith(`${repository} `) && !key.includes('sha256:'))
      .map((key) => key.slice(repository.length + 1))
      .sort();
    if (tags.length === 0) {
      this.#json(response, 404, { errors: [{ code: 'NAME_UNKNOWN' }] });
      return;
    }
    const after = url.searchParams.get('last');
    const rest = tags.filter((tag) => after === null || tag > after);
    const page = rest.slice(0, 2);
    if (rest.length > 2)
      response.setHeader('link', `</v2/${repository}/tags/list?n=2&last=${page.at(-1) ?? ''}>; rel="next"`);
    this.#json(response, 200, { name: repository, tags: page });
  }

  #referrers(response: ServerResponse, repository: string, digest: string): void {
    const manifests = [...this.manifests]
      .filter(([key]) => key.startsWith(`${repository} sha256:`))
      .filter(([, { bytes }]) => bytes.includes('"subject"') && bytes.includes(digest))
      .map(([, { mediaType, bytes }]) => ({ mediaType, digest: digestOf(bytes), size: bytes.length }));
    this.#json(response, 200, { schemaVersion: 2, manifests });
  }

  async #blob(
    request: IncomingMessage,
    response: ServerResponse,
    repository: string,
    digest: string,
  ): Promise<void> {
    await Promise.resolve();
    const bytes = this.blobs.get(`${repository} ${digest}`);
    if (bytes === undefined) {
      this.#json(response, 404, { errors: [{ code: 'BLOB_UNKNOWN', message: 'blob unknown' }] });
      return;
    }
    const [, from, last = ''] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const start = Number(from ?? 0);
    const end = last === '' ? bytes.length : Math.min(Number(last) + 1, bytes.length);
    const isPart = this.knowsRanges && from !== undefined;
    if (isPart && start >= bytes.length) {
      response.writeHead(416).end();
      return;
    }
    const body = isPart ? bytes.subarray(start, end) : bytes;
    response.writeHead(isPart ? 206 : 200, {
      'content-length': body.length,
      ...(isPart && { 'content-range': `bytes ${start}-${end - 1}/${bytes.length}` }),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  async #upload(
    request: IncomingMessage,
    response: ServerResponse,
    { repository, id, url }: { readonly repository: string; readonly id: string; readonly url: URL },
  ): Promise<void> {
    if (request.method === 'POST') {
      const [mount, from] = [url.searchParams.get('mount'), url.searchParams.get('from')];
      const held = this.blobs.get(`${from ?? ''} ${mount ?? ''}`);
      if (held !== undefined) {
        this.blobs.set(`${repository} ${mount ?? ''}`, held);
        response.writeHead(201, { location: `/v2/${repository}/blobs/${mount ?? ''}` }).end();
        return;
      }
      this.#standing(response, 202, repository, randomUUID(), Buffer.alloc(0));
      return;
    }
    const before = this.uploads.get(id);
    if (before === undefined) {
      request.resume();
      this.#json(response, 404, { errors: [{ code: 'BLOB_UPLOAD_UNKNOWN', message: 'upload unknown' }] });
      return;
    }
    if (request.method === 'DELETE') {
      this.uploads.delete(id);
      response.writeHead(204).end();
      return;
    }
    if (request.method === 'GET') {
      this.#standing(response, 204, repository, id, before);
      return;
    }
    const from = Number(/^(\d+)-/.exec(request.headers['content-range'] ?? '')?.[1] ?? 0);
    if (request.method === 'PATCH' && from !== before.length) {
      request.resume();
      response.writeHead(416, { location: this.#place(repository, id), range: rangeOf(before) }).end();
      return;
    }
    // What came before a connection breaks is kept.
    const pieces = [before];
    try {
      for await (const piece of request) pieces.push(piece as Buffer);
    } catch {
      this.uploads.set(id, Buffer.concat(pieces));
      return;
    }
    const bytes = Buffer.concat(pieces);
    this.uploads.set(id, bytes);
    if (request.method === 'PATCH') {
      this.#standing(response, 202, repository, id, bytes);
      return;
    }
    if (digestOf(bytes) !== url.searchParams.get('digest')) {
      this.#json(response, 400, {
        errors: [{ code: 'DIGEST_INVALID', message: 'provided digest did not match' }],
      });
      return;
    }
    this.uploads.delete(id);
    this.blobs.set(`${repository} ${digestOf(bytes)}`, bytes);
    response.writeHead(201, { location: `/v2/${repository}/blobs/${digestOf(bytes)}` }).end();
  }

  #standing(response: ServerResponse, status: number, repository: string, id: string, bytes: Buffer): void {
    this.uploads.set(id, bytes);
    response.writeHead(status, { location: this.#place(repository, id), range: rangeOf(bytes) }).end();
  }

  /** Relative, and with a query that has to stay. */
  #place(repository: string, id: string): string {
    return `/v2/${repository}/blobs/uploads/${id}?_state=a%3Db%2Bc`;
  }
}

function rangeOf(bytes: Buffer): string {
  return `0-${Math.max(0, bytes.length - 1)}`;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
