import type { Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import type { Platform } from '../engine/records.ts';
import { diffIdsOf } from '../oci/diffIds.ts';
import { parseImageConfig } from '../oci/manifest.ts';
import type { ImageConfig } from '../oci/manifest.ts';
import type { ArchivedImage, ArchivedLayer } from './archive.ts';
import type { ArchiveContents, StoredFile } from './archiveContents.ts';

/** An image's config and its layers, checked against each other; names and graph are added by the caller. */
export type AssembledImage = Pick<ArchivedImage, 'configDigest' | 'configBytes' | 'platform' | 'layers'>;

/**
 * Puts an image together from its config and its layers, bottom first.
 *
 * 1. There are as many layers as diffIDs. 2. Each layer unpacks. 3. What it unpacks to has its diffID.
 */
export function assembleImage(
  contents: ArchiveContents,
  config: StoredFile,
  layers: readonly StoredFile[],
  label: string,
): AssembledImage {
  const configBytes = contents.documentOf(config);
  const parsed = parseImageConfig(configBytes, `${config.path} in ${contents.name}`);
  const diffIds = diffIdsOf(parsed);
  if (diffIds.length !== layers.length)
    throw failure('archiveLayerCount', {
      name: contents.name,
      image: label,
      layers: layers.length,
      diffIds: diffIds.length,
    });
  return {
    configDigest: config.digest,
    configBytes,
    platform: platformOf(parsed),
    layers: layers.map((layer, at) => checkedLayer(contents.name, label, layer, at, diffIds[at])),
  };
}

/** A layer that unpacks to the diffID at its place; throws `archiveWrongDiffId`, or why it does not unpack. */
export function checkedLayer(
  name: string,
  image: string,
  layer: StoredFile,
  at: number,
  diffId: Digest | undefined,
): ArchivedLayer {
  // A tar whose first name starts like packed data: it is what the config says, as it lies there.
  if (layer.digest === diffId) return asStored(layer, diffId);
  if ('failure' in layer.plain) throw layer.plain.failure;
  if (layer.plain.digest !== diffId)
    throw failure('archiveWrongDiffId', {
      name,
      image,
      layer: at + 1,
      found: layer.plain.digest,
      expected: diffId ?? 'nothing',
    });
  return {
    diffId,
    sizeBytes: layer.plain.sizeBytes,
    storedDigest: layer.digest,
    storedBytes: layer.sizeBytes,
    compression: layer.compression,
    path: layer.path,
  };
}

function asStored({ digest, sizeBytes, path }: StoredFile, diffId: Digest): ArchivedLayer {
  return { diffId, sizeBytes, storedDigest: digest, storedBytes: sizeBytes, compression: 'none', path };
}

/** The platform that a config is for. */
export function platformOf({ os, architecture, variant }: ImageConfig): Platform {
  return { os, architecture, ...(variant !== undefined && variant !== '' && { variant }) };
}
