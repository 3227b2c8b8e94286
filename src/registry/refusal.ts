import type { IncomingMessage } from 'node:http';
import * as z from 'zod';
import { failure } from '../core/errors.ts';
import { parseJson } from '../core/oci/parseJson.ts';
import { oneLine } from './oneLine.ts';
import { readUpTo } from './readUpTo.ts';

const maxErrorBytes = 64 << 10;

const errors = z.looseObject({
  errors: z
    .array(
      z.looseObject({
        code: z.string().max(1000).optional().catch(undefined),
        message: z.string().max(10_000).optional().catch(undefined),
      }),
    )
    .max(1000),
});

/** What a registry says when it refuses. */
export interface Refusal {
  readonly status: number;
  /** Such as `MANIFEST_UNKNOWN`; those that the spec has. */
  readonly codes: readonly string[];
  /** Its own words, cut to size. */
  readonly reason: string;
}

/** Reads a refusal; a body that can't be read leaves the status. Source: distribution-spec, "Error Codes". */
export async function readRefusal(response: IncomingMessage, status: number): Promise<Refusal> {
  const bytes = await readUpTo(response, maxErrorBytes).catch(() => Buffer.alloc(0));
  const said = parsed(bytes);
  const text = said.map(({ message, code }) => message ?? code ?? '').join('; ');
  const plain = said.length === 0 ? plainText(bytes, response) : text;
  const reason = oneLine(plain);
  return {
    status,
    codes: said.flatMap(({ code }) => code ?? []),
    reason: reason === '' ? `status ${status}` : `${reason} (status ${status})`,
  };
}

function parsed(bytes: Uint8Array): z.output<typeof errors>['errors'] {
  try {
    return parseJson(bytes, errors, 'the refusal').errors;
  } catch {
    // Proxies answer with pages of their own; the status tells then.
    return [];
  }
}

/** A page is made for a browser; its markup tells nobody anything. */
function plainText(bytes: Uint8Array, { headers }: IncomingMessage): string {
  return headers['content-type']?.startsWith('text/plain') === true
    ? Buffer.from(bytes).toString('utf8')
    : '';
}

/** The failure that a refusal means, for `what` was asked for. */
export function refusalFailure(host: string, what: string, { status, reason }: Refusal): Error {
  if (status === 403) return failure('registryDenied', { host, what, reason });
  return failure('registryRefused', { host, what, reason });
}
