import { idsAfterLoad } from '../archive/shipping.ts';
import { shortDigest, type Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import type { EngineInfo, Platform } from '../engine/records.ts';
import type { SnapshotImage } from '../snapshot/snapshot.ts';
import type { BlobReader, CancelOptions } from '../vault/blobStore.ts';
import { takenChoice } from './choices.ts';
import type { EngineState } from './engineState.ts';
import { keptNames, movingTags } from './keptNames.ts';
import { nameOwners, type NameOwners } from '../recovery/nameOwners.ts';
import { loadingEngine, type TagPlan } from '../loading/imagePlan.ts';
import { isOnEngine } from '../loading/isOnEngine.ts';
import type { PlannedImage, RestoreChoices, RestoreItem } from './restorePlan.ts';
import { problem, type RestoreProblem } from './restoreProblem.ts';
import { isSamePlatform, vaultImages, type VaultImage } from './vaultImages.ts';

export interface ImagesPlan {
  readonly images: readonly PlannedImage[];
  readonly keepAs: ReadonlyMap<string, string>;
  readonly items: readonly RestoreItem[];
  readonly problems: readonly RestoreProblem[];
}

/**
 * What becomes of images and their tags. An image that is there is not sent again; a tag that is on another image
 * stays there, unless it was chosen to be replaced: then that image keeps a name with `stamp` in it.
 */
export async function planImages(
  { engine, store }: { readonly engine: Engine; readonly store: BlobReader },
  input: {
    readonly images: readonly SnapshotImage[];
    readonly choices: RestoreChoices;
    readonly state: EngineState;
    readonly stamp: string;
  },
  cancel: CancelOptions = {},
): Promise<ImagesPlan> {
  const { choices, state } = input;
  const chosen = input.images.map((snapshotImage) => ({ snapshotImage, tags: snapshotImage.tags }));
  const found = await vaultImages(store, chosen, state.info, cancel);
  const ids = idsAfterLoad(
    found.map(({ image }) => image),
    loadingEngine(state.info),
  );
  const ownerOf = nameOwners(state.images);
  const present = new Set(state.images.map(({ id }) => id));
  const images: PlannedImage[] = [];
  const items = new Map<string, RestoreItem>();
  const problems: RestoreProblem[] = [];
  for (const one of found) {
    const id = ids.get(one.image) ?? one.image.configDigest;
    const toFind = { id, manifests: [one.manifest.descriptor.digest], isListed: present.has(id) };
    const isThere = await isOnEngine({ engine, info: state.info }, toFind, cancel);
    const planned = planTags(one, { id, ownerOf, choices });
    const image = { ...one.image, tags: planned.tags.map(({ tag }) => tag) };
    images.push({ ...one, image, load: { image, id, isThere, tags: planned.tags } });
    for (const item of [imageItem(one, id, isThere), ...planned.items]) {
      const key = `${item.what} ${item.name}`;
      // Of an image of several platforms one may be there and another not.
      if (items.get(key)?.action !== 'create') items.set(key, item);
    }
    problems.push(...planned.problems, ...imageProblems(one, id, state.info));
  }
  const keepAs = keptNames(
    movingTags({ images: images.map(({ load }) => load) }),
    [...state.images, ...images.map(({ image }) => image)].flatMap(({ tags }) => tags),
    input.stamp,
  );
  return { images, keepAs, items: [...items.values()], problems };
}

/** What becomes of the tags of an image that will have `id` here. */
export function planTags(
  { snapshotImage }: Pick<VaultImage, 'snapshotImage'>,
  input: { readonly id: Digest; readonly ownerOf: NameOwners; readonly choices: RestoreChoices },
): {
  readonly tags: readonly TagPlan[];
  readonly items: readonly RestoreItem[];
  readonly problems: readonly RestoreProblem[];
} {
  const { id, ownerOf, choices } = input;
  const tags: TagPlan[] = [];
  const items: RestoreItem[] = [];
  const problems: RestoreProblem[] = [];
  for (const tag of snapshotImage.tags) {
    const owner = ownerOf(tag);
    const action = takenChoice(choices, 'tag', tag);
    const item = { what: 'tag', name: tag, newName: tag } as const;
    if (action === 'skip') items.push({ ...item, action: 'skip', reason: 'chosen' });
    else if (owner === undefined) {
      tags.push({ tag, effect: 'new' });
      items.push({ ...item, action: 'create', reason: 'absent' });
    } else if (owner.id === id) {
      tags.push({ tag, effect: 'same', currentId: owner.id });
      items.push({ ...item, action: 'keep', reason: 'same' });
    } else if (action === 'replace') {
      tags.push({ tag, effect: 'move', currentId: owner.id });
      items.push({ ...item, action: 'replace', reason: 'chosen' });
    } else {
      items.push({ ...item, action: 'skip', reason: action === undefined ? 'undecided' : 'chosen' });
      problems.push(problem('warning', 'tagTaken', { name: tag }));
    }
  }
  return { tags, items, problems };
}

/** The line of a plan for an image. */
export function imageItem(
  { snapshotImage }: Pick<VaultImage, 'snapshotImage'>,
  id: Digest,
  isThere: boolean,
): RestoreItem {
  const name = nameOfImage(snapshotImage);
  return isThere
    ? { what: 'image', name, newName: shortDigest(id), action: 'keep', reason: 'same' }
    : { what: 'image', name, newName: shortDigest(id), action: 'create', reason: 'absent' };
}

/** What people call an image of a snapshot. */
export function nameOfImage({ tags, id }: SnapshotImage): string {
  return tags[0] ?? shortDigest(id);
}

function imageProblems(
  { snapshotImage, manifest }: VaultImage,
  id: Digest,
  info: EngineInfo,
): readonly RestoreProblem[] {
  const name = nameOfImage(snapshotImage);
  const problems: RestoreProblem[] = [];
  if (snapshotImage.role === 'image' && id !== snapshotImage.id)
    problems.push(problem('warning', 'idDiffers', { name }));
  const runsHere = snapshotImage.manifests.some(({ platform }) => isSamePlatform(platform, info.platform));
  if (!runsHere)
    problems.push(
      problem('warning', 'platformDiffers', {
        name,
        platform: platformText(manifest.platform),
        engine: platformText(info.platform),
      }),
    );
  return problems;
}

export function platformText({ os, architecture }: Platform): string {
  return `${os}/${architecture}`;
}
