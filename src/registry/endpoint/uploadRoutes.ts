import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { digestOf, isDigest, type Digest } from '../../core/digest.ts';
import { DrydockError } from '../../core/errors.ts';
import type { PushSink } from '../../core/registry/endpoint.ts';
import { Refusal, send, type Asked } from './answer.ts';
import { UploadSession } from './uploadSession.ts';

/** Engines send five layers at once. */
const maxSessions = 64;
/** Source: distribution-spec 1.1, "Pushing Manifests". */
const maxManifestBytes = 4 << 20;

/** What is being pushed to one endpoint. */
export class Uploads {
  readonly #sink: PushSink;
  readonly #closing: AbortSignal;
  readonly #sessions = new Map<string, UploadSession>();

  constructor(sink: PushSink, closing: AbortSignal) {
    this.#sink = sink;
    this.#closing = closing;
  }

  /** Answers what a push consists of. Resolves with whether it did; rejects with a {@link Refusal}. */
  async answer(asked: Asked): Promise<boolean> {
    const { method, path } = asked;
    const upload = /^(.+)\/blobs\/uploads\/([^/]*)$/.exec(path);
    if (upload !== null) {
      const [, name = '', id = ''] = upload;
      if (id === '' && method === 'POST') this.#begin(asked, name);
      else await this.#goOn(asked, name, id);
      return true;
    }
    const blob = /^.+\/blobs\/([^/]+)$/.exec(path)?.[1];
    if (blob !== undefined && method === 'HEAD') {
      await this.#headBlob(asked, blob);
      return true;
    }
    const ref = /^.+\/manifests\/([^/]+)$/.exec(path)?.[1];
    if (ref === undefined || method !== 'PUT') return false;
    await this.#putManifest(asked, ref);
    return true;
  }

  /** Ends all uploads; resolves when the sink has let go of them. */
  async close(): Promise<void> {
    const open = [...this.#sessions.values()];
    this.#sessions.clear();
    for (const session of open) session.stop(new Error('the endpoint was closed'));
    await Promise.all(open.map((session) => session.settled()));
  }

  async #headBlob(asked: Asked, text: string): Promise<void> {
    const found = isDigest(text) ? await this.#sink.headBlob(text) : undefined;
    if (found === undefined) throw new Refusal(404, 'BLOB_UNKNOWN', 'There is no such blob.');
    asked.response.writeHead(200, {
      'Content-Type': 'application/octet-stream',
      'Content-Length': found.sizeBytes,
      'Docker-Content-Digest': text,
    });
    asked.response.end();
  }

  /** Mounts are not done, and a body that comes at once is not read: both are answered with an upload to go on with. */
  #begin(asked: Asked, name: string): void {
    if (this.#sessions.size >= maxSessions)
      throw new Refusal(429, 'UNKNOWN', 'Too much is being sent at once.');
    const id = randomUUID();
    this.#sessions.set(id, new UploadSession(this.#sink, this.#closing));
    send(asked, 202, this.#place(name, id, 0));
  }

  async #goOn(asked: Asked, name: string, id: string): Promise<void> {
    const session = this.#sessions.get(id);
    if (session === undefined) throw new Refusal(404, 'BLOB_UPLOAD_UNKNOWN', 'There is no such upload.');
    if (session.isBusy)
      throw new Refusal(400, 'BLOB_UPLOAD_INVALID', 'Something else is sent to this upload.');
    const { method, request } = asked;
    if (method === 'GET') send(asked, 204, this.#place(name, id, session.receivedBytes));
    else if (method === 'DELETE') {
      this.#sessions.delete(id);
      session.stop(new Error('the sender took it back'));
      send(asked, 204, {});
    } else if (method === 'PATCH') {
      requireStart(request, session.receivedBytes);
      const taken = await this.#take(session, id, { body: request });
      // An engine closes the connection when it has the answer. Were it closed here, with bytes on the way, the answer
      // might be lost and the engine try again.
      const stay = taken === 'enough' ? { Connection: 'keep-alive' } : {};
      send(asked, 202, { ...this.#place(name, id, session.receivedBytes), ...stay });
    } else if (method === 'PUT') {
      const digest = asked.query.get('digest') ?? '';
      if (!isDigest(digest)) throw new Refusal(400, 'DIGEST_INVALID', 'The upload ends without its digest.');
      await this.#take(session, id, { body: request, announced: digest });
      this.#sessions.delete(id);
      await session.end(digest).catch((error: unknown) => {
        if (error instanceof DrydockError && error.code === 'blobMismatch')
          throw new Refusal(400, 'DIGEST_INVALID', 'What came is not what was announced.');
        throw error;
      });
      const place = { Location: `/v2/${name}/blobs/${digest}`, 'Docker-Content-Digest': digest };
      send(asked, 201, place);
    } else throw new Refusal(405, 'UNSUPPORTED', 'An upload can’t be asked for that.');
  }

  async #take(
    session: UploadSession,
    id: string,
    { body, announced }: { readonly body: IncomingMessage; readonly announced?: Digest },
  ): Promise<'all' | 'enough'> {
    // Leaving a stream in its middle would close the connection before it is answered.
    const bytes = body.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
    try {
      return await session.take(bytes, announced);
    } catch (error) {
      this.#sessions.delete(id);
      throw error;
    }
  }

  async #putManifest(asked: Asked, ref: string): Promise<void> {
    const { request } = asked;
    const chunks: Uint8Array[] = [];
    let sizeBytes = 0;
    for await (const chunk of request as AsyncIterable<Uint8Array>) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxManifestBytes) throw new Refusal(413, 'SIZE_INVALID', 'The manifest is too large.');
      chunks.push(chunk);
    }
    const bytes = Buffer.concat(chunks);
    const digest = digestOf(bytes);
    if (isDigest(ref) && ref !== digest)
      throw new Refusal(400, 'DIGEST_INVALID', 'The manifest is not what was announced.');
    const mediaType = (request.headers['content-type'] ?? '').slice(0, 255);
    const became = await this.#sink.takeDocument(
      { mediaType, digest, bytes },
      isDigest(ref) ? undefined : ref,
    );
    if (became === 'denied') throw new Refusal(403, 'DENIED', 'It was looked at, and is not kept here.');
    send(asked, 201, { Location: asked.path, 'Docker-Content-Digest': digest });
  }

  #place(name: string, id: string, receivedBytes: number): Readonly<Record<string, string>> {
    return {
      Location: `/v2/${name}/blobs/uploads/${id}`,
      'Docker-Upload-UUID': id,
      Range: `0-${Math.max(receivedBytes - 1, 0)}`,
    };
  }
}

/** A piece has to begin where the one before it ended. Source: distribution-spec 1.1, "Pushing a blob in chunks". */
function requireStart(request: IncomingMessage, receivedBytes: number): void {
  const start = /^(?:bytes )?(\d{1,15})-\d{1,15}$/.exec(request.headers['content-range'] ?? '')?.[1];
  if (start === undefined || Number(start) === receivedBytes) return;
  throw new Refusal(416, 'BLOB_UPLOAD_INVALID', 'The piece does not begin where the upload ends.', {
    Range: `0-${Math.max(receivedBytes - 1, 0)}`,
  });
}
