/** Whether `*` (any characters) and `?` (one) in `pattern` can stand for what `text` has there; the rest is as it is. */
export function matchesWildcard(pattern: string, text: string): boolean {
  return capturesOf(pattern, text) !== undefined;
}

/**
 * What stands in `text` for each `*` of `pattern`, as little as possible for the first; undefined where it does not
 * match. Without going back more than to the last `*`, so that no pattern takes long.
 */
export function capturesOf(pattern: string, text: string): readonly string[] | undefined {
  const captures: { from: number; to: number }[] = [];
  let at = 0;
  let place = 0;
  let starPlace = -1;
  while (at < text.length) {
    const wanted = pattern[place];
    if (wanted === '*') {
      captures.push({ from: at, to: at });
      starPlace = place;
      place += 1;
      continue;
    }
    if (wanted !== undefined && (wanted === '?' || wanted === text[at])) {
      place += 1;
      at += 1;
      continue;
    }
    const last = captures.at(-1);
    if (last === undefined) return undefined;
    last.to += 1;
    at = last.to;
    place = starPlace + 1;
  }
  while (pattern[place] === '*') {
    captures.push({ from: at, to: at });
    place += 1;
  }
  if (place < pattern.length) return undefined;
  return captures.map(({ from, to }) => text.slice(from, to));
}

/** What chooses among tags: all that one of `include` means, or all where there is none, without what `exclude` means. */
export interface TagFilter {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

export function isChosen(tag: string, { include, exclude }: TagFilter): boolean {
  const isIn = (patterns: readonly string[]): boolean =>
    patterns.some((pattern) => matchesWildcard(pattern, tag));
  return (include.length === 0 || isIn(include)) && !isIn(exclude);
}
