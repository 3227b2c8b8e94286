/** What a Dockerfile and the images of an engine say of each other. Plain data; nothing is asked for here. */
import { Pacer } from '../core/archive/pacer.ts';
import {
  builtImage,
  repositoriesOf,
  type BuiltCandidate,
  type BuiltImage,
} from '../core/dockerfile/builtImage.ts';
import { matchHistory, type HistoryMatch } from '../core/dockerfile/matchHistory.ts';
import { stagesBelow, type Dockerfile, type Stage } from '../core/dockerfile/parseDockerfile.ts';
import type { Digest } from '../core/digest.ts';
import type { ImageSummary } from '../core/engine/records.ts';
import { isSameName } from '../core/oci/imageName.ts';
import type { ImageHistory, ImageParts } from './imageHistories.ts';

/** What is known of images so far. */
export interface KnownHistories {
  history(id: string): ImageHistory | undefined;
  parts(id: string): ImageParts | undefined;
}

export interface StageCandidate extends BuiltCandidate {
  readonly id: Digest;
  readonly match: HistoryMatch;
}

/** Images that are looked at for one file; the newest. */
export const mostCandidates = 300;

/** The image that a stage is FROM, where the engine has it. */
export function baseImage(
  { base }: Pick<Stage, 'base'>,
  images: ReadonlyMap<Digest, ImageSummary>,
): ImageSummary | undefined {
  if (base.kind !== 'image' || base.name === undefined) return undefined;
  const [name = '', digest] = base.name.split('@');
  for (const image of images.values()) {
    if (digest !== undefined) {
      if (image.repoDigests.some((repoDigest) => repoDigest.endsWith(`@${digest}`))) return image;
    } else if (image.tags.some((tag) => isSameName(tag, name))) return image;
  }
  return undefined;
}

export function matchWith(
  dockerfile: Dockerfile,
  stage: number,
  id: string,
  known: KnownHistories,
  images: ReadonlyMap<Digest, ImageSummary>,
): HistoryMatch | undefined {
  const history = known.history(id);
  const [bottom] = stagesBelow(dockerfile, stage);
  if (history === undefined || bottom === undefined) return undefined;
  const base = baseImage(bottom, images);
  const below = base === undefined || base.id === id ? undefined : known.history(base.id);
  const triggers = base === undefined ? undefined : known.parts(base.id)?.triggers;
  const match = matchHistory({
    dockerfile,
    stage,
    steps: history.steps,
    ...(below === undefined || below.steps.length === 0 ? {} : { base: below.steps }),
    ...(triggers === undefined ? {} : { triggers }),
  });
  return base !== undefined && hasOtherLayers(base.id, id, known) ? { ...match, isOnOtherBase: true } : match;
}

/** A base that was built again has the same history and other layers. */
function hasOtherLayers(baseId: string, id: string, known: KnownHistories): boolean {
  // Of an image whose content is not there, the engine tells no layers.
  const own = known.parts(id)?.details.diffIds ?? [];
  const below = known.parts(baseId)?.details.diffIds ?? [];
  return own.length > 0 && below.some((diffId, place) => diffId !== own[place]);
}

/** The image that was built up to a stage, among all whose histories are known. Shares the thread. */
export async function findBuilt(
  dockerfile: Dockerfile,
  stage: number,
  known: KnownHistories,
  images: ReadonlyMap<Digest, ImageSummary>,
  signal: AbortSignal,
): Promise<BuiltImage<StageCandidate> & { readonly candidates: readonly StageCandidate[] }> {
  const pacer = new Pacer();
  const candidates: StageCandidate[] = [];
  for (const { id, tags, createdAtMs } of newestOf(images)) {
    await pacer.pause();
    signal.throwIfAborted();
    const match = matchWith(dockerfile, stage, id, known, images);
    if (match !== undefined && match.confidence !== 'none') candidates.push({ id, tags, createdAtMs, match });
  }
  return { ...builtImage(candidates), candidates };
}

export function newestOf(images: ReadonlyMap<Digest, ImageSummary>): readonly ImageSummary[] {
  return [...images.values()].sort((a, b) => b.createdAtMs - a.createdAtMs).slice(0, mostCandidates);
}

/** The stage that an image was built up to: the one that its history fits best, the last of equals. */
export function targetOf(
  dockerfile: Dockerfile,
  id: string,
  known: KnownHistories,
  images: ReadonlyMap<Digest, ImageSummary>,
): number {
  const ranks = { exact: 3, likely: 2, edited: 1, none: 0 };
  let best = { stage: Math.max(0, dockerfile.stages.length - 1), rank: -1, worth: -Infinity };
  for (const { place } of dockerfile.stages.toReversed()) {
    const match = matchWith(dockerfile, place, id, known, images);
    if (match === undefined) continue;
    const rank = ranks[match.confidence];
    if (rank > best.rank || (rank === best.rank && match.worth > best.worth))
      best = { stage: place, rank, worth: match.worth };
  }
  return best.stage;
}

/**
 * An earlier build of the same file: the newest before `image` whose lines are the same or nearly, and that lost its
 * name or lies in the same repository.
 */
export function previousBuild(
  candidates: readonly StageCandidate[],
  image: Pick<StageCandidate, 'id' | 'createdAtMs' | 'tags'>,
): StageCandidate | undefined {
  const repositories = repositoriesOf(image);
  return candidates
    .filter(({ id, createdAtMs }) => id !== image.id && createdAtMs <= image.createdAtMs)
    .filter(
      ({ tags }) => tags.length === 0 || repositoriesOf({ tags }).some((name) => repositories.includes(name)),
    )
    .sort((a, b) => b.createdAtMs - a.createdAtMs)[0];
}
