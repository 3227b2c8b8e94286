import { Hasher, type Digest } from '../core/digest.ts';
import { failure } from '../core/errors.ts';
import type { CancelOptions } from '../core/vault/blobStore.ts';
import { checkedBody, ConnectionCut } from '../docker/body.ts';
import { timely } from './exchange.ts';
import { scopeOf, type RepositoryCalls } from './manifests.ts';
import { readUpTo } from './readUpTo.ts';
import { readRefusal } from './refusal.ts';
import type { Answer } from './registryClient.ts';
import { leastProgressBytes } from './retry.ts';

const idleMs = 60_000;

/** Rejects as the port says. */
export async function headBlob(
  { client, path }: RepositoryCalls,
  digest: Digest,
  { signal }: CancelOptions,
): Promise<{ readonly sizeBytes: number } | undefined> {
  const what = `look for the blob ${digest} in ${path}`;
  const call = {
    what,
    method: 'HEAD',
    to: `${path}/blobs/${digest}`,
    scopes: [scopeOf(path, 'pull')],
    ok: [200, 404],
  } as const;
  return client.ask(call, signal, async ({ status, headers, response }) => {
    await readUpTo(response, 0);
    if (status === 404) return undefined;
    const sizeBytes = Number(headers['content-length'] ?? Number.NaN);
    if (Number.isSafeInteger(sizeBytes)) return { sizeBytes };
    const { host } = client.address;
    throw failure('registryGarbled', { host, what, reason: 'it does not say how large it is' });
  });
}

/**
 * The bytes of a blob from `start` on, to before `end`:
 * 1. ask for what is still missing, 2. give it on, 3. where the connection ends early go on with 1, 4. compare size and
 * digest. A registry that gives the whole in the place of a part has its beginning passed over.
 */
export async function* openBlob(
  { client, path }: RepositoryCalls,
  { digest, sizeBytes }: { readonly digest: Digest; readonly sizeBytes: number },
  { signal, start = 0, end = sizeBytes }: CancelOptions & { readonly start?: number; readonly end?: number },
): AsyncGenerator<Uint8Array, void, undefined> {
  const { host } = client.address;
  const wrong = (found: string): Error => failure('registryContentWrong', { host, found, expected: digest });
  const what = `read the blob ${digest} of ${path}`;
  const tries = client.tries(what);
  const hasher = new Hasher();
  const isPart = start > 0 || end < sizeBytes;
  let at = start;
  while (at < end || sizeBytes === 0) {
    const triedAt = at;
    try {
      const last = end < sizeBytes ? String(end - 1) : '';
      const range = at > 0 || last !== '' ? { range: `bytes=${at}-${last}` } : {};
      const answer = await client.send(
        {
          what,
          method: 'GET',
          to: `${path}/blobs/${digest}`,
          scopes: [scopeOf(path, 'pull')],
          headers: { ...range, 'accept-encoding': 'identity' },
          ok: [200, 206, 404, 416],
        },
        signal,
      );
      if (answer.status === 404) {
        await readRefusal(answer.response, 404);
        throw failure('registryMissing', { host, name: `${path}@${digest}` });
      }
      if (answer.status === 416) {
        await readRefusal(answer.response, 416);
        throw wrong(`nothing from byte ${at} on`);
      }
      const begins = startOf(answer);
      if (begins > at || Number.isNaN(begins) || (totalOf(answer) ?? sizeBytes) !== sizeBytes)
        throw wrong(answer.headers['content-range'] ?? 'some bytes, it does not say which');
      let skipBytes = at - begins;
      const isWhole = answer.status !== 206;
      // Of a part a registry may give more than was asked for.
      if (isWhole || end === sizeBytes) requireStatedSize(answer, sizeBytes - (at - skipBytes), wrong);
      for await (const piece of timely(checkedBody(answer.response), answer.response, idleMs)) {
        const skipped = Math.min(skipBytes, piece.length);
        skipBytes -= skipped;
        if (skipped === piece.length) continue;
        const bytes = piece.subarray(skipped, isPart ? skipped + end - at : undefined);
        at += bytes.length;
        if (at > sizeBytes) throw wrong(`more than ${sizeBytes} bytes`);
        if (!isPart) hasher.update(bytes);
        if (at - triedAt >= leastProgressBytes) tries.progressed();
        yield bytes;
        if (isPart && at === end) break;
      }
      if (at < end) throw new ConnectionCut(at);
      break;
    } catch (error) {
      await tries.again(error, signal);
    }
  }
  if (isPart) return;
  const found = hasher.digest();
  if (found !== digest) throw wrong(found);
}

/** Where the body of an answer begins: at 0 where the registry knows no ranges; NaN where a part does not say it. */
function startOf({ status, headers }: Answer): number {
  if (status !== 206) return 0;
  return Number(/^bytes (\d+)-/.exec(headers['content-range'] ?? '')?.[1] ?? Number.NaN);
}

/** How large the registry says that all of it is, where it says so of a part. */
function totalOf({ status, headers }: Answer): number | undefined {
  const stated = status === 206 ? /\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1] : undefined;
  return stated === undefined ? undefined : Number(stated);
}

/** A length that can't be right is told before anything is read. */
function requireStatedSize({ headers }: Answer, expected: number, wrong: (found: string) => Error): void {
  const stated = headers['content-length'];
  if (stated !== undefined && Number(stated) !== expected) throw wrong(`${stated} of ${expected} bytes`);
}
