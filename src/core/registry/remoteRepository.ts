import type { Digest } from '../digest.ts';
import type { Descriptor } from '../oci/manifest.ts';
import type { CancelOptions } from '../vault/blobStore.ts';

/** A document or a blob as a registry knows it. */
export interface RemoteDescriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** A manifest or an index with the very bytes of its digest. */
export interface RemoteManifest extends RemoteDescriptor {
  readonly bytes: Uint8Array;
}

/** What a manifest is asked for by: a tag, or its digest. */
export type ManifestRef = string;

/** A blob that can be read from any byte, as often as a transfer breaks off. */
export interface BlobSource {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** The bytes from `start` on. From 0 it must fail at its end where they are not those of the digest. */
  open(start: number, cancel: CancelOptions): AsyncIterable<Uint8Array>;
  /** Another repository of the same registry that has it, for a mount. */
  readonly mountFrom?: string;
}

/** How a blob came to be in a repository. */
export type BlobArrival = 'there' | 'mounted' | 'sent';

/**
 * One repository of a registry, as OCI's distribution-spec 1.1 has it. Every call asks again a few times when the
 * registry is busy or the connection breaks, and rejects with `registryUnreachable`, `registryUntrusted`,
 * `registryLogInMissing`, `registryLogInRefused`, `logInUnreadable`, `registryDenied`, `registryRefused`,
 * `registryBusy`, `registryGarbled`, `registryUnsafe`, or an AbortError.
 */
export interface RemoteRepository {
  /** Host as people write it, for example `docker.io`. */
  readonly host: string;
  /** Path of the repository there. */
  readonly path: string;

  /** What a tag or a digest stands for; undefined where there is no such manifest, or no such repository. */
  headManifest(ref: ManifestRef, cancel?: CancelOptions): Promise<RemoteDescriptor | undefined>;
  /** With its bytes, at most 4 MiB. Rejects with `registryContentWrong` when they are not those of their digest. */
  getManifest(ref: ManifestRef, cancel?: CancelOptions): Promise<RemoteManifest | undefined>;
  /**
   * Stores a manifest as it is, under `tag` or under its digest alone. One with a `subject` is put into the list of
   * that one's referrers where the registry does not keep such lists itself.
   */
  putManifest(
    manifest: Pick<RemoteManifest, 'bytes' | 'mediaType'>,
    options?: CancelOptions & { readonly tag?: string },
  ): Promise<RemoteDescriptor>;
  /** Takes a tag or a manifest away. With a digest all of its tags go. Registries may refuse it. */
  deleteManifest(ref: ManifestRef, cancel?: CancelOptions): Promise<void>;

  headBlob(digest: Digest, cancel?: CancelOptions): Promise<{ readonly sizeBytes: number } | undefined>;
  /**
   * A blob as a stream that goes on where it broke off, and fails at its end with `registryContentWrong` unless the
   * bytes had digest and size; with `registryMissing` where there is none. Of a part, from `start` to before `end`, the
   * digest is not known; a registry that gives only whole blobs sends what is before it too.
   */
  openBlob(
    blob: { readonly digest: Digest; readonly sizeBytes: number },
    options?: CancelOptions & { readonly start?: number; readonly end?: number },
  ): AsyncIterable<Uint8Array>;
  /**
   * Sends a blob, unless it is there or can be mounted. `onSent` hears how many bytes the registry has of it, which
   * may go back when an upload is begun anew. Rejects with `registryContentWrong` where what arrived is something
   * else, and with what the source threw.
   */
  putBlob(
    source: BlobSource,
    options?: CancelOptions & { readonly onSent?: (bytes: number) => void },
  ): Promise<BlobArrival>;

  /** All tags, in the registry's order. Rejects with `registryMissing` where there is no such repository. */
  tags(cancel?: CancelOptions): AsyncIterable<string>;
  /** What refers to a manifest: signatures, attestations. From the fallback tag on registries without such lists. */
  referrers(digest: Digest, cancel?: CancelOptions): Promise<readonly Descriptor[]>;
}

/** A registry by its host. */
export interface RemoteRegistry {
  readonly host: string;
  repository(path: string): RemoteRepository;
  /** Paths of all repositories; many registries refuse to list them. */
  repositories(cancel?: CancelOptions): AsyncIterable<string>;
  /** Lets go of connections: those that wait for nothing now, others when what is under way on them ends. */
  close(): void;
}

/** Reaches a registry; nothing is asked before the first call. */
export type ConnectRegistry = (host: string) => RemoteRegistry;
