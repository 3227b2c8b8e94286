import { once } from 'node:events';
import { isDigest } from '../../core/digest.ts';
import { ociIndexType } from '../../core/oci/mediaTypes.ts';
import type { ServedContents } from '../../core/registry/endpoint.ts';
import type { ByteRange } from '../../core/vault/blobStore.ts';
import { Refusal, send, sendJson, type Asked } from './answer.ts';

/** A route by what its path looks like, for GET and HEAD. Source: distribution-spec 1.1, "Endpoints". */
const routes: readonly {
  readonly path: RegExp;
  readonly answer: (contents: ServedContents, asked: Asked, parts: readonly string[]) => Promise<void>;
}[] = [
  { path: /^_catalog$/, answer: listRepositories },
  { path: /^(.+)\/tags\/list$/, answer: listTags },
  { path: /^(.+)\/manifests\/([^/]+)$/, answer: sendDocument },
  { path: /^(.+)\/blobs\/([^/]+)$/, answer: sendBlob },
  { path: /^(.+)\/referrers\/([^/]+)$/, answer: listReferrers },
];

/** Answers what asks for something. Resolves with whether it did; rejects with a {@link Refusal}. */
export async function answerRead(contents: ServedContents, asked: Asked): Promise<boolean> {
  for (const { path, answer } of routes) {
    const match = path.exec(asked.path);
    if (match === null) continue;
    await answer(contents, asked, match.slice(1));
    return true;
  }
  return false;
}

async function listRepositories(contents: ServedContents, asked: Asked): Promise<void> {
  const { page, headers } = pageOf(await contents.repositories(asked), asked);
  sendJson(asked, { repositories: page }, headers);
}

async function listTags(
  contents: ServedContents,
  asked: Asked,
  [name = '']: readonly string[],
): Promise<void> {
  const tags = await contents.tags(name, asked);
  if (tags === undefined) throw new Refusal(404, 'NAME_UNKNOWN', 'There is no such repository.');
  const { page, headers } = pageOf(tags, asked);
  sendJson(asked, { name, tags: page }, headers);
}

async function sendDocument(
  contents: ServedContents,
  asked: Asked,
  [name = '', ref = '']: readonly string[],
): Promise<void> {
  const found = await contents.document(name, ref, asked);
  if (found === undefined) throw new Refusal(404, 'MANIFEST_UNKNOWN', 'There is no such manifest.');
  const { mediaType, digest, bytes } = found;
  send(asked, 200, { 'Content-Type': mediaType, 'Docker-Content-Digest': digest }, bytes);
}

async function sendBlob(
  contents: ServedContents,
  asked: Asked,
  [name = '', text = '']: readonly string[],
): Promise<void> {
  const { request, response, method, signal } = asked;
  const digest = isDigest(text) ? text : undefined;
  const blob = digest && (await contents.blob(name, digest, asked));
  if (digest === undefined || blob === undefined)
    throw new Refusal(404, 'BLOB_UNKNOWN', 'There is no such blob.');
  const { sizeBytes } = blob;
  const range = rangeOf(request.headers.range, sizeBytes);
  const { start, end } = range ?? { start: 0, end: sizeBytes };
  const headers = {
    'Content-Type': 'application/octet-stream',
    'Docker-Content-Digest': digest,
    'Accept-Ranges': 'bytes',
    'Content-Length': String(end - start),
    ...(range && { 'Content-Range': `bytes ${start}-${end - 1}/${sizeBytes}` }),
  };
  response.writeHead(range === undefined ? 200 : 206, headers);
  if (method === 'HEAD' || end === start) {
    response.end();
    return;
  }
  // The last piece goes when all were found right: a blob that is not must not look whole.
  let held: Uint8Array = Buffer.alloc(0);
  for await (const chunk of blob.open({ start, end }, { signal })) {
    // Whoever takes it slowly is waited for, and keeps nothing in memory.
    if (held.length > 0 && !response.write(held)) await once(response, 'drain', { signal });
    held = chunk;
  }
  response.end(held);
}

async function listReferrers(
  contents: ServedContents,
  asked: Asked,
  [name = '', text = '']: readonly string[],
): Promise<void> {
  if (!isDigest(text)) throw new Refusal(400, 'DIGEST_INVALID', 'That is no digest.');
  const wanted = asked.query.get('artifactType');
  const found = await contents.referrers(name, text, asked);
  const manifests = found.filter(({ artifactType }) => wanted === null || artifactType === wanted);
  const index = { schemaVersion: 2, mediaType: ociIndexType, manifests };
  sendJson(asked, index, {
    'Content-Type': ociIndexType,
    ...(wanted !== null && { 'OCI-Filters-Applied': 'artifactType' }),
  });
}

/** The part of a list that `n` and `last` ask for. Source: distribution-spec 1.1, "Listing Tags". */
function pageOf(
  all: readonly string[],
  { path, query }: Asked,
): { readonly page: readonly string[]; readonly headers: Readonly<Record<string, string>> } {
  const [n, last] = [query.get('n'), query.get('last')];
  const from = last === null ? 0 : all.findIndex((one) => one > last);
  const rest = from < 0 ? [] : all.slice(from);
  if (n === null) return { page: rest, headers: {} };
  if (!/^\d{1,9}$/.test(n)) throw new Refusal(400, 'UNSUPPORTED', 'n is no number.');
  const page = rest.slice(0, Number(n));
  const end = page.at(-1);
  if (end === undefined || page.length === rest.length) return { page, headers: {} };
  return { page, headers: { Link: `</v2/${path}?n=${n}&last=${encodeURIComponent(end)}>; rel="next"` } };
}

/**
 * The one range that is asked for; undefined for all, and for what is not understood, which RFC 9110 has a server pass
 * over. Throws where nothing of it is there.
 */
function rangeOf(header: string | undefined, sizeBytes: number): ByteRange | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '');
  const [from = '', to = ''] = match?.slice(1) ?? [];
  if (from === '' && to === '') return undefined;
  const start = from === '' ? Math.max(sizeBytes - Number(to), 0) : Number(from);
  const end = from === '' || to === '' ? sizeBytes : Math.min(Number(to) + 1, sizeBytes);
  if (from !== '' && to !== '' && Number(to) < Number(from)) return undefined;
  if (start < end) return { start, end };
  throw new Refusal(416, 'SIZE_INVALID', 'The blob has no such bytes.', {
    'Content-Range': `bytes */${sizeBytes}`,
  });
}
