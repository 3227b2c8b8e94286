import { createHash } from 'node:crypto';
import { failure } from './errors.ts';

declare const digestBrand: unique symbol;

/**
 * A content address as OCI writes it: `sha256:` and 64 lower-case hex digits.
 * Only {@link parseDigest}, {@link digestOf} and {@link Hasher} make one.
 * Source: image-spec v1.1 descriptor.md, "Digests"; other algorithms are not used by any engine we talk to.
 */
export type Digest = string & { readonly [digestBrand]: true };

const digestPattern = /^sha256:[0-9a-f]{64}$/;

/** Whether `text` is a well-formed sha256 digest. */
export function isDigest(text: string): text is Digest {
  return digestPattern.test(text);
}

/** The digest in `text`; throws `badDigest` for anything else. `where` names the place it was read from. */
export function parseDigest(text: string, where: string): Digest {
  if (isDigest(text)) return text;
  throw failure('badDigest', { text: text.slice(0, 100), where });
}

/** The 64 hex digits of a digest, as they stand in a blob's file name. */
export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

/** What people are shown and may type: the first 12 hex digits. */
export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}

/** The digest of bytes that are already in memory. */
export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

/** Hashes bytes as they pass and counts them. */
export class Hasher {
  readonly #hash = createHash('sha256');
  #sizeBytes = 0;

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#sizeBytes += bytes.length;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Ends the hash; may be called once. */
  digest(): Digest {
    return `sha256:${this.#hash.digest('hex')}` as Digest;
  }
}
