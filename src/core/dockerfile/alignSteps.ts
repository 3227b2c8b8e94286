/** Two sequences laid side by side so that as much as possible agrees, and where that can be done in one way only. */

export interface AlignInput {
  /** How many instructions and steps there are. */
  readonly rows: number;
  readonly columns: number;
  /** What it is worth to pair them; undefined where they can't be paired. Asked once for each. */
  readonly worth: (row: number, column: number) => number | undefined;
  /** What it costs to leave an instruction without a step. */
  readonly rowCost: (row: number) => number;
  /** What it costs to leave out a step that stands before the first pair, or after it. */
  readonly leadCost: (column: number) => number;
  readonly columnCost: (column: number) => number;
}

export interface Alignment {
  /** For each row its column; `none` where it has no partner, `unclear` where equally good ways differ. */
  readonly partners: readonly (number | 'none' | 'unclear')[];
  readonly worth: number;
}

/**
 * Finds the best order-keeping pairs (Needleman–Wunsch with its own costs before the first pair), once from the front
 * and once from the back, so that a pair is known to be in all best ways or only in some.
 *
 * `before[i][j]`: best worth of the first `i` rows and `j` columns with a pair in them. `after[i][j]`: of what follows.
 */
export function alignSteps(input: AlignInput): Alignment {
  const { rows, columns, rowCost, columnCost, leadCost } = input;
  const width = columns + 1;
  const pairs = new Float64Array(rows * columns).fill(-Infinity);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      pairs[row * columns + column] = input.worth(row, column) ?? -Infinity;
  const pair = (row: number, column: number): number => pairs[row * columns + column] ?? -Infinity;

  /** Without any pair so far. */
  const rowsBefore = sums(rows, rowCost);
  const columnsBefore = sums(columns, leadCost);
  const start = (row: number, column: number): number =>
    -(rowsBefore[row] ?? 0) - (columnsBefore[column] ?? 0);

  const before = new Float64Array((rows + 1) * width).fill(-Infinity);
  const beforeAt = (row: number, column: number): number => before[row * width + column] ?? -Infinity;
  for (let row = 1; row <= rows; row++)
    for (let column = 1; column <= columns; column++)
      before[row * width + column] = Math.max(
        beforeAt(row - 1, column) - rowCost(row - 1),
        beforeAt(row, column - 1) - columnCost(column - 1),
        pair(row - 1, column - 1) + Math.max(beforeAt(row - 1, column - 1), start(row - 1, column - 1)),
      );

  const after = new Float64Array((rows + 1) * width).fill(0);
  const afterAt = (row: number, column: number): number => after[row * width + column] ?? -Infinity;
  for (let row = rows; row >= 0; row--)
    for (let column = columns; column >= 0; column--)
      if (row < rows || column < columns)
        after[row * width + column] = Math.max(
          row < rows ? afterAt(row + 1, column) - rowCost(row) : -Infinity,
          column < columns ? afterAt(row, column + 1) - columnCost(column) : -Infinity,
          row < rows && column < columns ? pair(row, column) + afterAt(row + 1, column + 1) : -Infinity,
        );

  const withoutPairs = start(rows, columns);
  const best = Math.max(beforeAt(rows, columns), withoutPairs);
  // The best way whose first pair is of that row or of a later one.
  const startsFrom = new Float64Array(rows + 1).fill(-Infinity);
  for (let row = rows - 1; row >= 0; row--) {
    let found = startsFrom[row + 1] ?? -Infinity;
    for (let column = 0; column < columns; column++)
      found = Math.max(found, start(row, column) + pair(row, column) + afterAt(row + 1, column + 1));
    startsFrom[row] = found;
  }
  const partners = Array.from({ length: rows }, (_, row): Alignment['partners'][number] => {
    const found: number[] = [];
    let canBeAlone = isBest(withoutPairs, best);
    for (let column = 0; column < columns; column++) {
      const here = Math.max(beforeAt(row, column), start(row, column));
      if (isBest(here + pair(row, column) + afterAt(row + 1, column + 1), best)) found.push(column);
    }
    for (let column = 1; column <= columns && !canBeAlone; column++)
      canBeAlone = isBest(beforeAt(row, column) - rowCost(row) + afterAt(row + 1, column), best);
    canBeAlone ||= isBest(startsFrom[row + 1] ?? -Infinity, best);
    if (found.length === 0) return 'none';
    return found.length === 1 && !canBeAlone ? (found[0] ?? 'none') : 'unclear';
  });
  return { partners, worth: best };
}

function sums(count: number, cost: (place: number) => number): readonly number[] {
  const all = [0];
  for (let place = 0; place < count; place++) all.push((all[place] ?? 0) + cost(place));
  return all;
}

function isBest(worth: number, best: number): boolean {
  return worth > best - 1e-6;
}
