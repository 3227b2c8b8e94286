import { tryParseImageName } from '../oci/imageName.ts';
import type { HistoryMatch, MatchConfidence } from './matchHistory.ts';

/** An image that may have been built from a file, with how well its history fits. */
export interface BuiltCandidate {
  readonly id: string;
  readonly tags: readonly string[];
  readonly createdAtMs: number;
  readonly match: Pick<HistoryMatch, 'confidence' | 'worth'>;
}

export type BuiltImage<C extends BuiltCandidate> =
  | { readonly kind: 'found'; readonly image: C }
  /** Several fit equally well; nobody but a person knows which one is meant. */
  | { readonly kind: 'several'; readonly images: readonly C[] }
  | { readonly kind: 'none' };

const ranks: Readonly<Record<MatchConfidence, number>> = { exact: 3, likely: 2, edited: 1, none: 0 };

/**
 * The one image that was built from a file.
 *
 * 1. Those whose history fits best, by confidence and then by how much of it agrees.
 * 2. Of these the ones with a name: an image without one is an earlier build that lost it.
 * 3. Of one repository the newest: the others are earlier versions.
 * 4. What is left has to be one.
 */
export function builtImage<C extends BuiltCandidate>(candidates: readonly C[]): BuiltImage<C> {
  const fitting = candidates.filter(({ match }) => match.confidence !== 'none');
  const rank = Math.max(...fitting.map(({ match }) => ranks[match.confidence]));
  const ranked = fitting.filter(({ match }) => ranks[match.confidence] === rank);
  const worth = Math.max(...ranked.map(({ match }) => match.worth));
  const best = ranked.filter(({ match }) => match.worth === worth);
  const named = best.filter(({ tags }) => tags.length > 0);
  const left = named.length > 0 ? named : best;
  const [first] = left.toSorted((a, b) => b.createdAtMs - a.createdAtMs);
  if (first === undefined) return { kind: 'none' };
  const repositories = new Set(repositoriesOf(first));
  const isOne = left.every(
    (image) => image.id === first.id || repositoriesOf(image).some((name) => repositories.has(name)),
  );
  return isOne ? { kind: 'found', image: first } : { kind: 'several', images: left };
}

/** In full, with the registry. */
export function repositoriesOf({ tags }: Pick<BuiltCandidate, 'tags'>): readonly string[] {
  return tags.flatMap((tag) => {
    const name = tryParseImageName(tag);
    return name === undefined ? [] : [`${name.registry}/${name.repository}`];
  });
}
