import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import type { ArchiveSource } from '../archive/archive.ts';
import { compress, leastCompressedShare } from '../archive/compress.ts';
import { savedArchive } from '../archive/saveStream.ts';
import { shortDigest, type Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import { mergeById } from '../engine/mergeById.ts';
import type { ImageDetails } from '../engine/records.ts';
import { failure } from '../errors.ts';
import { requireRoom } from '../files/requireRoom.ts';
import { isSameName } from '../oci/imageName.ts';
import type { Operation } from '../progress.ts';
import { engineIdentity } from '../snapshot/engineIdentity.ts';
import type { StoredBlob } from '../vault/blobStore.ts';
import { bundleDocumentBytes, bundleDocumentPath } from './bundleDocument.ts';
import type { Inventory } from './inventory.ts';
import { bundledImages, readBundle } from './readBundle.ts';
import { writeBundle, type BundlePlace, type WrittenBundle } from './writeBundle.ts';

/** An image for a bundle, with the names that it shall have there. */
export interface ImageToBundle {
  readonly id: Digest;
  readonly tags: readonly string[];
}

export interface BundleImagesInput extends BundlePlace {
  readonly images: readonly ImageToBundle[];
  /** What the target has; everything travels without it. */
  readonly had?: Inventory;
  /** Of the whole bundle. */
  readonly compression: 'none' | 'gzip' | 'zstd';
  readonly nowMs: number;
}

/** A bundle that was written, read back and found to hold what it should. */
export interface MadeBundle extends WrittenBundle {
  readonly items: readonly { readonly id: Digest; readonly name: string; readonly tags: readonly string[] }[];
  /** What did not travel, since the target has it. */
  readonly leftOut: readonly StoredBlob[];
}

/**
 * Puts images of an engine into one bundle: 1. ask the engine what they are, 2. have it send them in one request, 3. let
 * through what the target lacks, as an OCI layout with a manifest.json, so that a full bundle is an archive that every
 * engine loads, 4. read it back: every digest, each image against the engine's word, and nothing missing but what the
 * target was said to have, 5. name it.
 *
 * Rejects with `tagMoved`, `imageWithoutLayers`, `verifyMismatch`, as {@link writeBundle} does, with the failures of the
 * engine and of archives, or an AbortError. Nothing is left behind then.
 */
export async function bundleImages(
  { engine }: { readonly engine: Engine },
  { images, had, compression, nowMs, ...place }: BundleImagesInput,
  operation: Operation,
): Promise<MadeBundle> {
  const { signal, progress } = operation;
  const wanted = mergeById(images);
  if (wanted.length === 0) throw failure('nothingSelected', { verb: 'bundle' });
  progress.report({ phase: 'preparing', item: nameOf(wanted[0]) });
  const info = await engine.info({ signal });
  const details = new Map<Digest, ImageDetails>();
  for (const { id, tags } of wanted) {
    const found = await engine.images.inspect(id, { signal });
    const lost = tags.find((tag) => !found.tags.some((current) => isSameName(current, tag)));
    if (lost !== undefined) throw failure('tagMoved', { tag: lost });
    const needsLayers = info.imageStore !== 'containerd' && info.product !== 'podman';
    if (needsLayers && found.diffIds.length === 0)
      throw failure('imageWithoutLayers', { name: tags[0] ?? shortDigest(id) });
    details.set(id, found);
  }
  // With an inventory nobody knows how much will travel.
  const largest = Math.max(...[...details.values()].map(({ sizeBytes }) => sizeBytes));
  const share = had !== undefined ? 0 : compression === 'none' ? 1 : leastCompressedShare;
  await requireRoom(dirname(place.path), Math.ceil(largest * share));

  const items = wanted.map((image) => ({ ...image, name: nameOf(image) }));
  let leftOut: readonly StoredBlob[] = [];
  let sent: Readable | undefined;
  const bytes = async function* (workFolder: string): AsyncGenerator<Uint8Array, void, undefined> {
    sent = await engine.images.save(
      wanted.map(({ id }) => id),
      { signal },
    );
    yield* savedArchive(
      sent,
      {
        form: 'oci-archive',
        withManifestJson: true,
        spoolFolder: workFolder,
        images: wanted.map((image) => ({ ...image, diffIds: details.get(image.id)?.diffIds ?? [] })),
        leavesOut: (digest) => had !== undefined && (had.diffIds.has(digest) || had.blobs.has(digest)),
        more: (left) => {
          leftOut = [...left].map(([digest, sizeBytes]) => ({ digest, sizeBytes }));
          const document = bundleDocumentBytes({
            kind: 'images',
            createdMs: nowMs,
            madeOn: engineIdentity(info).engineName,
            madeOnId: engineIdentity(info).engineId,
            items: items.map(({ id, name }) => ({ id, name })),
            leftOut,
            ...(had && { had }),
          });
          return new Map([[bundleDocumentPath, document]]);
        },
      },
      operation,
    );
  };
  try {
    const written = await writeBundle(
      place,
      {
        bytes: (workFolder) => compress(bytes(workFolder), compression, { signal }),
        check: (source, during) => requireSame(source, wanted, details, had, during),
      },
      operation,
    );
    return { ...written, items, leftOut };
  } finally {
    // A write that failed before or between two pieces leaves the stream open otherwise.
    sent?.destroy();
  }
}

/** Compares what lies in the bundle with what the engine says, and what does not with what the target has. */
async function requireSame(
  source: ArchiveSource,
  wanted: readonly ImageToBundle[],
  details: ReadonlyMap<Digest, ImageDetails>,
  had: Inventory | undefined,
  operation: Operation,
): Promise<void> {
  const found = await bundledImages(await readBundle(source, operation));
  for (const { image, absent } of found)
    for (const digest of absent) {
      if (had?.diffIds.has(digest) === true || had?.blobs.has(digest) === true) continue;
      const name = image.tags[0] ?? shortDigest(image.configDigest);
      throw failure('verifyMismatch', {
        name,
        expected: `the layer ${shortDigest(digest)}`,
        found: 'nothing',
      });
    }
  for (const one of wanted) {
    const name = nameOf(one);
    const diffIds = details.get(one.id)?.diffIds.join();
    const matches = found.filter(
      ({ image }) =>
        [image.configDigest, image.manifestDigest, image.targetDigest].includes(one.id) &&
        image.layers.map(({ diffId }) => diffId).join() === diffIds,
    );
    const expected = `${shortDigest(one.id)} with its layers`;
    if (matches.length === 0) throw failure('verifyMismatch', { name, expected, found: 'no such image' });
    const lost = one.tags.find(
      (tag) => !matches.some(({ image }) => image.tags.some((other) => isSameName(other, tag))),
    );
    if (lost !== undefined)
      throw failure('verifyMismatch', { name, expected: `the tag ${lost}`, found: 'no such tag' });
  }
}

function nameOf(image: ImageToBundle | undefined): string {
  return image?.tags[0] ?? shortDigest(image?.id ?? '');
}
