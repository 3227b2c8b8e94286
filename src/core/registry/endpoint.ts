/**
 * A registry that Drydock itself is for a while, on loopback. `registry/endpoint` speaks the protocol; what is there to
 * be had, and what becomes of what is brought, is for who opens it.
 */
import type { Digest } from '../digest.ts';
import type { Descriptor } from '../oci/manifest.ts';
import type { ByteRange, CancelOptions } from '../vault/blobStore.ts';

/** A manifest or an index with the very bytes of its digest. */
export interface ServedDocument {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/** A blob that can be read in parts. */
export interface ServedBlob {
  readonly sizeBytes: number;
  /** Fails when the bytes are not there as they should be: what was sent until then must not look whole. */
  open(range: ByteRange, cancel: CancelOptions): AsyncIterable<Uint8Array>;
}

/** What may be pulled. A repository that does not exist has no tags, documents and blobs. */
export interface ServedContents {
  /** Paths, sorted. */
  repositories(cancel: CancelOptions): Promise<readonly string[]>;
  /** Sorted; undefined where there is no such repository. */
  tags(repository: string, cancel: CancelOptions): Promise<readonly string[] | undefined>;
  /** `ref` is a tag or a digest. */
  document(repository: string, ref: string, cancel: CancelOptions): Promise<ServedDocument | undefined>;
  blob(repository: string, digest: Digest, cancel: CancelOptions): Promise<ServedBlob | undefined>;
  /** Manifests whose `subject` is this one. */
  referrers(repository: string, digest: Digest, cancel: CancelOptions): Promise<readonly Descriptor[]>;
}

export interface EndpointInput {
  /** What may be pulled; nothing without it. */
  readonly contents?: ServedContents;
  /** Where to listen; any port that is free when it is left out. */
  readonly port?: number;
}

/** An endpoint that listens on 127.0.0.1 alone, and lets in nobody but who knows its log-in. */
export interface Endpoint {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  readonly username: string;
  /** Made up for this endpoint, 256 random bits. */
  readonly password: string;
  /** Stops listening and ends every connection; resolves when nothing of it is left. */
  close(): Promise<void>;
}

/** Opens an endpoint. Rejects with `endpointUnusable` where it can't listen. */
export type OpenEndpoint = (input: EndpointInput) => Promise<Endpoint>;
