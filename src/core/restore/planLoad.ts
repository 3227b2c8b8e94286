import type { Archive, ArchivedImage, ArchiveSource } from '../archive/archive.ts';
import { readArchiveAt } from '../archive/readArchiveAt.ts';
import type { Engine } from '../engine/engine.ts';
import type { EngineInfo } from '../engine/records.ts';
import { choosePlatforms, planImages, type ImagePlan } from '../loading/imagePlan.ts';
import type { Operation } from '../progress.ts';
import { blobsInArchive, sendingOf, type Coming, type Sending } from '../loading/layersThere.ts';

/** What loading an archive into an engine will do; made without touching the engine. */
export interface LoadPlan {
  readonly source: ArchiveSource;
  /** The whole archive, read and checked. */
  readonly archive: Archive;
  readonly info: EngineInfo;
  readonly images: readonly ImagePlan[];
  /** Images of the archive that are left out, because this engine keeps one platform of an image only. */
  readonly leftOut: readonly ArchivedImage[];
  readonly sending: Sending;
}

/**
 * Reads an archive (a file or an OCI layout folder) to its end, checks all of it, and says what loading it will
 * do. Rejects with the archive failures of `core/errors.ts`; the engine is only asked, never changed.
 */
export async function planLoad(
  deps: { readonly engine: Engine },
  input: { readonly path: string },
  operation: Operation,
): Promise<LoadPlan> {
  const { signal } = operation;
  const [info, present] = await Promise.all([
    deps.engine.info({ signal }),
    deps.engine.images.list({ signal }),
  ]);
  const { source, archive } = await readArchiveAt(input.path, operation);
  const { chosen, leftOut } = choosePlatforms(archive.images, info);
  const images = planImages(chosen, info, present);
  const read = { source, archive, info, leftOut, images };
  return { ...read, sending: await sendingOf(deps.engine, comingFrom(read), { signal }) };
}

/** The images of a plan on their way to the engine. */
export function comingFrom({
  info,
  images,
  archive,
}: Pick<LoadPlan, 'info' | 'images' | 'archive'>): Coming<ImagePlan> {
  return { info, images, blobsOf: blobsInArchive(archive.images), isReadAnew: true };
}
