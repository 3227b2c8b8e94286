import { loadableTar } from '../archive/loadStream.ts';
import { shortDigest, type Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import type { ImageDetails, ImageSummary } from '../engine/records.ts';
import { failure, isCancellation, reasonOf } from '../errors.ts';
import { isSameName } from '../oci/imageName.ts';
import type { Operation } from '../progress.ts';
import type { ImagePlan, LoadPlan } from './planLoad.ts';

export interface LoadInput {
  readonly plan: LoadPlan;
  /** For tags that move: the name under which the image that loses the tag is kept. */
  readonly keepAs: ReadonlyMap<string, string>;
}

/** An image that the engine now has, looked up there after the load. */
export interface LoadedImage {
  readonly id: Digest;
  readonly tags: readonly string[];
  readonly wasThere: boolean;
}

export interface LoadedArchive {
  readonly images: readonly LoadedImage[];
  /** What the engine said beyond the names, such as that a tag moved. */
  readonly remarks: readonly string[];
}

/**
 * Loads the images of a plan and looks at the engine before it says done: each image there under its ID, with the
 * diffIDs of the archive and its tags. When anything fails or is cancelled, the tags point where they pointed and
 * the images that were not there before are gone again.
 *
 * Rejects with `loadFailed`, `loadMismatch`, `archiveChanged`, the engine's failures, or an AbortError.
 */
export async function loadArchive(
  deps: { readonly engine: Engine },
  input: LoadInput,
  operation: Operation,
): Promise<LoadedArchive> {
  const { engine } = deps;
  const { plan } = input;
  const { signal, progress } = operation;
  const before = await engine.images.list({ signal });
  for (const name of input.keepAs.values()) {
    if (ownerOf(before, name) !== undefined) throw failure('nameTaken', { name });
  }
  try {
    for (const [tag, name] of input.keepAs) {
      const owner = ownerOf(before, tag);
      if (owner !== undefined) await engine.images.tag(owner.id, name, { signal });
    }
    const tar = loadableTar(
      plan.source,
      plan.archive,
      plan.images.map(({ image }) => image),
      { imageStore: plan.info.imageStore, acceptsZstdLayers: acceptsZstdLayers(plan.info) },
      operation,
    );
    const outcome = await engine.images.load(tar, {
      signal,
      onProgress: (fact) => {
        progress.report({ phase: 'finishing', ...fact });
      },
    });
    const images: LoadedImage[] = [];
    for (const image of onePerTarget(plan.images)) {
      images.push(await requireLoaded(engine, image, plan.images, outcome.ids, signal));
    }
    return { images, remarks: outcome.remarks };
  } catch (error) {
    await putBack(engine, before, input).catch((rollbackError: unknown) => {
      throw failure(
        'rollbackFailed',
        {
          name: plan.archive.name,
          reason: reasonOf(error),
          tags: plan.images.flatMap(({ image }) => image.tags).join(', '),
        },
        new AggregateError([error, rollbackError]),
      );
    });
    throw error;
  }
}

/** Docker reads zstd layers from 23.0 on; Podman always does. */
function acceptsZstdLayers(info: LoadPlan['info']): boolean {
  return info.product === 'podman' || Number.parseInt(info.version, 10) >= 23;
}

function ownerOf(images: readonly ImageSummary[], tag: string): ImageSummary | undefined {
  return images.find(({ tags }) => tags.some((other) => isSameName(other, tag)));
}

async function requireLoaded(
  engine: Engine,
  plan: ImagePlan,
  all: readonly ImagePlan[],
  untaggedIds: readonly Digest[],
  signal: AbortSignal,
): Promise<LoadedImage> {
  const { image } = plan;
  const name = image.tags[0] ?? shortDigest(image.configDigest);
  const ref = plan.id ?? image.tags[0] ?? untaggedIds[0];
  if (ref === undefined) throw failure('loadMismatch', { name, reason: 'it did not say under which ID' });
  const details = await engine.images.inspect(ref, { signal }).catch((error: unknown) => {
    if (isCancellation(error)) throw error;
    throw failure('loadMismatch', { name, reason: `has no image ${shortDigest(ref)} afterwards` }, error);
  });
  const platforms = plan.id === undefined ? [plan] : all.filter(({ id }) => id === plan.id);
  if (!platforms.some((candidate) => hasLayersOf(details, candidate))) {
    throw failure('loadMismatch', { name, reason: 'its layers are not those of the archive' });
  }
  for (const tag of image.tags) {
    if (details.tags.some((other) => isSameName(other, tag))) continue;
    throw failure('loadMismatch', { name, reason: `the tag ${tag} does not point to it` });
  }
  return { id: details.id, tags: details.tags, wasThere: plan.isThere };
}

/** A containerd store shows the platforms of one index as one image, with the layers of the engine's own platform. */
function onePerTarget(plans: readonly ImagePlan[]): readonly ImagePlan[] {
  return plans.filter(
    ({ id }, index) => id === undefined || plans.findIndex((other) => other.id === id) === index,
  );
}

function hasLayersOf(details: ImageDetails, { image }: ImagePlan): boolean {
  return (
    details.diffIds.length === image.layers.length &&
    image.layers.every(({ diffId }, index) => diffId === details.diffIds[index])
  );
}

/** Undoes what a broken load did, without the signal that may have broken it. */
async function putBack(engine: Engine, before: readonly ImageSummary[], input: LoadInput): Promise<void> {
  const after = await engine.images.list();
  const knownIds = new Set(before.map(({ id }) => id));
  for (const { image } of input.plan.images) {
    for (const tag of image.tags) {
      const owner = ownerOf(before, tag);
      const now = ownerOf(after, tag);
      if (owner !== undefined && owner.id !== now?.id) await engine.images.tag(owner.id, tag);
      if (owner === undefined && now !== undefined) await engine.images.remove(tag);
    }
  }
  for (const [tag, name] of input.keepAs) {
    if (
      ownerOf(before, name) === undefined &&
      ownerOf(before, tag) !== undefined &&
      ownerOf(after, name) !== undefined
    ) {
      await engine.images.remove(name);
    }
  }
  const ours = new Set(
    input.plan.images.flatMap(({ id, image }) => [id, image.configDigest, image.targetDigest]),
  );
  for (const { id } of await engine.images.list()) {
    if (!knownIds.has(id) && ours.has(id)) await engine.images.remove(id, { force: true });
  }
}
