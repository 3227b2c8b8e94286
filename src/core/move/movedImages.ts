import type { ArchivedImage } from '../archive/archive.ts';
import { loadableTar } from '../archive/loadStream.ts';
import { readArchive } from '../archive/readArchive.ts';
import { savedLayerFiles } from '../archive/savedLayerFiles.ts';
import { savedArchive } from '../archive/saveStream.ts';
import { idsAfterLoad } from '../archive/shipping.ts';
import type { Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import type { EngineInfo, ImageDetails } from '../engine/records.ts';
import { failure } from '../errors.ts';
import { savedImages } from '../fileTrees/readSavedImages.ts';
import type { Operation } from '../progress.ts';
import { choosePlatforms, loadingEngine } from '../loading/imagePlan.ts';
import { nameOfImage } from '../restore/planImages.ts';
import type { SnapshotImage } from '../snapshot/snapshot.ts';

/** An image of the source, as a plan calls it, and what its engine tells of it. */
export interface ImageToMove {
  readonly snapshotImage: SnapshotImage;
  readonly details: ImageDetails;
}

/** An image as it will arrive. */
export interface ArrivingImage extends ImageToMove {
  readonly image: ArchivedImage;
  /** The ID that it will have there. */
  readonly id: Digest;
}

/** Images on their way: what they will be there, and the bytes that bring some of them with the names they get. */
export interface ImageRoute {
  readonly images: readonly ArrivingImage[];
  readonly tar: (
    images: readonly Pick<ArrivingImage, 'details' | 'image'>[],
    operation: Operation,
    leavesOutFiles?: ReadonlySet<string>,
  ) => AsyncIterable<Uint8Array>;
  /** Files of the tar that may be left out for an engine which has these chainIDs. */
  readonly filesThere: (
    images: readonly Pick<ArrivingImage, 'details'>[],
    hasChain: (chainId: Digest) => boolean,
  ) => ReadonlySet<string>;
}

interface Ends {
  readonly source: Engine;
  readonly sourceInfo: EngineInfo;
  readonly targetInfo: EngineInfo;
}

/**
 * Says how images get from one engine to another. Between engines that keep images in the same way what one sends goes
 * to the other as it comes, and IDs stay. Between a classic and a containerd store it is read twice: once to learn
 * what is in it, for the other counts IDs otherwise and needs other documents.
 */
export async function routeImages(
  ends: Ends,
  images: readonly ImageToMove[],
  operation: Operation,
): Promise<ImageRoute> {
  const isSameKind = ends.sourceInfo.imageStore === ends.targetInfo.imageStore;
  return isSameKind || images.length === 0
    ? straight(ends, images)
    : await translated(ends, images, operation);
}

function straight({ source }: Ends, images: readonly ImageToMove[]): ImageRoute {
  return {
    images: images.map((one) => ({ ...one, id: one.details.id, image: describedBy(one) })),
    filesThere: (chosen, hasChain) =>
      savedLayerFiles(
        chosen.map(({ details }) => details.diffIds),
        hasChain,
      ),
    tar: async function* (chosen, operation, leavesOutFiles = new Set()) {
      const { signal } = operation;
      const saved = await source.images.save([...new Set(chosen.map(({ details }) => details.id))], {
        signal,
      });
      try {
        const wanted = chosen.map(({ details: { id, diffIds }, image: { tags } }) => ({ id, diffIds, tags }));
        // A docker-archive spools nothing.
        yield* savedArchive(
          saved,
          { form: 'docker-archive', images: wanted, spoolFolder: '', leavesOutFiles },
          operation,
        );
      } finally {
        saved.destroy();
      }
    },
  };
}

/** An image whose bytes nobody has seen yet. */
function describedBy({
  snapshotImage: { tags },
  details: { id, diffIds, platform },
}: ImageToMove): ArchivedImage {
  return {
    configDigest: id,
    configBytes: new Uint8Array(),
    tags,
    platform,
    layers: diffIds.map((diffId) => ({
      ...{ diffId, sizeBytes: 0, storedDigest: diffId, storedBytes: 0 },
      ...{ compression: 'none', path: '' },
    })),
  };
}

async function translated(
  { source, targetInfo }: Ends,
  images: readonly ImageToMove[],
  operation: Operation,
): Promise<ImageRoute> {
  const name = images.map(({ snapshotImage }) => nameOfImage(snapshotImage)).join(', ');
  const ids = [...new Set(images.map(({ details }) => details.id))];
  const saved = savedImages(source, ids, name);
  const archive = await readArchive(saved, operation);
  const { chosen } = choosePlatforms(archive.images, targetInfo);
  const loading = loadingEngine(targetInfo);
  const arriving = images.map((one): ArrivingImage => {
    const { details, snapshotImage } = one;
    const found =
      chosen.find(({ targetDigest, manifestDigest, configDigest }) =>
        [targetDigest, manifestDigest, configDigest].includes(details.id),
      ) ?? chosen.find(({ layers }) => layers.map(({ diffId }) => diffId).join() === details.diffIds.join());
    if (found === undefined)
      throw failure('archiveMissing', { name, missing: details.id, by: nameOfImage(snapshotImage) });
    const image = { ...found, tags: snapshotImage.tags };
    return { ...one, image, id: idsAfterLoad([image], loading).get(image) ?? image.configDigest };
  });
  return {
    images: arriving,
    // Their files are not those of a classic engine's save.
    filesThere: () => new Set(),
    tar: (some, during) =>
      loadableTar(
        saved,
        archive,
        some.map(({ image }) => image),
        loading,
        during,
      ),
  };
}
