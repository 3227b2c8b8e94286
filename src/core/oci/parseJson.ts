import type * as z from 'zod';
import { failure, reasonOf } from '../errors.ts';

/** Guards against hostile JSON documents. */
export interface JsonLimits {
  readonly maxBytes: number;
  readonly maxDepth: number;
}

/** Registries take manifests up to 4 MiB; nothing that OCI defines nests deeper than ten levels. */
export const defaultJsonLimits: JsonLimits = { maxBytes: 4 << 20, maxDepth: 64 };

/**
 * The document in `bytes`, checked against `schema`. Throws `badJson`; `where` names the document. UTF-8 is
 * required, and size and depth are checked before anything is built.
 */
export function parseJson<S extends z.ZodType>(
  bytes: Uint8Array,
  schema: S,
  where: string,
  limits: JsonLimits = defaultJsonLimits,
): z.output<S> {
  if (bytes.length > limits.maxBytes)
    throw failure('badJson', { where, reason: `it has ${bytes.length} bytes` });
  if (depthOf(bytes) > limits.maxDepth) throw failure('badJson', { where, reason: 'it nests too deep' });
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw failure('badJson', { where, reason: reasonOf(error) }, error);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place =
    issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.').slice(0, 100)}: `;
  throw failure('badJson', { where, reason: `${place}${issue?.message ?? 'unknown'}` }, parsed.error);
}

/** How deep brackets nest outside of strings. */
function depthOf(bytes: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  let isInString = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (isInString) {
      if (byte === 0x5c) at++;
      else if (byte === 0x22) isInString = false;
    } else if (byte === 0x22) isInString = true;
    else if (byte === 0x7b || byte === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  return deepest;
}
