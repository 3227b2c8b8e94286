import { tarEnd } from '../archive/tarWriter.ts';
import type { Engine, ImageStore } from '../engine/engine.ts';
import { DrydockError, reasonOf } from '../errors.ts';
import type { Digest } from '../digest.ts';
import { nameOwners, type NamedImage } from './nameOwners.ts';

/** A load that came to nothing. */
export interface BrokenLoad {
  /** Images that were to come, by the IDs they get on the engine, with the names they were to get. */
  readonly images: readonly { readonly id: Digest; readonly tags: readonly string[] }[];
  /** For tags that were to move: the names under which the images that had them were to be kept. */
  readonly keepAs: ReadonlyMap<string, string>;
  /** The engine's images when it began, and those of the archive that it had but does not list. */
  readonly before: readonly NamedImage[];
  /** Names that the engine said it gave: Podman puts other ones on some archives. */
  readonly said: readonly string[];
}

/**
 * Puts back what a broken load changed, and nothing else:
 * 1. names that went to an image of the archive go back to the images that had them,
 * 2. names that nobody had are taken away again, 3. so are the names under which old images were to be kept,
 * 4. images of the archive that were not there go, unless someone has named them since.
 *
 * Goes on after a step that fails; the failures come together in an AggregateError. Works without the signal that
 * may have broken the load.
 */
export async function undoLoad(
  { images }: Engine,
  { images: coming, keepAs, before, said }: BrokenLoad,
): Promise<void> {
  const failures: unknown[] = [];
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    await work().catch((error: unknown) => failures.push(error));
  };
  const known = new Map(before.map((image) => [image.id, image]));
  const [had, has] = [nameOwners(before), nameOwners(await images.list())];
  const ours = new Set(coming.map(({ id }) => id));

  const newNames: string[] = [];
  const lastNames: string[] = [];
  for (const tag of new Set([...coming.flatMap(({ tags }) => tags), ...said])) {
    const [owner, now] = [had(tag), has(tag)];
    // A name that is with a stranger was put there by someone else meanwhile.
    if (owner?.id === now?.id || (now !== undefined && !ours.has(now.id))) continue;
    if (owner !== undefined) await attempt(() => images.tag(owner.id, tag));
    else if (now !== undefined) (known.get(now.id)?.tags.length === 0 ? lastNames : newNames).push(tag);
  }
  for (const tag of newNames) await attempt(() => removeIfThere(images, tag));
  if (lastNames.length > 0) await attempt(() => takeLastNames(images, lastNames));

  for (const [tag, name] of keepAs) {
    const owner = had(tag);
    if (owner === undefined || had(name) !== undefined || has(name)?.id !== owner.id) continue;
    await attempt(async () => {
      // The last name of an image would take the image with it.
      if ((await images.inspect(owner.id)).tags.length > 1) await images.remove(name);
    });
  }

  await attempt(async () => {
    for (const { id, tags } of await images.list()) {
      if (!known.has(id) && tags.length === 0 && ours.has(id)) await attempt(() => removeIfThere(images, id));
    }
  });
  if (failures.length > 0) throw new AggregateError(failures, failures.map(reasonOf).join('; '));
}

/** Removing an image may take those below it along. */
async function removeIfThere(images: ImageStore, ref: string): Promise<void> {
  await images.remove(ref).catch((error: unknown) => {
    if (!(error instanceof DrydockError) || error.code !== 'engineNotFound') throw error;
  });
}

/**
 * Takes names from images that had none before. An engine removes an image with its last name, so the names go to
 * an empty image first, and with that one.
 */
async function takeLastNames(images: ImageStore, names: readonly string[]): Promise<void> {
  async function* emptyTar(): AsyncGenerator<Uint8Array, void, undefined> {
    yield await Promise.resolve(tarEnd);
  }
  const standIn = await images.importRootfs(emptyTar(), {});
  for (const name of names) await images.tag(standIn, name);
  await images.remove(standIn, { force: true });
}
