import type { Operation } from '../progress.ts';
import type { Archive, ArchivedImage, ArchiveSource } from './archive.ts';
import { blobPath } from './archiveContents.ts';
import {
  planShipping,
  shippedTar,
  tarBytesOf,
  type LoadingEngine,
  type Shipment,
  type ThereAlready,
} from './shipping.ts';
import { storedBlobs } from './storedBlobs.ts';
import { tarHeader, tarPadding } from './tarWriter.ts';

/**
 * Chosen images of a checked archive as one uncompressed tar that every engine loads: an OCI layout with a
 * manifest.json beside it. The `tags` of each image are the names it gets.
 *
 * Config bytes and layer bytes go as they lie there; only layers that the engine can't read are unpacked. For a
 * containerd store the archive's own manifests and indexes go along, so that the image keeps its ID. This is a
 * second pass over `source`: whatever differs from the first is `archiveChanged`. Layers that are `there` stay out.
 * Reports the phase `sending`.
 */
export async function* loadableTar(
  source: ArchiveSource,
  archive: Archive,
  images: readonly ArchivedImage[],
  engine: LoadingEngine,
  operation: Operation,
  there?: ThereAlready,
): AsyncGenerator<Uint8Array, void, undefined> {
  const plan = planShipping(images, engine, there);
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
  archive: Archive,
  shipments: ReadonlyMap<string, Shipment>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const { digest, sizeBytes, data } of storedBlobs(source, archive, shipments, signal)) {
    yield tarHeader({ path: blobPath(digest), sizeBytes });
    yield* data;
    yield tarPadding(sizeBytes);
  }
}
