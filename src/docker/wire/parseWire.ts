import { setImmediate } from 'node:timers/promises';
import * as z from 'zod';
import { isDigest, type Digest } from '../../core/digest.ts';
import type { JsonObject } from '../../core/engine/records.ts';
import { failure } from '../../core/errors.ts';

/**
 * Building blocks for the shapes of engines from API 1.40 to 1.55 and of Podman. Only what identifies an object is
 * required. Everything else may be missing, null or empty, and one odd value must not hide the rest of a list.
 */

export const text = z
  .string()
  .nullish()
  .catch(null)
  .transform((value) => value ?? '');
export const count = z
  .number()
  .nullish()
  .catch(null)
  .transform((value) => value ?? 0);
export const optionalCount = z
  .number()
  .nullish()
  .catch(null)
  .transform((value) => (value === null || value === undefined || value < 0 ? undefined : value));
export const flag = z
  .boolean()
  .nullish()
  .catch(null)
  .transform((value) => value ?? false);

/** A list of texts; a single text stands for a list of one, as in old `Cmd` and `Entrypoint`. */
export const texts = z
  .union([z.array(z.string()), z.string().transform((one) => [one])])
  .nullish()
  .catch(null)
  .transform((value): readonly string[] => value ?? []);

/** Labels and options; other values than texts are written out. */
export const textMap = z
  .record(z.string(), z.unknown())
  .nullish()
  .catch(null)
  .transform((value): Readonly<Record<string, string>> =>
    Object.fromEntries(
      Object.entries(value ?? {}).map(([key, item]) => [
        key,
        typeof item === 'string' ? item : JSON.stringify(item),
      ]),
    ),
  );

/** A guard against what no engine writes. */
const deepestJson = 64;

/** An object that is kept as the engine wrote it. */
export const jsonObject = z.custom<JsonObject>(
  (value) => isPlainObject(value) && isShallow(value, deepestJson),
  {
    message: 'not an object, or nested too deep',
  },
);

function isPlainObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((item) => isShallow(item, levels - 1));
}

/** The keys of a set that is written as `{"80/tcp":{}}`. */
export const keys = z
  .record(z.string(), z.unknown())
  .nullish()
  .catch(null)
  .transform((value): readonly string[] => Object.keys(value ?? {}));

/** An ID as `sha256:…`; Podman leaves the prefix away in places. */
export const digest = z.string().transform((value, context): Digest => {
  const found = digestFrom(value);
  if (found !== undefined) return found;
  context.addIssue({ code: 'custom', message: `"${value.slice(0, 100)}" is not an ID` });
  return z.NEVER;
});

/** The digest that `value` is, with or without its prefix. */
export function digestFrom(value: string): Digest | undefined {
  const full = /^[0-9a-f]{64}$/.test(value) ? `sha256:${value}` : value;
  return isDigest(full) ? full : undefined;
}

/** Milliseconds of an RFC 3339 time; undefined for the zero time of Go and for none at all. */
export function timeMs(value: string): number | undefined {
  const parsed = Date.parse(value);
  // Go's zero time lies in the year 1.
  return Number.isNaN(parsed) || parsed < -6e13 ? undefined : parsed;
}

/** Parses one answer; `engineGarbled` says which place was wrong. */
export function parseWire<S extends z.ZodType>(schema: S, value: unknown, call: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const reason = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unknown shape'}`;
  throw failure('engineGarbled', { call, reason: reason.slice(0, 300) }, result.error);
}

/** So many records are parsed before others get their turn: a few milliseconds of work. */
const sliceLength = 250;

/** Parses a list of records without holding up the event loop; null counts as an empty list. */
export async function parseWireList<S extends z.ZodType>(
  schema: S,
  value: unknown,
  call: string,
): Promise<readonly z.output<S>[]> {
  const items = parseWire(z.array(z.unknown()).nullish(), value, call) ?? [];
  const records: z.output<S>[] = [];
  for (const [index, item] of items.entries()) {
    if (index > 0 && index % sliceLength === 0) await setImmediate();
    records.push(parseWire(schema, item, call));
  }
  return records;
}
