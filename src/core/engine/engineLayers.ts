import type { Digest } from '../digest.ts';
import { DrydockError, type FailureCode } from '../errors.ts';
import { inParallel } from '../inParallel.ts';
import { chainIdsOf } from '../oci/chainIds.ts';
import type { CallOptions, Engine } from './engine.ts';
import type { EngineInfo } from './records.ts';

/** An image that an engine has, as far as its layers go. */
export interface PresentImage {
  readonly id: Digest;
  readonly tags: readonly string[];
  /** Bottom first; on a containerd store those of the engine's own platform, and none where that is not there. */
  readonly diffIds: readonly Digest[];
  /** Manifests of which the engine has every blob; none where it does not tell, as classic stores and old APIs. */
  readonly wholeManifests: readonly Digest[];
  /** How large each of these is with its blobs, where the engine tells. */
  readonly wholeBytes: readonly number[];
}

/**
 * What an engine has, for those who are to send it images: a restore, a move, a bundle. It is true for the moment in
 * which the engine was asked. Somebody may prune right after, so whoever leaves something out must look at the
 * engine's answer and be able to send all of it.
 */
export interface EngineLayers {
  /** How the engine takes images in, and so what may be left out. */
  readonly store: 'classic' | 'containerd' | 'podman';
  /** Without those that vanished while it was asked, or that the engine itself can't tell about. */
  readonly images: readonly PresentImage[];
  /**
   * Whether a tar for the engine may leave out the layer with this chainID (`chainIdsOf`). Only classic stores take
   * such a tar. The same diffID on another chain is another layer to them.
   */
  readonly hasChain: (chainId: Digest) => boolean;
  /**
   * Whether a tar for the engine may leave out this blob, as it is stored. Containerd stores take such a tar, and only
   * where they can be asked afterwards whether an image is whole; so does Podman, which knows layers by their diffID,
   * on whatever chain, where the tar holds one image under one name at most.
   */
  readonly hasBlob: (digest: Digest) => boolean;
}

/**
 * Blobs that a manifest names, config and layers; undefined where nobody here has its bytes. No engine tells which
 * blobs it has: what is known is which manifests are whole there, and what these name.
 */
export type BlobsOf = (manifest: Digest) => Promise<readonly Digest[] | undefined>;

/** What an engine is asked of a single image and can't answer says nothing of the others. */
const aboutOneImage: readonly FailureCode[] = ['engineNotFound', 'engineRefused', 'engineGarbled'];

/**
 * Asks an engine which layers it has, image by image. Without `blobsOf` nothing is known of a containerd store's
 * blobs. Rejects with the engine's failures, those of `blobsOf`, or an AbortError.
 */
export async function engineLayers(
  engine: Pick<Engine, 'images'>,
  { info, blobsOf }: { readonly info: EngineInfo; readonly blobsOf?: BlobsOf },
  { signal = new AbortController().signal }: CallOptions = {},
): Promise<EngineLayers> {
  const store = storeOf(info);
  const images: PresentImage[] = [];
  await inParallel(
    await engine.images.list({ signal }),
    async ({ id, tags }) => {
      const details = await engine.images
        .inspect(id, { signal, withManifests: store === 'containerd' })
        .catch((error: unknown) => {
          if (error instanceof DrydockError && aboutOneImage.includes(error.code)) return undefined;
          throw error;
        });
      if (details === undefined) return;
      const { diffIds, presentManifests = [], presentBytes = new Map<Digest, number>() } = details;
      images.push({
        ...{ id, tags, diffIds, wholeManifests: presentManifests },
        wholeBytes: presentManifests.flatMap((manifest) => presentBytes.get(manifest) ?? []),
      });
    },
    signal,
  );
  const chains = new Set(store === 'classic' ? images.flatMap(({ diffIds }) => chainIdsOf(diffIds)) : []);
  const blobs = new Set(store === 'podman' ? images.flatMap(({ diffIds }) => diffIds) : []);
  if (store === 'containerd' && blobsOf !== undefined)
    for (const manifest of new Set(images.flatMap(({ wholeManifests }) => wholeManifests))) {
      signal.throwIfAborted();
      for (const blob of (await blobsOf(manifest)) ?? []) blobs.add(blob);
    }
  return { store, images, hasChain: (id) => chains.has(id), hasBlob: (digest) => blobs.has(digest) };
}

/** How an engine keeps images, and so how it takes and gives them. */
export function storeOf({ product, imageStore }: EngineInfo): EngineLayers['store'] {
  if (product === 'podman') return 'podman';
  return imageStore === 'containerd' ? 'containerd' : 'classic';
}
