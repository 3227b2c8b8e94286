/** What a reader found in an image archive, and where an archive's bytes come from. */
import type { Digest } from '../digest.ts';
import type { Platform } from '../engine/records.ts';

/** `docker-archive` has a manifest.json; `oci-archive` only an OCI layout. An archive with both is the first. */
export type ArchiveForm = 'docker-archive' | 'oci-archive';
export type Compression = 'none' | 'gzip' | 'zstd' | 'xz' | 'bzip2';

/** Bytes of an archive; opened anew for each pass over them. */
export interface ArchiveSource {
  /** What people call it: a file's name. */
  readonly name: string;
  /** Whether this is a folder dressed as a tar, which has no bytes of its own to take a digest of. */
  readonly isFolder?: boolean;
  /** Whether its bytes are made anew for each pass, as an engine makes them, so that nobody asks for their digest. */
  readonly isPassing?: boolean;
  /** Size of the bytes as they lie there, if known. */
  readonly sizeBytes?: number;
  open(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** One layer of an archived image. */
export interface ArchivedLayer {
  readonly diffId: Digest;
  /** Size of the plain tar. */
  readonly sizeBytes: number;
  /** Digest and size of the bytes as they lie in the archive. */
  readonly storedDigest: Digest;
  readonly storedBytes: number;
  readonly compression: Compression;
  /** The entry of the archive that holds it, links resolved. */
  readonly path: string;
}

/** One image of one platform, every byte of it present and checked against its digests. */
export interface ArchivedImage {
  /** Digest of the config: the image's ID on a classic store. */
  readonly configDigest: Digest;
  readonly configBytes: Uint8Array;
  /** Names in the form in which Docker shows them (`repository:tag`). */
  readonly tags: readonly string[];
  readonly platform: Platform;
  /** Bottom first. */
  readonly layers: readonly ArchivedLayer[];
  /** The manifest as it lies in the archive, if there is one. */
  readonly manifestDigest?: Digest;
  /** What index.json (or the names there) points at: the manifest, or an index above it. The ID on a containerd store. */
  readonly targetDigest?: Digest;
  /**
   * What a containerd store needs beside config and layers to give the image its ID again: the target, indexes
   * between it and the manifest, the manifest, attestations. Absent where the archive has no OCI graph.
   */
  readonly companions?: readonly ArchivedBlob[];
}

/** A small document (or an attestation) that belongs to an image. */
export interface ArchivedBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly mediaType: string;
  /** The entry of the archive that holds it, links resolved. */
  readonly path: string;
}

/** Something left out or odd that does no harm: shown, never passed over. */
export interface ArchiveRemark {
  readonly kind:
    'attestation' | 'artifact' | 'absent-platform' | 'unreferenced' | 'index-mismatch' | 'no-tags';
  /** English sentence. */
  readonly text: string;
}

/** An archive that was read to its end with everything in it checked. */
export interface Archive {
  readonly name: string;
  readonly form: ArchiveForm;
  /** How the whole tar is wrapped; `none` for a folder. */
  readonly compression: Compression;
  /** Digest and size of the file as it lies there; absent for a folder and for what an engine sends. */
  readonly fileDigest?: Digest;
  readonly fileBytes?: number;
  readonly images: readonly ArchivedImage[];
  readonly remarks: readonly ArchiveRemark[];
}
