import { shortDigest, type Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import type { EngineInfo, ImageDetails, LoadOutcome } from '../engine/records.ts';
import { DrydockError, failure, isCancellation, reasonOf, type FailureCode } from '../errors.ts';
import { isSameName } from '../oci/imageName.ts';
import { nameOwners, type NamedImage, type NameOwners } from '../recovery/nameOwners.ts';
import { undoLoad, type BrokenLoad } from '../recovery/undoLoad.ts';
import { holdingNames, releaseNames } from './heldImages.ts';
import type { ImagePlan } from './imagePlan.ts';

/** Images that are to be on an engine, and the work that brings them there. */
export interface LoadJob {
  /** What they come from, for failures. */
  readonly name: string;
  readonly info: EngineInfo;
  readonly images: readonly ImagePlan[];
  /** For tags that move: the name under which the image that loses the tag is kept. */
  readonly keepAs: ReadonlyMap<string, string>;
  /**
   * Brings the images and gives them their tags; afterwards they are looked up. `said` takes names that the engine says
   * it gave, for work that may fail after that.
   */
  readonly bring: (said: (names: readonly string[]) => void) => Promise<LoadOutcome>;
  /** Present where the engine has some of it: the same without that. `bring` is for when that comes to nothing. */
  readonly bringRest?: LoadJob['bring'];
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
  /** Why all of it was sent after a part had been: the engine's words. Absent where it was sent once. */
  readonly sentAgain?: string;
}

/** A load that nothing is in the way of and that has changed nothing yet. */
export interface PreparedLoad {
  readonly job: LoadJob;
  /** What undoes it, whenever it breaks off. */
  readonly wayBack: BrokenLoad & { readonly said: string[] };
  /** Names for the time of the load alone; see `holdingNames`. */
  readonly holding: ReadonlyMap<string, string>;
}

/**
 * Brings images to an engine and looks at it before it says done: each image there under its ID, with its diffIDs
 * and its tags. When anything fails or is cancelled, the tags point where they pointed and the images that were not
 * there before are gone again.
 *
 * Rejects as {@link prepareLoad} and {@link carryOutLoad} do, or with `rollbackFailed`.
 */
export async function loadChecked(engine: Engine, job: LoadJob, signal: AbortSignal): Promise<CheckedLoad> {
  const load = await prepareLoad(engine, job, signal);
  try {
    return await carryOutLoad(engine, load, signal);
  } catch (error) {
    await undoLoad(engine, load.wayBack).catch((undoError: unknown) => {
      throw failure(
        'rollbackFailed',
        {
          name: job.name,
          reason: reasonOf(error),
          tags: [...job.images.flatMap(namesOf), ...load.wayBack.keepAs.values()].join(', '),
        },
        new AggregateError([error, undoError]),
      );
    });
    throw error;
  }
}

/**
 * Looks at the engine before a load. Rejects with `tagMoved` if a tag would now be taken from another image than the
 * plan says, `nameTaken`, the engine's failures, or an AbortError.
 */
export async function prepareLoad(engine: Engine, job: LoadJob, signal: AbortSignal): Promise<PreparedLoad> {
  const before = await imagesBefore(engine, job, signal);
  const had = nameOwners(before);
  requireAsPlanned(job, had);
  requireFreeNames(job, had);
  const holding = holdingNames(job, job.keepAs, had);
  const images = job.images.map(({ id, image: { tags } }) => ({ id, tags }));
  const keepAs = new Map([...job.keepAs, ...holding]);
  return { job, holding, wayBack: { images, keepAs, before, said: [] } };
}

/**
 * Does it and looks at the engine afterwards; undoes nothing. What the engine has stays out of the first try: when it
 * does not take that, or is not as it should be afterwards (somebody pruned meanwhile), what was done of it is undone
 * and everything is sent; where a part of that is missing, it rejects with what the engine said first. Rejects with
 * `loadFailed`, `loadMismatch`, what `bring` throws, the engine's failures, or an AbortError.
 */
export async function carryOutLoad(
  engine: Engine,
  load: PreparedLoad,
  signal: AbortSignal,
): Promise<CheckedLoad> {
  const { bring, bringRest } = load.job;
  if (bringRest === undefined) return carryOut(engine, load, bring, signal);
  try {
    return await carryOut(engine, load, bringRest, signal);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    signal.throwIfAborted();
    // What can't be put back, such as the name of an image that somebody removed meanwhile, is no reason to leave it
    // at that: all of it is sent on top, and is undone by the same list should that fail too.
    await undoLoad(engine, load.wayBack).catch(() => undefined);
    const again = await carryOut(engine, load, bring, signal).catch((second: unknown) => {
      // Out of a bundle that lacks a layer not all of it can be sent: then what the engine said is what is wrong.
      throw second instanceof DrydockError && second.code === 'blobMissing' ? error : second;
    });
    return { ...again, sentAgain: reasonOf(error) };
  }
}

/** Whether an engine said no, or is not as it should be. One that is gone would not take all of it either. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof DrydockError)) return false;
  return refusals.includes(error.code);
}

const refusals: readonly FailureCode[] = [
  'loadFailed',
  'loadMismatch',
  'engineRefused',
  'engineConflict',
  'engineNotFound',
];

async function carryOut(
  engine: Engine,
  { job, holding, wayBack }: PreparedLoad,
  bring: LoadJob['bring'],
  signal: AbortSignal,
): Promise<CheckedLoad> {
  const { keepAs, said } = wayBack;
  const had = nameOwners(wayBack.before);
  for (const [tag, name] of keepAs) {
    const owner = had(tag);
    signal.throwIfAborted();
    // Without the signal: a call that broke off might still be carried out after it was undone.
    if (owner !== undefined) await engine.images.tag(owner.id, name);
  }
  const say = (names: readonly string[]): void => {
    said.push(...names);
  };
  const outcome = await bring(say);
  say(outcome.names);
  const images: LoadedImage[] = [];
  for (const [id, places] of Map.groupBy(job.images, (image) => image.id)) {
    images.push(await requireLoaded(engine, id, places, signal));
  }
  for (const [tag, name] of keepAs) await requireKept(engine, name, had(tag)?.id, signal);
  await releaseNames(engine.images, holding);
  return { images, remarks: outcome.remarks };
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
