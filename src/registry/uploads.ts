import { failure, DrydockError } from '../core/errors.ts';
import type { BlobArrival, BlobSource } from '../core/registry/remoteRepository.ts';
import type { CancelOptions } from '../core/vault/blobStore.ts';
import { headBlob } from './blobs.ts';
import { scopeOf, type RepositoryCalls } from './manifests.ts';
import { readUpTo } from './readUpTo.ts';
import { readRefusal, refusalFailure, type Refusal } from './refusal.ts';
import type { Answer, Call } from './registryClient.ts';
import { isTransient, leastProgressBytes, Transient } from './retry.ts';

/** What is this small goes with the request that ends its upload. */
const smallBytes = 1 << 20;
/** For registries, or proxies before them, that refuse a large blob in one request. */
const pieceBytes = 16 << 20;
/** A registry may have to move what it got to where it stays. */
const patienceMs = 10 * 60_000;
const maxAnswerBytes = 1 << 16;
/** Nobody waits long for an upload that is given up. */
const dropMs = 5_000;

/** The upload that went on is not known any more; it has to be begun anew. */
class SessionLost extends Error {
  override readonly cause: Error;

  constructor(cause: Error) {
    super(cause.message);
    this.cause = cause;
  }
}

type PutBlobOptions = CancelOptions & { readonly onSent?: (bytes: number) => void };

/**
 * Brings a blob to a repository:
 * 1. look whether it is there, 2. begin an upload, which mounts the blob where another repository has it, 3. send it,
 * in one request where the registry takes that, 4. where the connection breaks ask how far it came and go on from
 * there, or begin anew where the upload is not known any more, 5. end the upload with the digest. An upload that fails
 * otherwise, or is cancelled, is dropped.
 *
 * A single POST with the blob in it is not tried: many registries take the whole body only to say that it was to be
 * sent elsewhere. Source: distribution-spec, "Pushing blobs".
 */
export async function putBlob(
  on: RepositoryCalls,
  source: BlobSource,
  options: PutBlobOptions,
): Promise<BlobArrival> {
  const { signal } = options;
  if (await hasBlob(on, source, options)) return 'there';
  const tries = on.client.tries(`store the blob ${source.digest} in ${on.path}`);
  for (;;) {
    const begun = await begin(on, source, signal);
    if (begun === 'mounted') return 'mounted';
    const upload = new Upload(on, source, options, begun);
    try {
      await upload.run();
      return 'sent';
    } catch (error) {
      if (!(error instanceof SessionLost)) {
        await upload.drop();
        throw error;
      }
      // Perhaps it was ended, and only the answer was lost.
      if (await hasBlob(on, source, options)) return 'sent';
      await tries.again(error.cause, signal);
    }
  }
}

/** What has the digest in another size is a page of somebody else, or damaged. */
async function hasBlob(
  on: RepositoryCalls,
  { digest, sizeBytes }: BlobSource,
  cancel: CancelOptions,
): Promise<boolean> {
  return (await headBlob(on, digest, cancel))?.sizeBytes === sizeBytes;
}

/** Where the upload goes on. */
async function begin(
  { client, path }: RepositoryCalls,
  { digest, mountFrom }: BlobSource,
  signal: AbortSignal | undefined,
): Promise<(Answer & { readonly location: URL }) | 'mounted'> {
  const what = `store the blob ${digest} in ${path}`;
  const own = scopeOf(path, 'pull,push');
  const start = (
    query: string,
    scopes: Call['scopes'],
  ): Promise<(Answer & { readonly location: URL }) | 'mounted'> =>
    client.ask(
      {
        what,
        method: 'POST',
        to: `${path}/blobs/uploads/${query}`,
        scopes,
        headers: { 'content-length': '0' },
        ok: [201, 202],
      },
      signal,
      async (answer) => {
        await readUpTo(answer.response, maxAnswerBytes);
        if (answer.status === 201) return 'mounted';
        return { ...answer, location: await client.locationOf(answer, what) };
      },
    );
  if (mountFrom === undefined || mountFrom === path) return start('', [own]);
  try {
    const query = new URLSearchParams({ mount: digest, from: mountFrom });
    return await start(`?${query.toString()}`, [own, scopeOf(mountFrom, 'pull')]);
  } catch (error) {
    // Who may not read there has the right to write here all the same.
    if (!(error instanceof DrydockError && refusals.has(error.code))) throw error;
    return start('', [own]);
  }
}

const refusals: ReadonlySet<string> = new Set([
  'registryDenied',
  'registryRefused',
  'registryLogInMissing',
  'registryLogInRefused',
]);

class Upload {
  readonly #on: RepositoryCalls;
  readonly #source: BlobSource;
  readonly #options: PutBlobOptions;
  readonly #what: string;
  readonly #scopes: Call['scopes'];
  readonly #leastPieceBytes: number;
  #location: URL;
  #at = 0;
  #pieceBytes = Number.POSITIVE_INFINITY;

  constructor(
    on: RepositoryCalls,
    source: BlobSource,
    options: PutBlobOptions,
    { location, headers }: Answer & { readonly location: URL },
  ) {
    this.#on = on;
    this.#source = source;
    this.#options = options;
    this.#location = location;
    this.#what = `store the blob ${source.digest} in ${on.path}`;
    this.#scopes = [scopeOf(on.path, 'pull,push')];
    const least = Number(headers['oci-chunk-min-length'] ?? 0);
    this.#leastPieceBytes = Number.isSafeInteger(least) ? least : 0;
  }

  async run(): Promise<void> {
    const { signal } = this.#options;
    const { sizeBytes } = this.#source;
    const tries = this.#on.client.tries(this.#what);
    const isSmall = sizeBytes <= smallBytes;
    let furthest = 0;
    const hasProgressed = (): boolean => {
      const isFurther = this.#at === sizeBytes || this.#at - furthest >= leastProgressBytes;
      if (isFurther) furthest = this.#at;
      return isFurther;
    };
    for (;;) {
      try {
        if (isSmall || this.#at === sizeBytes) {
          await this.#end(isSmall && this.#at === 0 ? sizeBytes : 0);
          return;
        }
        await this.#sendPiece();
        if (hasProgressed()) tries.progressed();
        else await tries.again(new Transient('it does not come further'), signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof Error && isTransient(error))) throw error;
        if (isSmall) throw new SessionLost(error);
        await tries.again(error, signal);
        await this.#askHowFar(error);
        if (hasProgressed()) tries.progressed();
      }
    }
  }

  /** Has the registry forget what arrived; one that can't does so by itself some day. Not by the signal that may have ended it. */
  async drop(): Promise<void> {
    const call = { ...this.#call('DELETE'), idleMs: dropMs, ok: [200, 202, 204, 400, 404, 405] } as const;
    // What it failed of is told by then, and this would only hide it.
    await this.#on.client
      .send(call, AbortSignal.timeout(dropMs))
      .then(({ response, status }) => readRefusal(response, status))
      .catch(() => undefined);
  }

  /** Sends what is missing, or as much of it as the registry takes at once. */
  async #sendPiece(): Promise<void> {
    const { client } = this.#on;
    const { sizeBytes } = this.#source;
    const start = this.#at;
    const end = Math.min(sizeBytes, start + this.#pieceBytes);
    const isWhole = start === 0 && end === sizeBytes;
    const answer = await client.send(
      {
        ...this.#call('PATCH'),
        headers: {
          'content-type': 'application/octet-stream',
          // Only a part says where it belongs: some registries take nothing else for a stream.
          ...(!isWhole && { 'content-range': `${start}-${end - 1}` }),
        },
        body: { sizeBytes: end - start, open: () => this.#bytes(start, end) },
        ok: [202, 201, 204, 404, 413, 416],
      },
      this.#options.signal,
    );
    const { status, response } = answer;
    if (status === 413 && this.#pieceBytes > this.#smallerPiece) {
      await readRefusal(response, status);
      this.#pieceBytes = this.#smallerPiece;
      await this.#askHowFar();
      return;
    }
    if (status === 416) {
      await readRefusal(response, status);
      await this.#askHowFar();
      // Where it stands elsewhere we go on from there; the same place once more would be refused once more.
      if (this.#at === start) throw new SessionLost(new Transient('what comes next is refused'));
      return;
    }
    if (status === 404) throw this.#lost(await readRefusal(response, status));
    if (status === 413)
      throw refusalFailure(client.address.host, this.#what, await readRefusal(response, status));
    await readUpTo(response, maxAnswerBytes);
    this.#location = await client.locationOf(answer, this.#what);
    const stated = offsetOf(answer) ?? end;
    // Some always say that they have nothing; whether they do is found at the end.
    this.#arrived(stated > start ? stated : end);
  }

  get #smallerPiece(): number {
    return Math.max(pieceBytes, this.#leastPieceBytes);
  }

  /** Ends the upload, with all of a small blob in the same request. */
  async #end(bodyBytes: number): Promise<void> {
    const { client } = this.#on;
    const { digest } = this.#source;
    const call = this.#call('PUT');
    // What the registry put into the query stays as it is.
    const to = new URL(this.#location);
    to.search += `${to.search === '' ? '?' : '&'}digest=${encodeURIComponent(digest)}`;
    const { status, response } = await client.send(
      {
        ...call,
        to,
        headers: bodyBytes > 0 ? { 'content-type': 'application/octet-stream' } : { 'content-length': '0' },
        ...(bodyBytes > 0 && { body: { sizeBytes: bodyBytes, open: () => this.#bytes(0, bodyBytes) } }),
        ok: [201, 204, 400, 404, 416],
      },
      this.#options.signal,
    );
    if (status === 201 || status === 204) {
      await readUpTo(response, maxAnswerBytes);
      this.#arrived(this.#source.sizeBytes);
      return;
    }
    const refusal = await readRefusal(response, status);
    const { host } = client.address;
    if (refusal.codes.includes('DIGEST_INVALID'))
      throw failure('registryContentWrong', { host, found: 'something else', expected: digest });
    if (
      status === 400 &&
      !refusal.codes.includes('BLOB_UPLOAD_INVALID') &&
      !refusal.codes.includes('SIZE_INVALID')
    )
      throw refusalFailure(host, this.#what, refusal);
    throw this.#lost(refusal);
  }

  /** After a break: how much the registry has. Source: distribution-spec, "Pushing a blob in chunks". */
  async #askHowFar(cause?: Error): Promise<void> {
    const { client } = this.#on;
    const call = { ...this.#call('GET'), ok: [204, 202, 200, 400, 404] } as const;
    const { signal } = this.#options;
    const answer = await client.ask(call, signal, async (found) => {
      if (found.status < 300) {
        await readUpTo(found.response, maxAnswerBytes);
        return found;
      }
      return this.#lost(await readRefusal(found.response, found.status));
    });
    const at = answer instanceof SessionLost ? undefined : offsetOf(answer);
    if (answer instanceof SessionLost) throw answer;
    if (at === undefined) throw new SessionLost(cause ?? new Transient('it does not say how far it came'));
    if (answer.headers.location !== undefined) this.#location = await client.locationOf(answer, this.#what);
    this.#arrived(at);
  }

  #arrived(bytes: number): void {
    // More than was ever there is no place to go on from.
    if (bytes > this.#source.sizeBytes) throw new SessionLost(new Transient('it has too many bytes'));
    this.#at = bytes;
    this.#options.onSent?.(bytes);
  }

  #call(method: Call['method']): Omit<Call, 'ok'> {
    return { what: this.#what, method, to: this.#location, scopes: this.#scopes, idleMs: patienceMs };
  }

  async *#bytes(start: number, end: number): AsyncGenerator<Uint8Array, void, undefined> {
    const { signal, onSent } = this.#options;
    let at = start;
    for await (const piece of this.#source.open(start, signal ? { signal } : {})) {
      const bytes = piece.length > end - at ? piece.subarray(0, end - at) : piece;
      yield bytes;
      at += bytes.length;
      onSent?.(at);
      if (at === end && end < this.#source.sizeBytes) return;
    }
    if (at < end)
      throw failure('unexpected', { reason: `${this.#source.digest} ended at byte ${at} of ${end}` });
  }

  #lost({ reason }: Refusal): SessionLost {
    return new SessionLost(new Transient(reason));
  }
}

/** How many bytes of the upload the registry says it has; its range is inclusive, and `0-0` may mean none. */
function offsetOf({ headers }: Answer): number | undefined {
  const last = /^(?:bytes=)?0-(\d+)$/.exec(typeof headers.range === 'string' ? headers.range : '')?.[1];
  if (last === undefined) return undefined;
  return last === '0' ? 0 : Number(last) + 1;
}
