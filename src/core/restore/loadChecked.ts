import { shortDigest, type Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import type { EngineInfo, ImageDetails, LoadOutcome } from '../engine/records.ts';
import { DrydockError, failure, isCancellation, reasonOf } from '../errors.ts';
import { isSameName } from '../oci/imageName.ts';
import { holdingNames, releaseNames } from './heldImages.ts';
import { nameOwners, type NamedImage, type NameOwners } from './nameOwners.ts';
import type { ImagePlan } from './planLoad.ts';
import { undoLoad } from './undoLoad.ts';

/** Images that are to be on an engine, and the work that brings them there. */
export interface LoadJob {
  /** What they come from, for failures. */
  readonly name: string;
  readonly info: EngineInfo;
  readonly images: readonly ImagePlan[];
  /** For tags that move: the name under which the image that loses the tag is kept. */
  readonly keepAs: ReadonlyMap<string, string>;
  /** Brings the images and gives them their tags; afterwards they are looked up. */
  readonly bring: () => Promise<LoadOutcome>;
}

/** An image that the engine now has, looked up there after the load. */
export interface LoadedImage {
  readonly id: Digest;
  /** The names that it was to get. */
  readonly tags: readonly string[];
  readonly wasThere: boolean;
}

export interface CheckedLoad {
  readonly images: readonly LoadedImage[];
  /** What the engine said beyond the names, such as that a tag moved. */
  readonly remarks: readonly string[];
  /** Puts the tags back and removes the images that were not there. Rejects with `rollbackFailed`. */
  readonly undo: (reason: unknown) => Promise<void>;
}

/**
 * Brings images to an engine and looks at it before it says done: each image there under its ID, with its diffIDs
 * and its tags. When anything fails or is cancelled, the tags point where they pointed and the images that were not
 * there before are gone again.
 *
 * Rejects with `tagMoved` if a tag would now be taken from another image than the plan says, `nameTaken`,
 * `loadFailed`, `loadMismatch`, what `bring` throws, the engine's failures, an AbortError, or `rollbackFailed`.
 */
export async function loadChecked(engine: Engine, job: LoadJob, signal: AbortSignal): Promise<CheckedLoad> {
  const before = await imagesBefore(engine, job, signal);
  const had = nameOwners(before);
  requireAsPlanned(job, had);
  requireFreeNames(job, had);
  const holding = holdingNames(job, job.keepAs, had);
  const keepAs = new Map([...job.keepAs, ...holding]);
  let said: readonly string[] = [];
  const undo = async (reason: unknown): Promise<void> => {
    await undoLoad(engine, { plan: job, keepAs, before, said }).catch((undoError: unknown) => {
      throw failure(
        'rollbackFailed',
        {
          name: job.name,
          reason: reasonOf(reason),
          tags: [...job.images.flatMap(namesOf), ...keepAs.values()].join(', '),
        },
        new AggregateError([reason, undoError]),
      );
    });
  };
  try {
    for (const [tag, name] of keepAs) {
      const owner = had(tag);
      signal.throwIfAborted();
      // Without the signal: a call that broke off might still be carried out after it was undone.
      if (owner !== undefined) await engine.images.tag(owner.id, name);
    }
    const outcome = await job.bring();
    said = outcome.names;
    const images: LoadedImage[] = [];
    for (const [id, places] of Map.groupBy(job.images, (image) => image.id)) {
      images.push(await requireLoaded(engine, id, places, signal));
    }
    for (const [tag, name] of keepAs) await requireKept(engine, name, had(tag)?.id, signal);
    await releaseNames(engine.images, holding);
    return { images, remarks: outcome.remarks, undo };
  } catch (error) {
    await undo(error);
    throw error;
  }
}

/** Engines leave images without a name out of their list when others stand on them. */
async function imagesBefore(
  engine: Engine,
  { images }: LoadJob,
  signal: AbortSignal,
): Promise<readonly NamedImage[]> {
  const listed = await engine.images.list({ signal });
  const ids = new Set(listed.map(({ id }) => id));
  const hidden: NamedImage[] = [];
  for (const id of new Set(images.map((image) => image.id))) {
    if (ids.has(id)) continue;
    const found = await engine.images.inspect(id, { signal }).catch((error: unknown) => {
      if (error instanceof DrydockError && error.code === 'engineNotFound') return undefined;
      throw error;
    });
    if (found !== undefined) hidden.push(found);
  }
  return [...listed, ...hidden];
}

function namesOf({ image }: ImagePlan): readonly string[] {
  return image.tags.length > 0 ? image.tags : [shortDigest(image.configDigest)];
}

/** A person agreed to what the plan says; a tag that another image has got since was not part of that. */
function requireAsPlanned({ images }: LoadJob, had: NameOwners): void {
  for (const { id, tags } of images) {
    for (const { tag, currentId } of tags) {
      const owner = had(tag);
      if (owner !== undefined && owner.id !== currentId && owner.id !== id)
        throw failure('tagMoved', { tag });
    }
  }
}

/** A name under which an image is kept must be nobody's, once, and not one that the load itself gives away. */
function requireFreeNames({ images, keepAs }: LoadJob, had: NameOwners): void {
  const coming = images.flatMap(({ image }) => image.tags);
  const names = [...keepAs.values()];
  for (const [index, name] of names.entries()) {
    const isTaken =
      had(name) !== undefined ||
      [...coming, ...names.slice(0, index)].some((other) => isSameName(other, name));
    if (isTaken) throw failure('nameTaken', { name });
  }
}

/**
 * Looks one image up. An archive may name it in several places, and a containerd store shows the platforms of one
 * index as one image, with the layers of the engine's own platform.
 */
async function requireLoaded(
  engine: Engine,
  id: Digest,
  places: readonly ImagePlan[],
  signal: AbortSignal,
): Promise<LoadedImage> {
  const tags = places.flatMap(({ image }) => image.tags);
  const name = tags[0] ?? shortDigest(id);
  const details = await engine.images.inspect(id, { signal }).catch((error: unknown) => {
    if (isCancellation(error)) throw error;
    throw failure('loadMismatch', { name, reason: `has no image ${shortDigest(id)} afterwards` }, error);
  });
  if (!places.some(({ image }) => hasLayersOf(details, image))) {
    throw failure('loadMismatch', { name, reason: 'its layers are not those of the archive' });
  }
  for (const tag of tags) {
    if (details.tags.some((other) => isSameName(other, tag))) continue;
    throw failure('loadMismatch', { name, reason: `the tag ${tag} does not point to it` });
  }
  return { id: details.id, tags: [...new Set(tags)], wasThere: places.some(({ isThere }) => isThere) };
}

async function requireKept(
  engine: Engine,
  name: string,
  id: Digest | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (id === undefined || (await engine.images.inspect(name, { signal })).id === id) return;
  throw failure('loadMismatch', { name, reason: 'the image to be kept under that name is another one' });
}

function hasLayersOf(details: ImageDetails, { layers }: ImagePlan['image']): boolean {
  return (
    details.diffIds.length === layers.length &&
    layers.every(({ diffId }, index) => diffId === details.diffIds[index])
  );
}
