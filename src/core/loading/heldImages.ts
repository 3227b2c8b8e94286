import { hexOf, type Digest } from '../digest.ts';
import type { ImageStore } from '../engine/engine.ts';
import { isSameName } from '../oci/imageName.ts';
import type { NameOwners } from '../recovery/nameOwners.ts';
import type { EngineInfo } from '../engine/records.ts';
import type { ImagePlan } from './imagePlan.ts';

/**
 * Docker 26 with the containerd store drops an image when a load moves its last name away, where other engines leave
 * it without a name; then nothing could be put back. So such images get a name for the time of the load. Tag that
 * moves ⇒ that name.
 */
export function holdingNames(
  { info, images }: { readonly info: EngineInfo; readonly images: readonly ImagePlan[] },
  keepAs: ReadonlyMap<string, string>,
  had: NameOwners,
): ReadonlyMap<string, string> {
  const holding = new Map<string, string>();
  if (info.imageStore !== 'containerd') return holding;
  const leaving = new Map<Digest, string[]>();
  for (const { id, image } of images)
    for (const tag of image.tags) {
      const owner = had(tag);
      if (owner === undefined || owner.id === id) continue;
      leaving.set(owner.id, [...(leaving.get(owner.id) ?? []), tag]);
    }
  const isKept = new Set([...keepAs.keys()].map((tag) => had(tag)?.id));
  for (const [id, tags] of leaving) {
    const [first = ''] = tags;
    const stays = had(first)?.tags.some((name) => !tags.some((tag) => isSameName(tag, name)));
    if (stays !== true && !isKept.has(id)) holding.set(first, `localhost/drydock-held:${hexOf(id)}`);
  }
  return holding;
}

/**
 * Takes those names away again. Removing the last name would remove the image; a name that goes to another image
 * first leaves it there without one.
 */
export async function releaseNames(images: ImageStore, holding: ReadonlyMap<string, string>): Promise<void> {
  for (const [tag, name] of holding) {
    await images.tag(tag, name);
    await images.remove(name);
  }
}
