import { DrydockError, failure, isCancellation, reasonOf } from '../errors.ts';
import type { ArchiveSource, Compression } from './archive.ts';
import { BadFrame } from './badFrame.ts';
import { gunzip } from './gunzip.ts';
import { InflationBudget } from './inflation.ts';
import { unzstd } from './unzstd.ts';

/** How many leading bytes {@link compressionOf} wants to see. */
export const magicBytes = 6;

/** How bytes are packed, by their first six; `none` for anything unknown. */
export function compressionOf(head: Uint8Array): Compression {
  const hex = Buffer.from(head.subarray(0, magicBytes)).toString('hex');
  if (hex.startsWith('1f8b08')) return 'gzip';
  if (hex.startsWith('28b52ffd') || /^5.2a4d18/.test(hex)) return 'zstd';
  if (hex.startsWith('fd377a585a00')) return 'xz';
  if (/^425a683[1-9]/.test(hex)) return 'bzip2';
  return 'none';
}

/** How the bytes of `source` are packed; reads no more than their start. */
export async function detectCompression(source: ArchiveSource, signal: AbortSignal): Promise<Compression> {
  let head: Uint8Array = Buffer.alloc(0);
  for await (const chunk of source.open(signal)) {
    head = Buffer.concat([head, chunk.subarray(0, magicBytes)]);
    if (head.length >= magicBytes) break;
  }
  return compressionOf(head);
}

/** Unpacks bytes that may be packed in any way, or in none. */
export async function* unwrapped(
  bytes: AsyncIterable<Uint8Array>,
  options: DecompressOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const source = bytes[Symbol.asyncIterator]();
  let head: Uint8Array = Buffer.alloc(0);
  const whole = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    yield head;
    for (let next = await source.next(); next.done !== true; next = await source.next()) yield next.value;
  };
  try {
    while (head.length < magicBytes) {
      const next = await source.next();
      if (next.done === true) break;
      head = Buffer.concat([head, next.value]);
    }
    yield* decompressed(whole(), compressionOf(head), options);
  } finally {
    await source.return?.();
  }
}

export interface DecompressOptions {
  /** What failures call the bytes. */
  readonly name: string;
  readonly signal?: AbortSignal;
  /** Shared by all streams of one archive; one of its own when left out. */
  readonly budget?: InflationBudget;
}

/**
 * Unpacks `packed` as it comes, with flat memory. Input that ends early, goes on after its end, or contradicts its
 * own checksums is a failure for every kind (`archiveCut`, `archiveTrailing`, `archiveCorrupt`).
 */
export async function* decompressed(
  packed: AsyncIterable<Uint8Array>,
  kind: Compression,
  options: DecompressOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { name, signal, budget = new InflationBudget(name) } = options;
  let takenBytes = 0;
  let sourceFailure: { readonly error: unknown } | undefined;
  const counted = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for await (const chunk of packed) {
        signal?.throwIfAborted();
        takenBytes += chunk.length;
        yield chunk;
      }
    } catch (error) {
      sourceFailure = { error };
      throw error;
    }
  };
  try {
    for await (const chunk of await unpack(counted(), kind, budget, signal)) {
      signal?.throwIfAborted();
      yield chunk;
    }
  } catch (error) {
    if (sourceFailure) throw sourceFailure.error;
    throw failureOf(error, kind, name, takenBytes);
  }
}

async function unpack(
  packed: AsyncIterable<Uint8Array>,
  kind: Compression,
  budget: InflationBudget,
  signal: AbortSignal | undefined,
): Promise<AsyncIterable<Uint8Array>> {
  switch (kind) {
    case 'none':
      return packed;
    case 'gzip':
      return gunzip(packed, budget.meter());
    case 'zstd':
      return unzstd(packed, budget.meter());
    case 'xz':
      return (await import('./unxz.ts')).unxz(packed, budget.meter(), signal);
    case 'bzip2':
      return (await import('./unbzip2.ts')).unbzip2(packed, budget.meter());
  }
}

function failureOf(error: unknown, kind: Compression, name: string, offset: number): unknown {
  if (error instanceof DrydockError || isCancellation(error)) return error;
  if (error instanceof BadFrame) {
    switch (error.fault) {
      case 'cut':
        return failure('archiveCut', { name, entry: `its ${kind} data` }, error);
      case 'junk':
        return failure('archiveTrailing', { name, reason: error.message }, error);
      case 'unsupported':
        return failure('archiveUnsupported', { name, what: error.message }, error);
      case 'corrupt':
        return failure('archiveCorrupt', { name, offset, reason: error.message }, error);
    }
  }
  if (error instanceof Error && 'code' in error) {
    if (error.code === 'Z_BUF_ERROR')
      return failure('archiveCut', { name, entry: `its ${kind} data` }, error);
    return failure('archiveCorrupt', { name, offset, reason: `${kind}: ${reasonOf(error)}` }, error);
  }
  return error;
}
