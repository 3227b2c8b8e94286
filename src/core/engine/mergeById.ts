import type { Digest } from '../digest.ts';

interface NamedImage {
  readonly id: Digest;
  readonly tags: readonly string[];
}

/** One entry for each ID; names of the same image that were chosen one by one come together. */
export function mergeById(images: readonly NamedImage[]): readonly NamedImage[] {
  const tagsById = new Map<Digest, Set<string>>();
  for (const { id, tags } of images) {
    const known = tagsById.get(id) ?? new Set();
    for (const tag of tags) known.add(tag);
    tagsById.set(id, known);
  }
  return [...tagsById].map(([id, tags]) => ({ id, tags: [...tags] }));
}
