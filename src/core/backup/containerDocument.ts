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
    .filter(({ type, isIncluded }) => ['bind', 'volume'].includes(type) && !isIncluded)
    .map(({ type, target, source }): Remark => ({
      kind: type === 'bind' ? 'bind' : 'notRead',
      subject: target,
      detail: source,
    }));
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

/**
 * Puts remarks into the documents of the containers that they are on; one that is on none of them goes into the first
 * container's, or where there is none into the first volume's.
 */
export function withRemarks<T extends Remarked>(captured: T, remarks: readonly Remark[]): T {
  const { containers, volumes } = captured;
  const names = new Set(containers.map(({ name }) => name));
  const isIn = ({ subject }: Remark, index: number, name: string): boolean =>
    names.has(subject) ? subject === name : index === 0;
  const more = (index: number, name: string): readonly Remark[] =>
    remarks.filter((remark) => isIn(remark, index, name));
  const all = {
    containers: containers.map((one, index) => ({
      ...one,
      remarks: [...one.remarks, ...more(index, one.name)],
    })),
    volumes: volumes.map(({ document, ...volume }, index) => ({
      ...volume,
      document: {
        ...document,
        remarks: [...document.remarks, ...(containers.length === 0 && index === 0 ? remarks : [])],
      },
    })),
  };
  const documents = [...all.containers, ...all.volumes.map(({ document }) => document)];
  return { ...captured, ...all, remarks: documents.flatMap((one) => one.remarks) };
}

interface Remarked {
  readonly containers: readonly CapturedContainer[];
  readonly volumes: readonly VolumeCapture[];
  /** All that is in the documents. */
  readonly remarks: readonly Remark[];
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
