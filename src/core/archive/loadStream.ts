import { Hasher } from '../digest.ts';
import { failure } from '../errors.ts';
import type { Operation } from '../progress.ts';
import type { Archive, ArchivedImage, ArchiveSource } from './archive.ts';
import { blobPath } from './archiveContents.ts';
import { decompressed } from './decompressed.ts';
import { safePath } from './entryPath.ts';
import { planShipping, shippedTar, tarBytesOf, type LoadingEngine, type Shipment } from './shipping.ts';
import { readTar } from './tarReader.ts';
import { tarHeader, tarPadding } from './tarWriter.ts';

/**
 * Chosen images of a checked archive as one uncompressed tar that every engine loads: an OCI layout with a
 * manifest.json beside it. The `tags` of each image are the names it gets.
 *
 * Config bytes and layer bytes go as they lie there; only layers that the engine can't read are unpacked. For a
 * containerd store the archive's own manifests and indexes go along, so that the image keeps its ID. This is a
 * second pass over `source`: whatever differs from the first is `archiveChanged`. Reports the phase `sending`.
 */
export async function* loadableTar(
  source: ArchiveSource,
  archive: Archive,
  images: readonly ArchivedImage[],
  engine: LoadingEngine,
  operation: Operation,
): AsyncGenerator<Uint8Array, void, undefined> {
  const plan = planShipping(images, engine);
  const { progress, signal } = operation;
  const totalBytes = tarBytesOf(plan);
  let doneBytes = 0;
  const blobs = shippedBlobs(source, archive, plan.shipments, signal);
  for await (const bytes of shippedTar(plan, blobs)) {
    signal.throwIfAborted();
    yield bytes;
    doneBytes += bytes.length;
    progress.report({ phase: 'sending', item: archive.name, doneBytes, totalBytes });
  }
}

async function* shippedBlobs(
  source: ArchiveSource,
  { name, compression }: Archive,
  shipments: ReadonlyMap<string, Shipment>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const waiting = new Map(shipments);
  if (waiting.size === 0) return;
  const plain = decompressed(source.open(signal), compression, { name, signal });
  for await (const { entry, data } of readTar(plain, name)) {
    const path = safePath(entry.path);
    const shipment = path === undefined || entry.type !== 'file' ? undefined : waiting.get(path);
    if (path === undefined || shipment === undefined) continue;
    yield tarHeader({ path: blobPath(shipment.digest), sizeBytes: shipment.sizeBytes });
    yield* requireSame(
      shipment.unpack ? decompressed(data, shipment.unpack, { name, signal }) : data,
      shipment,
      name,
    );
    yield tarPadding(shipment.sizeBytes);
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
