import type * as z from 'zod';
import { failure } from '../core/errors.ts';
import { parseJson } from '../core/oci/parseJson.ts';
import { readUpTo } from './readUpTo.ts';
import { readRefusal } from './refusal.ts';
import type { Call, RegistryClient } from './registryClient.ts';

const maxPageBytes = 4 << 20;
/** A list that goes on for longer than this goes in a circle. */
const maxPages = 10_000;
const maxLinkLength = 16_384;

/** The pages of a list, each parsed. Undefined in the place of the first where there is no such list. */
export async function* pages<S extends z.ZodType>(
  client: RegistryClient,
  call: Omit<Call, 'method' | 'ok'>,
  schema: S,
  signal: AbortSignal | undefined,
): AsyncGenerator<z.output<S> | undefined, void, undefined> {
  const { host } = client.address;
  let to = call.to;
  const seen = new Set<string>();
  for (let number = 0; number < maxPages; number += 1) {
    const page = await client.ask({ ...call, to, method: 'GET', ok: [200, 404] }, signal, async (answer) => {
      if (answer.status === 404) {
        await readRefusal(answer.response, 404);
        return undefined;
      }
      const bytes = await readUpTo(answer.response, maxPageBytes);
      const next = nextOf(answer.headers['link'], answer.url);
      return { next, parsed: parseJson(bytes, schema, `${host}: ${call.what}`) };
    });
    if (page === undefined) {
      if (number === 0) yield undefined;
      return;
    }
    yield page.parsed;
    if (page.next === undefined) return;
    if (seen.has(page.next.href)) break;
    seen.add(page.next.href);
    to = page.next;
  }
  throw failure('registryGarbled', { host, what: call.what, reason: 'its list has no end' });
}

/** Source: RFC 8288; distribution-spec, "Content Discovery". Only the registry itself may go on with its list. */
function nextOf(header: string | string[] | undefined, from: URL): URL | undefined {
  const link = /<([^>]*)>\s*;[^,]*\brel="?next"?/.exec(String(header ?? '').slice(0, maxLinkLength))?.[1];
  const url = link === undefined ? null : URL.parse(link, from.href);
  if (url === null) return undefined;
  // Behind a proxy that ends TLS registries name themselves with http.
  return url.hostname === from.hostname ? new URL(`${url.pathname}${url.search}`, from) : undefined;
}
