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

/** What becomes of what is pushed. */
export interface PushSink {
  /** Tells senders of a blob that they need not send; nothing is proven by it. */
  headBlob(digest: Digest): Promise<{ readonly sizeBytes: number } | undefined>;
  /**
   * Reads an upload, and resolves with what is to be done when its digest is known. `bytes` fail at their end unless they
   * are what their sender says. Who stops reading before has had enough: the sender is told to stop, and whatever
   * digest it then states of the part that it sent is not looked at. What this rejects with is told to nobody but as
   * a failure without a reason. `announced` is the digest that a sender states before the bytes; some do only after them.
   */
  takeBlob(
    bytes: AsyncIterable<Uint8Array>,
    options: CancelOptions & { readonly announced?: Digest },
  ): Promise<(digest: Digest) => void>;
  /**
   * A manifest or an index, of at most 4 MiB; with a tag, or by its digest alone. Of one that is `denied` the sender is
   * told that it may not push it, so that it remembers no place where the image lies, whatever became of the bytes.
   */
  takeDocument(document: ServedDocument, tag: string | undefined): Promise<'taken' | 'denied'>;
}

export interface EndpointInput {
  /** What may be pulled; nothing without it. */
  readonly contents?: ServedContents;
  /** Where what is pushed goes; nothing may be without it. */
  readonly sink?: PushSink;
  /** Told when somebody has logged in. */
  readonly onLogIn?: () => void;
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
