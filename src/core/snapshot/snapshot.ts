import type { Digest } from '../digest.ts';
import type { LayerIndex } from '../vault/layerIndex.ts';
import type { OciDescriptor } from '../vault/snapshotDocuments.ts';
import type { CapturedContainer, CapturedProject, CapturedVolume } from './snapshotRecords.ts';
import type { Platform } from '../engine/records.ts';

export type SnapshotKind = 'image' | 'container' | 'volume' | 'project';

/** What a snapshot is of. Two engines may have things of the same name: they are different sources. */
export interface SnapshotSource {
  readonly kind: SnapshotKind;
  /** An image's first name, or its ID where it has none; the container's, volume's or project's name. */
  readonly name: string;
  /** The engine's own ID (`EngineInfo.id`, or its host name where it has none). */
  readonly engineId: string;
  /** For people. */
  readonly engineName: string;
}

/** One snapshot as index.json tells of it: all that a list needs, without reading a blob. */
export interface Snapshot {
  /** Digest of its index: what it is known by. Commands take any unique start of its hex digits. */
  readonly id: Digest;
  /** Size of that document. */
  readonly sizeBytes: number;
  /** The name by which OCI tools choose it; unique in the vault. */
  readonly refName: string;
  readonly source: SnapshotSource;
  readonly createdMs: number;
  /** Plain bytes of all it holds, and stored bytes that it was the first to need. */
  readonly plainBytes: number;
  readonly newBytes: number;
  /** IDs of the images in it that people chose; how a badge knows whether an image is current. */
  readonly imageIds: readonly Digest[];
  /** Words that people put on it. */
  readonly tags: readonly string[];
  readonly isPinned: boolean;
  /** When all of it was last read and found right, and how deep. */
  readonly verified?: { readonly atMs: number; readonly depth: VerifyDepth };
  /** When something of it was found missing or damaged; cleared when it is found right again. */
  readonly damaged?: { readonly atMs: number; readonly reason: string };
  /** How many remarks its documents hold: files that changed, mounts left out; not what is said of every volume. */
  readonly remarkCount: number;
  /**
   * Annotations that somebody broke, by name; left out when all is well. What stands in their place is a guess, and
   * a time is 0: nothing may be deleted by it.
   */
  readonly unreadable?: readonly string[];
}

/** How deep a verification looks: documents and sizes; every blob's digest; diffIDs and each file's hash. */
export type VerifyDepth = 'structure' | 'digests' | 'contents';

/** An image in a snapshot. */
export interface SnapshotImage {
  /** Its ID on the engine it came from. */
  readonly id: Digest;
  readonly tags: readonly string[];
  /**
   * `image`: what was asked for, or what a container was made from. `writable`: the same with a container's own
   * changes on top; its ID means nothing to people.
   */
  readonly role: 'image' | 'writable';
  /** The entry of the snapshot's index: a manifest, or the index that a containerd store knows the image by. */
  readonly target: OciDescriptor;
  /** The manifests of platforms whose every blob is in the vault, the engine's own platform first. */
  readonly manifests: readonly SnapshotManifest[];
}

export interface SnapshotManifest {
  readonly descriptor: OciDescriptor;
  readonly platform: Platform;
  readonly config: OciDescriptor;
  /** Bottom first. */
  readonly layers: readonly SnapshotLayer[];
}

/** A layer's tar in the vault. */
export interface SnapshotLayer {
  readonly descriptor: OciDescriptor;
  readonly diffId: Digest;
  /** The snapshot lists an index for every tar in it. */
  readonly index: LayerIndex;
}

export interface SnapshotVolume {
  readonly descriptor: OciDescriptor;
  readonly document: CapturedVolume;
  /** The parts of its tar, in order; each is a whole tar of its own. */
  readonly parts: readonly SnapshotLayer[];
}

export interface SnapshotContainer {
  readonly descriptor: OciDescriptor;
  readonly document: CapturedContainer;
}

export interface SnapshotProject {
  readonly descriptor: OciDescriptor;
  readonly document: CapturedProject;
}

/** All that a snapshot holds, its documents read and their digests checked; no layer was read. */
export interface SnapshotContents {
  readonly snapshot: Snapshot;
  readonly images: readonly SnapshotImage[];
  readonly containers: readonly SnapshotContainer[];
  readonly volumes: readonly SnapshotVolume[];
  readonly project?: SnapshotProject;
}
