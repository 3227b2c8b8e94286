import type { Digest } from '../digest.ts';
import type { EngineLayers } from '../engine/engineLayers.ts';
import type { ImageStoreKind } from '../engine/records.ts';
import { chainIdsOf } from '../oci/chainIds.ts';
import { ociLayerTypeOf } from '../oci/mediaTypes.ts';
import type { ArchivedImage, ArchivedLayer } from './archive.ts';
import { blobPath } from './archiveContents.ts';
import { imageManifest, indexJson, manifestJson, ociLayoutJson, withRegistry } from './ociDocuments.ts';
import type { IndexEntry, ManifestJsonItem, PlacedBlob } from './ociDocuments.ts';
import { tarEnd, tarFile, tarredBytes } from './tarWriter.ts';

/** What matters of the engine that will load the tar. */
export interface LoadingEngine {
  readonly imageStore: ImageStoreKind;
  readonly acceptsZstdLayers: boolean;
}

/** Which layers the engine has; they stay out of the tar. */
export type ThereAlready = Pick<EngineLayers, 'hasChain' | 'hasBlob'>;

/** Nothing is known of the engine, so all of it goes along. */
export const nothingThere: ThereAlready = { hasChain: () => false, hasBlob: () => false };

/** One blob on its way into the tar. */
export interface Shipment {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** How to unpack it on the way; absent for bytes that go as they are. */
  readonly unpack?: ArchivedLayer['compression'];
}

/** All that goes into one tar for an engine. */
export interface ShippingPlan {
  /** By the path where the bytes lie: in the archive, or in the vault. */
  readonly shipments: ReadonlyMap<string, Shipment>;
  /** Small files whose bytes are at hand, by the path in the tar. */
  readonly documents: ReadonlyMap<string, Uint8Array>;
  readonly indexJson: string;
  readonly manifestJson: string;
  /** What index.json points at for each image. */
  readonly targets: readonly Digest[];
  /** Each image's own manifest, where it is known. */
  readonly manifests: readonly (Digest | undefined)[];
  /** How many layers stay out because the engine has them; each counts once. */
  readonly leftOut: number;
}

/**
 * The ID that each image will have once its tar was loaded: on a classic store that is its config's digest, on a
 * containerd store that of the manifest or index which goes along.
 */
export function idsAfterLoad(
  images: readonly ArchivedImage[],
  engine: LoadingEngine,
): ReadonlyMap<ArchivedImage, Digest> {
  const { targets } = planShipping(images, engine);
  return new Map(
    images.map((image, index) => [
      image,
      engine.imageStore === 'containerd' ? (targets[index] ?? image.configDigest) : image.configDigest,
    ]),
  );
}

/** The tar of a plan: an OCI layout with a manifest.json beside it. `blobs` gives the entries of the shipments. */
export async function* shippedTar(
  plan: ShippingPlan,
  blobs: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield tarFile('oci-layout', ociLayoutJson);
  for (const [path, bytes] of plan.documents) yield tarFile(path, bytes);
  yield* blobs;
  yield tarFile('index.json', plan.indexJson);
  yield tarFile('manifest.json', plan.manifestJson);
  yield tarEnd;
}

/** How large {@link shippedTar} will be. */
export function tarBytesOf(plan: ShippingPlan): number {
  const files: [string, number][] = [
    ['oci-layout', ociLayoutJson.length],
    ['index.json', Buffer.byteLength(plan.indexJson)],
    ['manifest.json', Buffer.byteLength(plan.manifestJson)],
    ...[...plan.documents].map(([path, bytes]): [string, number] => [path, bytes.length]),
    ...[...plan.shipments.values()].map(({ digest, sizeBytes }): [string, number] => [
      blobPath(digest),
      sizeBytes,
    ]),
  ];
  return files.reduce((sum, [path, sizeBytes]) => sum + tarredBytes(path, sizeBytes), tarEnd.length);
}

/**
 * Decides what of each image goes along, and how. What `there` has is named by the manifests as ever and has no entry
 * of its own, unless another image in the tar needs it.
 */
export function planShipping(
  images: readonly ArchivedImage[],
  engine: LoadingEngine,
  there: ThereAlready = nothingThere,
): ShippingPlan {
  const shipments = new Map<string, Shipment>();
  const shipped = new Map<Digest, string>();
  const documents = new Map<string, Uint8Array>();
  const entries: IndexEntry[] = [];
  const items: ManifestJsonItem[] = [];
  const manifests: (Digest | undefined)[] = [];
  const present = new Set<Digest>();
  const ship = (path: string, shipment: Shipment): void => {
    // The same bytes under several paths go once.
    if (shipped.has(shipment.digest)) return;
    shipped.set(shipment.digest, path);
    shipments.set(path, shipment);
  };
  // What must go as it is decides for images that would take it unpacked: an entry is read once.
  const verbatim = new Set(
    images
      .filter((image) => keepsGraph(image, engine))
      .flatMap(({ layers, companions = [] }) => [...layers, ...companions].map(({ path }) => path)),
  );
  for (const image of images) {
    const { configDigest, configBytes, platform, tags } = image;
    documents.set(blobPath(configDigest), configBytes);
    shipped.set(configDigest, '');
    const chains = there === nothingThere ? [] : chainIdsOf(image.layers.map(({ diffId }) => diffId));
    const layers = image.layers.map((layer, at) => {
      // What Podman has it knows unpacked, so that is what the manifest names.
      const isKnownPlain = !keepsGraph(image, engine) && there.hasBlob(layer.diffId);
      const goesPlain = isKnownPlain || (!verbatim.has(layer.path) && !isReadable(layer, engine));
      const shipment = shipmentOf(layer, goesPlain);
      const chain = chains[at];
      if ((chain !== undefined && there.hasChain(chain)) || there.hasBlob(shipment.digest))
        present.add(shipment.digest);
      else ship(layer.path, shipment);
      return { ...shipment, mediaType: layerType(layer, goesPlain) };
    });
    if (keepsGraph(image, engine))
      for (const blob of image.companions ?? [])
        ship(blob.path, { digest: blob.digest, sizeBytes: blob.sizeBytes });
    let target = keepsGraph(image, engine) ? targetOf(image) : undefined;
    if (target === undefined) {
      const manifest = imageManifest({ digest: configDigest, sizeBytes: configBytes.length }, layers);
      documents.set(blobPath(manifest.digest), manifest.bytes);
      entries.push({ target: manifest, tags, platform });
      target = manifest;
      manifests.push(manifest.digest);
    } else {
      entries.push({ target, tags });
      manifests.push(image.manifestDigest);
    }
    items.push({
      configPath: blobPath(configDigest),
      tags: tags.map(withRegistry),
      layerPaths: layers.map(({ digest }) => blobPath(digest)),
    });
  }
  return {
    shipments,
    documents,
    indexJson: indexJson(entries),
    manifestJson: manifestJson(items),
    targets: entries.map(({ target }) => target.digest),
    manifests,
    leftOut: [...present].filter((digest) => !shipped.has(digest)).length,
  };
}

/** Whether the archive's own manifest goes along: only a containerd store takes its ID from that. */
function keepsGraph(image: ArchivedImage, engine: LoadingEngine): boolean {
  return engine.imageStore === 'containerd' && targetOf(image) !== undefined;
}

function targetOf({ targetDigest, companions }: ArchivedImage): PlacedBlob | undefined {
  return companions?.find(({ digest }) => digest === targetDigest);
}

function isReadable({ compression }: ArchivedLayer, engine: LoadingEngine): boolean {
  if (compression === 'zstd') return engine.acceptsZstdLayers;
  return compression === 'none' || compression === 'gzip';
}

function shipmentOf(layer: ArchivedLayer, goesPlain: boolean): Shipment {
  return goesPlain
    ? { digest: layer.diffId, sizeBytes: layer.sizeBytes, unpack: layer.compression }
    : { digest: layer.storedDigest, sizeBytes: layer.storedBytes };
}

function layerType({ compression }: ArchivedLayer, goesPlain: boolean): string {
  const kind = goesPlain || compression === 'xz' || compression === 'bzip2' ? 'none' : compression;
  return ociLayerTypeOf(kind);
}
