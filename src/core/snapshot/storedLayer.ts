import type { Digest } from '../digest.ts';
import { ociLayerTypeOf } from '../oci/mediaTypes.ts';
import type { BlobWriter, CancelOptions, StoredBlob } from '../vault/blobStore.ts';
import type { LayerIndex } from '../vault/layerIndex.ts';
import { descriptorOf, type OciDescriptor } from '../vault/snapshotDocuments.ts';
import { writeLayer, type LayerInput, type WrittenLayer } from '../vault/writeLayer.ts';

/** A layer's tar that lies in the vault with its index. */
export interface StoredLayer {
  readonly descriptor: OciDescriptor;
  readonly diffId: Digest;
  readonly index: LayerIndex;
  /** The index's frame table, by which it is found again. */
  readonly table: StoredBlob;
}

/** Stores a layer and its index in one pass; rejects as `writeLayer` does. */
export async function putLayer(
  store: BlobWriter,
  input: LayerInput,
  cancel: CancelOptions = {},
): Promise<StoredLayer> {
  return storedLayerOf(await writeLayer(store, input, cancel));
}

/** A layer as snapshots name it, packed as its index says. */
export function storedLayerOf({ index, table }: WrittenLayer): StoredLayer {
  const descriptor = descriptorOf(ociLayerTypeOf(index.compression), index);
  return { descriptor, diffId: index.diffId, index, table };
}
