import { failure } from '../errors.ts';
import type { Platform } from '../engine/records.ts';
import type { Digest } from '../digest.ts';
import {
  parseImageConfig,
  parseImageIndex,
  parseManifest,
  type Descriptor,
  type ImageConfig,
  type Manifest,
} from '../oci/manifest.ts';
import {
  annotations,
  isImageConfigType,
  isIndexType,
  isLayerType,
  isSchema1Type,
} from '../oci/mediaTypes.ts';
import { matchesPlatform, platformText } from '../oci/platform.ts';
import type { RemoteManifest, RemoteRepository } from '../registry/remoteRepository.ts';
import type { Remark } from '../snapshot/snapshotRecords.ts';
import type { CancelOptions } from '../vault/blobStore.ts';
import { isForeign, typedAs } from './remoteGraph.ts';
import { isDocumentType } from './vaultSources.ts';

/** One platform of an image in a registry. */
export interface RemotePlatform {
  readonly document: RemoteManifest;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  readonly configBytes: Uint8Array;
}

/** An image in a registry, with the documents of the platforms that were chosen. */
export interface RemoteImage {
  readonly top: RemoteManifest;
  readonly platforms: readonly RemotePlatform[];
  /** All to be kept: indexes, manifests of platforms, attestations. The top is the first. */
  readonly documents: readonly RemoteManifest[];
  /** What the attestations need. */
  readonly otherBlobs: readonly Descriptor[];
  /** Platforms that its index names and that can't be had. */
  readonly remarks: readonly Remark[];
}

export interface RemoteImageInput {
  readonly top: RemoteManifest;
  /** What failures call it. */
  readonly name: string;
  /** All, where it is left out. One without a variant means every variant. */
  readonly platforms?: readonly Platform[] | undefined;
}

/** No image has more documents; the limits guard against hostile ones. */
const maxDocuments = 2_000;
const maxDepth = 8;
const maxConfigBytes = 4 << 20;
/** On an attestation: the manifest that it is about. Source: BuildKit, docs/attestations/attestation-storage.md. */
const aboutName = 'vnd.docker.reference.digest';

/**
 * Reads the documents of an image, each with its digest. Rejects with `remotePlatformMissing` where a platform that was
 * chosen is not in it or not to be had, `registryMissing` where a document of one is not there, `archiveUnsupported` for
 * images of Docker's first schema, `badJson`, or as the calls of the repository do.
 */
export async function readRemoteImage(
  from: RemoteRepository,
  { top, name, platforms: wanted }: RemoteImageInput,
  cancel: CancelOptions,
): Promise<RemoteImage> {
  if (isSchema1Type(top.mediaType))
    throw failure('archiveUnsupported', { name, what: 'Docker’s first image format, without a config' });
  const reader = new ImageReader(from, name, wanted, cancel);
  await reader.take(top, undefined, 0);
  return reader.finish(top);
}

class ImageReader {
  readonly #from: RemoteRepository;
  readonly #name: string;
  readonly #wanted: readonly Platform[] | undefined;
  readonly #cancel: CancelOptions;
  readonly #documents = new Map<Digest, RemoteManifest>();
  readonly #platforms: RemotePlatform[] = [];
  readonly #attestations: { readonly document: RemoteManifest; readonly about: string | undefined }[] = [];
  readonly #remarks: Remark[] = [];
  readonly #seen = new Set<Digest>();
  readonly #listed = new Set<string>();

  constructor(
    from: RemoteRepository,
    name: string,
    wanted: readonly Platform[] | undefined,
    cancel: CancelOptions,
  ) {
    this.#from = from;
    this.#name = name;
    this.#wanted = wanted;
    this.#cancel = cancel;
  }

  async take(document: RemoteManifest, by: Descriptor | undefined, depth: number): Promise<void> {
    const { digest, mediaType, bytes } = document;
    this.#seen.add(digest);
    if (depth > maxDepth || this.#seen.size > maxDocuments)
      throw failure('archiveTooLarge', { name: this.#name, reason: 'its indexes name too much' });
    if (!isIndexType(mediaType)) {
      await this.#takeManifest(document, by);
      return;
    }
    this.#documents.set(digest, document);
    for (const child of parseImageIndex(bytes, this.#where(digest)).manifests ?? []) {
      const isUseful = isDocumentType(child.mediaType) || child.mediaType === '';
      if (!isUseful || this.#seen.has(child.digest) || this.#isLeftOut(child)) continue;
      const found = await this.#from.getManifest(child.digest, this.#cancel);
      if (found === undefined) {
        this.#seen.add(child.digest);
        this.#absent(child, 'The registry has not this platform of the image.');
        continue;
      }
      await this.take(typedAs(found, child), child, depth + 1);
    }
  }

  finish(top: RemoteManifest): RemoteImage {
    const missing = this.#wanted?.find(
      (one) => !this.#platforms.some(({ config }) => matchesPlatform(one, config)),
    );
    if (missing !== undefined || this.#platforms.length === 0)
      throw failure('remotePlatformMissing', {
        name: this.#name,
        platform: missing === undefined ? 'any platform' : platformText(missing),
        platforms: [...this.#listed].join(', ') || 'none',
      });
    for (const { document } of this.#platforms) this.#documents.set(document.digest, document);
    const otherBlobs: Descriptor[] = [];
    for (const { document, about } of this.#attestations) {
      if (about !== undefined && ![...this.#documents.keys()].some((digest) => digest === about)) continue;
      this.#documents.set(document.digest, document);
      const { config, layers } = parseManifest(document.bytes, this.#where(document.digest));
      otherBlobs.push(config, ...(layers ?? []));
    }
    return {
      top,
      platforms: this.#platforms,
      documents: [...this.#documents.values()],
      otherBlobs,
      remarks: this.#remarks,
    };
  }

  /** By the word of the index; one that says nothing is looked into. */
  #isLeftOut(child: Descriptor): boolean {
    const { platform, mediaType } = child;
    if (!platform || isIndexType(mediaType) || isAttestation(child)) return false;
    this.#listed.add(platformText(platform));
    return this.#wanted?.every((one) => !matchesPlatform(one, platform)) === true;
  }

  async #takeManifest(document: RemoteManifest, by: Descriptor | undefined): Promise<void> {
    const where = this.#where(document.digest);
    const manifest = parseManifest(document.bytes, where);
    const layers = manifest.layers ?? [];
    const isImage =
      isImageConfigType(manifest.config.mediaType) && layers.every(({ mediaType }) => isLayerType(mediaType));
    if (!isImage || (by !== undefined && isAttestation(by))) {
      if (by === undefined) throw failure('notAnImage', { name: this.#name });
      this.#attestations.push({ document, about: by.annotations?.[aboutName] });
      return;
    }
    for (const layer of layers.filter(isForeign))
      if ((await this.#from.headBlob(layer.digest, this.#cancel)) === undefined) {
        this.#absent(by, 'Its layers lie elsewhere on the web, not in the registry.');
        return;
      }
    const configBytes = await this.#config(manifest.config);
    const config = parseImageConfig(configBytes, this.#where(manifest.config.digest));
    this.#listed.add(platformText(config));
    if (this.#wanted?.every((one) => !matchesPlatform(one, config)) === true) return;
    this.#platforms.push({ document, manifest, config, configBytes });
  }

  async #config({ digest, size }: Descriptor): Promise<Uint8Array> {
    if (size > maxConfigBytes)
      throw failure('archiveTooLarge', { name: this.#name, reason: `a config of ${size} bytes` });
    const pieces: Uint8Array[] = [];
    for await (const piece of this.#from.openBlob({ digest, sizeBytes: size }, this.#cancel))
      pieces.push(piece);
    return Buffer.concat(pieces);
  }

  #absent(by: Descriptor | undefined, detail: string): void {
    if (by !== undefined && isAttestation(by)) return;
    this.#remarks.push({
      kind: 'notRead',
      subject: by?.platform ? platformText(by.platform) : this.#name,
      detail,
    });
  }

  #where(digest: Digest): string {
    return `${this.#from.host}/${this.#from.path}@${digest}`;
  }
}

function isAttestation({ annotations: notes, platform }: Descriptor): boolean {
  return notes?.[annotations.attestationKind] !== undefined || platform?.os === 'unknown';
}
