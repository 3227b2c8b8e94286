import { Hasher, type Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import type { Archive, ArchiveSource } from './archive.ts';
import { decompressed } from './decompressed.ts';
import { safePath } from './entryPath.ts';
import type { Shipment } from './shipping.ts';
import { readTar } from './tarReader.ts';

/** A blob on its way out of an archive; `data` is read to its end before the next one is asked for. */
export interface PassingBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly data: AsyncIterable<Uint8Array>;
}

/**
 * Takes the shipments out of a checked archive in a second pass over `source`, in the order in which they lie there,
 * unpacked where that is asked. Whatever is not as the first pass saw it fails with `archiveChanged`.
 */
export async function* storedBlobs(
  source: ArchiveSource,
  { name, compression }: Pick<Archive, 'name' | 'compression'>,
  shipments: ReadonlyMap<string, Shipment>,
  signal: AbortSignal,
): AsyncGenerator<PassingBlob, void, undefined> {
  const waiting = new Map(shipments);
  if (waiting.size === 0) return;
  const plain = decompressed(source.open(signal), compression, { name, signal });
  for await (const { entry, data } of readTar(plain, name)) {
    const path = safePath(entry.path);
    const shipment = path === undefined || entry.type !== 'file' ? undefined : waiting.get(path);
    if (path === undefined || shipment === undefined) continue;
    const { digest, sizeBytes, unpack } = shipment;
    const bytes = unpack ? decompressed(data, unpack, { name, signal }) : data;
    yield { digest, sizeBytes, data: requireSame(bytes, shipment, name) };
    waiting.delete(path);
    if (waiting.size === 0) return;
  }
  throw failure('archiveChanged', { name });
}

/** Passes bytes on and throws unless they are those that the first pass saw. */
async function* requireSame(
  bytes: AsyncIterable<Uint8Array>,
  expected: Shipment,
  name: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hasher = new Hasher();
  for await (const chunk of bytes) {
    hasher.update(chunk);
    if (hasher.sizeBytes > expected.sizeBytes) throw failure('archiveChanged', { name });
    yield chunk;
  }
  if (hasher.sizeBytes !== expected.sizeBytes || hasher.digest() !== expected.digest)
    throw failure('archiveChanged', { name });
}
