import type { ArchivedImage, ArchivedLayer } from '../archive/archive.ts';
import { shortDigest, type Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import { engineLayers, type EngineLayers } from '../engine/engineLayers.ts';
import type { EngineInfo } from '../engine/records.ts';
import { failure } from '../errors.ts';
import { choosePlatforms, planImages, type ImagePlan } from '../loading/imagePlan.ts';
import { isOnEngine } from '../loading/isOnEngine.ts';
import { chainIdsOf } from '../oci/chainIds.ts';
import type { Operation } from '../progress.ts';
import { engineIdentity } from '../snapshot/engineIdentity.ts';
import { bundledImages, readBundleAt, type Bundle, type BundledImage } from './readBundle.ts';

/** A layer that did not travel and that the engine has to give back before it can be sent again. */
export interface LayerToFetch {
  readonly layer: ArchivedLayer;
  /** An image of the engine that has it. */
  readonly from: Digest;
}

/** What applying a bundle to an engine will do; made without changing the engine. */
export interface ApplyPlan {
  readonly bundle: Bundle;
  readonly info: EngineInfo;
  readonly images: readonly ImagePlan[];
  /** Images that are left out, because this engine keeps one platform of an image only. */
  readonly leftOut: readonly ArchivedImage[];
  /** Digests, as stored, of layers that the engine has and takes an archive without. */
  readonly omitted: ReadonlySet<Digest>;
  /** Layers that the engine has, but only takes with the image, by their digest as stored. */
  readonly fetched: ReadonlyMap<Digest, LayerToFetch>;
}

/**
 * Reads a bundle, checks all of it, and sees that the engine has every layer that did not travel. Rejects with
 * `bundleHoldsSnapshots`, `bundleLacks` with all that is missing, as `readBundleAt` does, or with the engine's failures.
 */
export async function planApply(
  { engine }: { readonly engine: Engine },
  { path }: { readonly path: string },
  operation: Operation,
): Promise<ApplyPlan> {
  return planApplyOf({ engine }, await readBundleAt(path, operation), operation);
}

/** As {@link planApply}, of one that was read already. */
export async function planApplyOf(
  { engine }: { readonly engine: Engine },
  bundle: Bundle,
  { signal }: Operation,
): Promise<ApplyPlan> {
  const info = await engine.info({ signal });
  if (bundle.document.kind === 'snapshots') throw failure('bundleHoldsSnapshots', { name: bundle.name });
  const found = await bundledImages(bundle);
  const { chosen, leftOut } = choosePlatforms(
    found.map(({ image }) => image),
    info,
  );
  const present = await engine.images.list({ signal });
  const images: ImagePlan[] = [];
  for (const one of planImages(chosen, info, present)) {
    const { id, image, isThere: isListed } = one;
    const { manifestDigest } = image;
    const manifests = manifestDigest === undefined || id !== image.targetDigest ? [] : [manifestDigest];
    images.push({
      ...one,
      isThere: await isOnEngine({ engine, info }, { id, manifests, isListed }, { signal }),
    });
  }
  const there = await engineLayers(engine, { info }, { signal });
  const needing = found.filter(({ image }) => images.some((one) => one.image === image && !one.isThere));
  const { omitted, fetched } = placesOf(needing, there, {
    name: bundle.name,
    target: engineIdentity(info).engineName,
  });
  return { bundle, info, images, leftOut, omitted, fetched };
}

function placesOf(
  images: readonly BundledImage[],
  there: EngineLayers,
  { name, target }: { readonly name: string; readonly target: string },
): Pick<ApplyPlan, 'omitted' | 'fetched'> {
  const onChain = new Set<Digest>();
  const elsewhere = new Map<Digest, ArchivedLayer>();
  for (const { image, absent } of images) {
    const chainIds = chainIdsOf(image.layers.map(({ diffId }) => diffId));
    for (const [at, layer] of image.layers.entries()) {
      if (!absent.has(layer.storedDigest)) continue;
      const chainId = chainIds[at];
      if (chainId !== undefined && there.hasChain(chainId)) onChain.add(layer.storedDigest);
      else elsewhere.set(layer.storedDigest, layer);
    }
  }
  const fetched = new Map<Digest, LayerToFetch>();
  const missing: ArchivedLayer[] = [];
  const sources = new Set<Digest>();
  for (const [digest, layer] of elsewhere) {
    const having = there.images.filter(({ diffIds }) => diffIds.includes(layer.diffId));
    // One that gives another layer already costs nothing more.
    const from = having.find(({ id }) => sources.has(id)) ?? having[0];
    if (from === undefined) missing.push(layer);
    else {
      sources.add(from.id);
      fetched.set(digest, { layer, from: from.id });
    }
  }
  if (missing.length > 0)
    throw failure('bundleLacks', { name, target, missing: missingWords(missing, images) });
  // What is needed on another chain as well travels for all of them.
  return { omitted: new Set([...onChain].filter((digest) => !fetched.has(digest))), fetched };
}

const mostNamed = 10;

/** `the layers 0123456789ab (app:1), …` */
function missingWords(missing: readonly ArchivedLayer[], images: readonly BundledImage[]): string {
  const words = missing.slice(0, mostNamed).map(({ diffId }) => {
    const of = images.find(({ image }) => image.layers.some((layer) => layer.diffId === diffId));
    const name = of?.image.tags[0] ?? shortDigest(of?.image.configDigest ?? '');
    return `${shortDigest(diffId)} (${name})`;
  });
  const more = missing.length > mostNamed ? [`${missing.length - mostNamed} more`] : [];
  return `${missing.length === 1 ? 'the layer' : 'the layers'} ${[...words, ...more].join(', ')}`;
}
