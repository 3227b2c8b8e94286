import type { Digest } from '../digest.ts';
import type { ImageDetails } from '../engine/records.ts';
import type { Descriptor } from '../oci/manifest.ts';
import { annotations } from '../oci/mediaTypes.ts';
import { rebuiltIndex } from '../oci/rebuiltIndex.ts';

/** Which document a containerd store pushes last, and the index above it where that is not pushed. */
export interface PushedDocument {
  readonly digest: Digest;
  readonly index?: { readonly descriptor: Descriptor; readonly bytes: Uint8Array };
}

/**
 * What is pushed of an image of a containerd store. An index of which a manifest is absent is never pushed, but the one
 * manifest that is there; the index is written anew then from what the engine tells of it. Undefined where that can't
 * be: more is there, for example an attestation, which is not pushed by itself, or the index has another form.
 *
 * Docker before API 1.48 does not tell what is absent, and fails to push.
 */
export function pushedDocument({ id, index, presentManifests }: ImageDetails): PushedDocument | undefined {
  if (index === undefined || presentManifests === undefined) return { digest: id };
  const isThere = ({ digest }: Descriptor): boolean => presentManifests.includes(digest);
  if (index.manifests.every(isThere)) return { digest: id };
  const [only, ...others] = index.manifests.filter(isThere);
  if (only === undefined || others.length > 0 || isNote(only)) return undefined;
  const descriptor = { mediaType: index.mediaType, digest: id, size: index.sizeBytes };
  const bytes = rebuiltIndex(descriptor, index.manifests);
  return bytes && { digest: only.digest, index: { descriptor, bytes } };
}

function isNote({ platform, annotations: notes }: Descriptor): boolean {
  return platform?.os === 'unknown' || notes?.[annotations.attestationKind] !== undefined;
}
