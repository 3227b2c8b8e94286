import type { Engine } from '../engine/engine.ts';
import type { CancelOptions } from '../vault/blobStore.ts';
import type { EngineState } from '../restore/engineState.ts';
import { isOnEngine } from '../loading/isOnEngine.ts';
import { keptNames, movingTags } from '../restore/keptNames.ts';
import { imageItem, nameOfImage, planTags, platformText } from '../restore/planImages.ts';
import type { PlannedImage, RestoreChoices, RestoreItem } from '../restore/restorePlan.ts';
import { problem, type RestoreProblem } from '../restore/restoreProblem.ts';
import { isSamePlatform } from '../restore/vaultImages.ts';
import { nameOwners } from '../recovery/nameOwners.ts';
import type { ArrivingImage } from './movedImages.ts';

/** An image of the plan, with what its engine tells of it. */
export type PlannedArrival = PlannedImage & Pick<ArrivingImage, 'details'>;

export interface MovedImagesPlan {
  readonly images: readonly PlannedArrival[];
  readonly keepAs: ReadonlyMap<string, string>;
  readonly items: readonly RestoreItem[];
  readonly problems: readonly RestoreProblem[];
}

/** What becomes of images and their tags on the target; as `planImages`, for images that are in no vault. */
export async function planMovedImages(
  { target }: { readonly target: Engine },
  input: {
    readonly images: readonly ArrivingImage[];
    readonly choices: RestoreChoices;
    readonly state: Pick<EngineState, 'images' | 'info'>;
    readonly stamp: string;
  },
  cancel: CancelOptions = {},
): Promise<MovedImagesPlan> {
  const { choices, state } = input;
  const ownerOf = nameOwners(state.images);
  const present = new Set(state.images.map(({ id }) => id));
  const images: PlannedArrival[] = [];
  const items = new Map<string, RestoreItem>();
  const problems: RestoreProblem[] = [];
  for (const { snapshotImage, details, image: arriving, id } of input.images) {
    const manifests = id === details.id ? (details.presentManifests ?? []) : [];
    const toFind = { id, manifests, isListed: present.has(id) };
    const isThere = await isOnEngine({ engine: target, info: state.info }, toFind, cancel);
    const planned = planTags({ snapshotImage }, { id, ownerOf, choices });
    const image = { ...arriving, tags: planned.tags.map(({ tag }) => tag) };
    const [manifest] = snapshotImage.manifests;
    if (manifest === undefined) continue;
    const load = { image, id, isThere, tags: planned.tags };
    images.push({ snapshotImage, manifest, details, image, load });
    for (const item of [imageItem({ snapshotImage }, id, isThere), ...planned.items])
      items.set(`${item.what} ${item.name}`, item);
    problems.push(...planned.problems, ...imageProblems({ snapshotImage, details, id }, state));
  }
  const keepAs = keptNames(
    movingTags({ images: images.map(({ load }) => load) }),
    [...state.images, ...images.map(({ image }) => image)].flatMap(({ tags }) => tags),
    input.stamp,
  );
  return { images, keepAs, items: [...items.values()], problems };
}

function imageProblems(
  { snapshotImage, details, id }: Pick<ArrivingImage, 'snapshotImage' | 'details' | 'id'>,
  { info }: Pick<EngineState, 'info'>,
): readonly RestoreProblem[] {
  const name = nameOfImage(snapshotImage);
  const problems: RestoreProblem[] = [];
  if (snapshotImage.role === 'image' && id !== details.id)
    problems.push(problem('warning', 'idDiffers', { name }));
  if (!isSamePlatform(details.platform, info.platform)) {
    const [platform, engine] = [details.platform, info.platform].map(platformText);
    problems.push(
      problem('warning', 'platformDiffers', { name, platform: platform ?? '', engine: engine ?? '' }),
    );
  }
  return problems;
}
