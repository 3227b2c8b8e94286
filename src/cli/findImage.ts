import { shortDigest, type Digest } from '../core/digest.ts';
import type { Engine } from '../core/engine/engine.ts';
import type { ImageSummary } from '../core/engine/records.ts';
import { failure } from '../core/errors.ts';
import { isSameName, tryParseImageName } from '../core/oci/imageName.ts';

export interface FoundImage {
  readonly id: Digest;
  /** The name that was given, as the engine spells it; every name of the image when it was given by ID. */
  readonly tags: readonly string[];
}

/**
 * The image that a person means, as `docker` understands it: a name (`:latest` where no tag is given), a
 * `repository@digest`, an ID or the beginning of one. A name comes before an ID that looks the same.
 * Rejects with `engineNotFound` or `notExactlyOne`.
 */
export async function findImage(engine: Engine, text: string, signal: AbortSignal): Promise<FoundImage> {
  const images = await engine.images.list({ signal });
  const found = byName(images, text) ?? byRepoDigest(images, text) ?? byId(images, text);
  if (found !== undefined) return found;
  // Images that no list shows (steps of a build) and short names that the engine completes in a way of its own.
  const { id, tags } = await engine.images.inspect(text, { signal });
  const named = tags.filter((tag) => isSameName(tag, text));
  return { id, tags: named.length > 0 ? named : tags };
}

function byName(images: readonly ImageSummary[], text: string): FoundImage | undefined {
  if (tryParseImageName(text) === undefined) return undefined;
  for (const { id, tags } of images) {
    const tag = tags.find((candidate) => isSameName(candidate, text));
    if (tag !== undefined) return { id, tags: [tag] };
  }
  return undefined;
}

function byRepoDigest(images: readonly ImageSummary[], text: string): FoundImage | undefined {
  const image = images.find(({ repoDigests }) => repoDigests.includes(text));
  return image === undefined ? undefined : { id: image.id, tags: image.tags };
}

function byId(images: readonly ImageSummary[], text: string): FoundImage | undefined {
  const digits = text.replace(/^sha256:/, '');
  if (!/^[0-9a-f]{1,64}$/.test(digits)) return undefined;
  const found = images.filter(({ id }) => id.startsWith(`sha256:${digits}`));
  if (found.length > 1) throw failure('notExactlyOne', { text, count: found.length, kind: 'images' });
  return found[0] === undefined ? undefined : { id: found[0].id, tags: found[0].tags };
}

/** What people call an image: its first name, else the short ID. */
export function imageLabel({ id, tags }: FoundImage): string {
  return tags[0] ?? shortDigest(id);
}
