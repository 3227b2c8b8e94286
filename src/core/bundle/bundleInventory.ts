import { readBundleAt, bundledImages, type Bundle } from './readBundle.ts';
import { stat } from 'node:fs/promises';
import { fileFailure } from '../archive/fileSource.ts';
import type { Digest } from '../digest.ts';
import { DrydockError, failure } from '../errors.ts';
import { hasCode } from '../files/fileErrors.ts';
import type { Operation } from '../progress.ts';
import { readSmallFile } from '../vault/readSmallFile.ts';
import { maxInventoryBytes, parseInventory, type Inventory } from './inventory.ts';

/**
 * What a target has by a file about it: its inventory, or the last bundle that was made for it, which says what was there
 * and brings the rest. Rejects with `badInventory`, or as `readBundleAt` does.
 */
export async function inventoryFrom(path: string, operation: Operation): Promise<Inventory> {
  const found = await stat(path).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw fileFailure(error, path);
  });
  if (found !== undefined && found.isFile() && found.size <= maxInventoryBytes) {
    const bytes = await readSmallFile(path, maxInventoryBytes);
    if (bytes[0] === 0x7b) return parseInventory(bytes, path);
  }
  try {
    return await inventoryOfBundle(await readBundleAt(path, operation));
  } catch (error) {
    if (error instanceof DrydockError && ['notAnArchive', 'notABundle'].includes(error.code))
      throw failure('badInventory', { name: path, reason: 'it is neither an inventory nor a bundle' }, error);
    throw error;
  }
}

async function inventoryOfBundle(bundle: Bundle): Promise<Inventory> {
  const { document, contents } = bundle;
  const images = new Set<Digest>(document.had?.images);
  const diffIds = new Set<Digest>(document.had?.diffIds);
  const blobs = new Set<Digest>(document.had?.blobs);
  if (document.kind === 'images') {
    for (const { image } of await bundledImages(bundle)) {
      images.add(image.targetDigest ?? image.configDigest).add(image.configDigest);
      for (const { diffId, storedDigest } of image.layers) {
        diffIds.add(diffId);
        blobs.add(storedDigest);
      }
    }
  } else if (document.had?.target.kind !== 'engine')
    // An engine that restored them keeps no blobs.
    for (const digest of contents.blobDigests()) blobs.add(digest);
  return {
    // A full bundle was made for whoever gets it.
    target: document.had?.target ?? {
      kind: document.kind === 'images' ? 'engine' : 'vault',
      id: '',
      name: bundle.name,
    },
    createdMs: document.createdMs,
    images,
    diffIds,
    blobs,
  };
}
