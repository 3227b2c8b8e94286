import type { Digest } from '../digest.ts';
import type { ContainerDetails, JsonObject } from '../engine/records.ts';
import { parseImageIndex } from '../oci/manifest.ts';
import { isIndexType } from '../oci/mediaTypes.ts';
import type { CapturedImage } from '../snapshot/snapshotDraft.ts';
import type {
  CapturedContainer,
  CapturedMount,
  CapturedNetwork,
  Remark,
} from '../snapshot/snapshotRecords.ts';
import { readDocument, type BlobReader, type CancelOptions } from '../vault/blobStore.ts';
import type { VolumeCapture } from '../volumes/captureVolume.ts';

export interface ContainerParts {
  readonly details: ContainerDetails;
  readonly imageId: Digest;
  readonly inspect: JsonObject;
  readonly createBody: JsonObject;
  readonly networks: readonly CapturedNetwork[];
  readonly remarks: readonly Remark[];
  readonly imageManifest: Digest;
  readonly writableManifest: Digest | undefined;
}

/** The document of a container whose mounts were captured as far as they are in `volumes`. */
export function containerDocument(
  { details, writableManifest, ...parts }: ContainerParts,
  volumes: readonly VolumeCapture[],
): CapturedContainer {
  const { id, name, image, state, platform } = details;
  const mounts = details.mounts.map((mount): CapturedMount => {
    const { type, source, target, isReadOnly, name: volume = '' } = mount;
    const key = type === 'bind' ? source : volume;
    const isIncluded = volumes.some(({ document }) => document.kind === type && document.name === key);
    return { type, name: volume, source, target, isReadOnly, isIncluded };
  });
  const leftOut = mounts
    .filter(({ type, isIncluded }) => type === 'bind' && !isIncluded)
    .map(({ target, source }): Remark => ({ kind: 'bind', subject: target, detail: source }));
  return {
    formatVersion: 1,
    ...{ id, name, state, mounts, imageName: image },
    imageId: parts.imageId,
    imageManifest: parts.imageManifest,
    ...(writableManifest === undefined ? {} : { writableManifest }),
    createBody: parts.createBody,
    ...(platform === undefined ? {} : { platform }),
    networks: [...parts.networks],
    remarks: [...parts.remarks, ...leftOut],
    inspect: parts.inspect,
  };
}

/** Puts remarks on containers into the documents of these; what is on none of them goes into the first. */
export function withRemarks(
  documents: readonly CapturedContainer[],
  remarks: readonly Remark[],
): readonly CapturedContainer[] {
  const names = new Set(documents.map(({ name }) => name));
  return documents.map((document, index) => ({
    ...document,
    remarks: [
      ...document.remarks,
      ...remarks.filter(({ subject }) => (names.has(subject) ? subject === document.name : index === 0)),
    ],
  }));
}

/** The manifest of the platform that an image runs on here. */
export async function ownManifest(
  blobs: BlobReader,
  { target, platform }: Pick<CapturedImage, 'target' | 'platform'>,
  cancel: CancelOptions,
): Promise<Digest> {
  if (!isIndexType(target.mediaType)) return target.digest;
  const document = { digest: target.digest, sizeBytes: target.size };
  const where = `${blobs.name}: ${target.digest}`;
  for (const one of parseImageIndex(await readDocument(blobs, document, cancel), where).manifests ?? []) {
    const { os, architecture, variant = '' } = one.platform ?? {};
    const isOwn =
      os === platform.os && architecture === platform.architecture && variant === (platform.variant ?? '');
    if (isOwn && !isIndexType(one.mediaType) && (await blobs.stat(one.digest)) !== undefined)
      return one.digest;
  }
  return target.digest;
}
