import { digestOfBlobPath } from '../archive/archiveContents.ts';
import { planShipping } from '../archive/shipping.ts';
import { shortDigest, type Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import type { EngineInfo } from '../engine/records.ts';
import { failure } from '../errors.ts';
import { loadingEngine } from '../loading/imagePlan.ts';
import { blobsInVault, layersThere } from '../loading/layersThere.ts';
import type { ComingImage } from '../loading/parcels.ts';
import { engineIdentity } from '../snapshot/engineIdentity.ts';
import type { SnapshotVolume } from '../snapshot/snapshot.ts';
import type { BlobReader, CancelOptions } from '../vault/blobStore.ts';

/** What a restore is going to send. */
export interface PlannedSending {
  readonly info: EngineInfo;
  readonly images: readonly ComingImage[];
  readonly volumes: readonly SnapshotVolume[];
}

const mostNamed = 10;

/**
 * Sees, before anything is made, that an engine has all that did not travel of what is going to be restored, where it
 * takes an image without it. Rejects with `bundleLacks` with what is missing, what `blobs` says, or an AbortError.
 */
export async function requireLeftOut(
  { engine, blobs }: { readonly engine: Engine; readonly blobs: BlobReader },
  { info, images, volumes }: PlannedSending,
  { signal }: CancelOptions,
): Promise<void> {
  const cancel = signal && { signal };
  // Asked whatever that costs: what did not travel can't be sent at all.
  const coming = { info, images, blobsOf: blobsInVault(blobs, cancel), bytes: Number.POSITIVE_INFINITY };
  const there = await layersThere(engine, coming, cancel ?? {});
  const { shipments } = planShipping(
    images.map(({ image }) => image),
    loadingEngine(info),
    there,
  );
  const needed = new Set<Digest>([...shipments.keys()].flatMap((path) => digestOfBlobPath(path) ?? []));
  for (const { parts } of volumes) for (const { descriptor } of parts) needed.add(descriptor.digest);
  const missing: Digest[] = [];
  for (const digest of needed) if ((await blobs.stat(digest)) === undefined) missing.push(digest);
  if (missing.length === 0) return;
  const more = missing.length > mostNamed ? [`${missing.length - mostNamed} more`] : [];
  throw failure('bundleLacks', {
    name: blobs.name,
    target: engineIdentity(info).engineName,
    missing: `${missing.length === 1 ? 'the blob' : 'the blobs'} ${[...missing.slice(0, mostNamed).map(shortDigest), ...more].join(', ')}`,
  });
}
