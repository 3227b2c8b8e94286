import { blobPath } from '../archive/archiveContents.ts';
import {
  planShipping,
  shippedTar,
  tarBytesOf,
  type LoadingEngine,
  type Shipment,
  type ThereAlready,
} from '../archive/shipping.ts';
import { tarHeader, tarPadding } from '../archive/tarWriter.ts';
import { failure } from '../errors.ts';
import type { Operation } from '../progress.ts';
import type { SnapshotLayer } from '../snapshot/snapshot.ts';
import { readVerified, type BlobReader } from '../vault/blobStore.ts';
import { readLayer } from '../vault/frames.ts';
import type { VaultImage } from './vaultImages.ts';

/**
 * Images of a vault as one tar that every engine loads, straight from the blobs. Layers that the engine can't read
 * are unpacked on the way, frames in parallel; everything else goes as it lies there. Each blob's digest and each
 * unpacked layer's diffID is checked as it passes, so damage fails the stream (`blobMissing`, `blobDamaged`) before
 * the tar has its index and its end, and the engine takes nothing. Layers that are `there` stay out, unread. Reports
 * the phase `sending`.
 */
export async function* vaultTar(
  store: BlobReader,
  images: readonly VaultImage[],
  engine: LoadingEngine,
  { signal, progress }: Operation,
  there?: ThereAlready,
): AsyncGenerator<Uint8Array, void, undefined> {
  const plan = planShipping(
    images.map(({ image }) => image),
    engine,
    there,
  );
  const layers = new Map(
    images.flatMap(({ manifest }) =>
      manifest.layers.map((layer): [string, SnapshotLayer] => [blobPath(layer.descriptor.digest), layer]),
    ),
  );
  const item = images.flatMap(({ image }) => image.tags)[0];
  const totalBytes = tarBytesOf(plan);
  let doneBytes = 0;
  for await (const bytes of shippedTar(plan, shippedBlobs(store, plan.shipments, layers, signal))) {
    signal.throwIfAborted();
    yield bytes;
    doneBytes += bytes.length;
    progress.report({ phase: 'sending', ...(item !== undefined && { item }), doneBytes, totalBytes });
  }
}

async function* shippedBlobs(
  store: BlobReader,
  shipments: ReadonlyMap<string, Shipment>,
  layers: ReadonlyMap<string, SnapshotLayer>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const [path, { digest, sizeBytes, unpack }] of shipments) {
    yield tarHeader({ path: blobPath(digest), sizeBytes });
    if (unpack === undefined) yield* readVerified(store, { digest, sizeBytes }, { signal });
    else yield* plainLayer(store, layers.get(path), sizeBytes, signal);
    yield tarPadding(sizeBytes);
  }
}

/** A layer's tar, no longer than its header says: what follows would be taken for another entry. */
async function* plainLayer(
  store: BlobReader,
  layer: SnapshotLayer | undefined,
  sizeBytes: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (layer === undefined) throw failure('unexpected', { reason: 'a layer is to be sent that no image has' });
  const { index } = layer;
  const damaged = (found: string): Error =>
    failure('blobDamaged', {
      vault: store.name,
      digest: index.digest,
      reason: `it unpacks to ${found} bytes than its index states`,
    });
  let doneBytes = 0;
  for await (const chunk of readLayer(store, index, { signal })) {
    doneBytes += chunk.length;
    if (doneBytes > sizeBytes) throw damaged('more');
    yield chunk;
  }
  if (doneBytes < sizeBytes) throw damaged('fewer');
}
