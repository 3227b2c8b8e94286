import { Pacer } from '../archive/pacer.ts';
import type { FileTree } from '../fileTrees/fileTree.ts';
import { isThere, type TreeFile, type TreeNode } from '../layers/treeNode.ts';
import { compareFiles, differingFields, factsOf, typeOf } from './compareFiles.ts';
import type { FileChange, Strictness } from './diffReport.ts';
import { movedFiles, type LoneName, type Move } from './movedFiles.ts';
import { sortedNames } from './sortedNames.ts';

export interface TreesToCompare {
  readonly left: Pick<FileTree, 'kind' | 'root'>;
  readonly right: Pick<FileTree, 'kind' | 'root'>;
  readonly strictness: Strictness;
}

/** What is in one of the two trees. */
export interface TreeSums {
  /** Names of all but folders. */
  readonly fileCount: number;
  /** Each file once, however many names it has. */
  readonly sizeBytes: number;
  /** Names that this side takes away from layers below it, and the other side does not: how many, and a few of them. */
  readonly takenAway: { readonly count: number; readonly first: readonly string[] };
}

export interface TreeComparison {
  /** In the order of a tree: a folder before what is in it, names by their code units. */
  readonly files: readonly FileChange[];
  readonly left: TreeSums;
  readonly right: TreeSums;
  /** Files on both sides of which one's bytes are not known, so that size and time had to do. */
  readonly guessedCount: number;
}

interface Place {
  readonly path: string;
  readonly left: TreeNode<unknown> | undefined;
  readonly right: TreeNode<unknown> | undefined;
}

/**
 * What differs between the files of two trees.
 *
 * 1. Both are gone through together, name by name; what is below a name that only one side has is on that side alone.
 * 2. Names of both sides that are one file on one side, and two on the other, differ in `hardlinks`: those that are
 *    linked to another first name than there.
 * 3. What was removed and added with the same bytes, and nothing else with them, has moved.
 *
 * Names that a layer took away are not there. Rejects with an AbortError.
 */
export async function compareTrees(
  { left, right, strictness }: TreesToCompare,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<TreeComparison> {
  const pacer = new Pacer();
  const [leftSide, rightSide] = [new Side(left), new Side(right)];
  const changes: FileChange[] = [];
  let guessedCount = 0;
  const ahead: Place[] = [{ path: '', left: leftSide.root, right: rightSide.root }];
  for (let place = ahead.pop(); place; place = ahead.pop()) {
    if (pacer.isDue) await pacer.pause();
    signal?.throwIfAborted();
    const change = compare(place);
    if (change !== undefined) changes.push(change);
    // Awaiting what has nothing in it would take longer than to compare it.
    if (place.left?.children !== undefined || place.right?.children !== undefined) await enter(place);
  }
  const moves = await movedFiles(leftSide.lone, rightSide.lone, pacer);
  return {
    files: await withMoves(changes, moves, { strictness, pacer }),
    left: leftSide.sums(),
    right: rightSide.sums(),
    guessedCount,
  };

  function compare({ path, left: one, right: other }: Place): FileChange | undefined {
    const isCommon = one !== undefined && other !== undefined && typeOf(one) === typeOf(other);
    const first = one && leftSide.take(one, path, isCommon);
    const firstRight = other && rightSide.take(other, path, isCommon);
    if (one !== undefined && other !== undefined) {
      const { kind, fields, isGuessed } = compareFiles(one, other, strictness);
      if (isGuessed) guessedCount += 1;
      const isRelinked = isCommon && first !== firstRight;
      if (kind === 'metadata' && fields.length === 0 && !isRelinked) return undefined;
      const all = isRelinked ? [...fields, 'hardlinks' as const] : fields;
      return { path, kind, left: factsOf(one), right: factsOf(other), fields: all };
    }
    if (one !== undefined && leftSide.isOwn(one)) {
      leftSide.note(one, path);
      return { path, kind: 'removed', left: factsOf(one), fields: [] };
    }
    if (other !== undefined && rightSide.isOwn(other)) {
      rightSide.note(other, path);
      return { path, kind: 'added', right: factsOf(other), fields: [] };
    }
    return undefined;
  }

  async function enter({ path, left: one, right: other }: Place): Promise<void> {
    const [inLeft, inRight] = [one?.children, other?.children];
    const names = await sortedNames(new Set([...(inLeft?.keys() ?? []), ...(inRight?.keys() ?? [])]), pacer);
    for (let at = names.length - 1; at >= 0; at--) {
      const name = names[at] ?? '';
      const [leftNode, rightNode] = [inLeft?.get(name), inRight?.get(name)];
      const below = path === '' ? name : `${path}/${name}`;
      const [leftThere, rightThere] = [thereIs(leftNode), thereIs(rightNode)];
      if (leftThere !== leftNode && rightThere === rightNode) leftSide.noteTakenAway(below);
      if (rightThere !== rightNode && leftThere === leftNode) rightSide.noteTakenAway(below);
      if (leftThere !== undefined || rightThere !== undefined)
        ahead.push({ path: below, left: leftThere, right: rightThere });
      if (pacer.isDue) await pacer.pause();
    }
  }
}

/** Undefined for a name that was taken away. */
function thereIs(node: TreeNode<unknown> | undefined): TreeNode<unknown> | undefined {
  return node !== undefined && isThere(node) ? node : undefined;
}

/** No name is empty but the root's, which is no file. */
const notCommon = '';
/** So many names are given as examples. */
const mostExamples = 5;

/** What is noted of one of the two trees on the way. */
class Side {
  readonly root: TreeNode<unknown>;
  /** Names that only this side has. */
  readonly lone: LoneName[] = [];
  readonly #kind: FileTree['kind'];
  /** Of each file, the first of its names that both sides have. */
  readonly #firstNames = new Map<TreeFile<unknown>, string>();
  readonly #takenAway: string[] = [];
  #takenAwayCount = 0;
  #fileCount = 0;
  #sizeBytes = 0;

  constructor({ root, kind }: Pick<FileTree, 'root' | 'kind'>) {
    this.root = root;
    this.#kind = kind;
  }

  /**
   * Counts a name. Of one that both sides have, gives the first of such names that is the same file; one lookup has to
   * do for both, since a hundred thousand of them are what a comparison takes its time for.
   */
  take({ file, children }: TreeNode<unknown>, path: string, isCommon: boolean): string {
    if (file === undefined || children !== undefined || file.type === 'directory') return path;
    this.#fileCount += 1;
    const first = this.#firstNames.get(file);
    if (first === undefined) this.#sizeBytes += file.sizeBytes;
    if (first !== undefined && first !== notCommon) return first;
    const name = isCommon ? path : notCommon;
    if (name !== first) this.#firstNames.set(file, name);
    return path;
  }

  /** Whether a name is of this tree itself: of some layers alone, folders that only lead to others are not. */
  isOwn({ file }: TreeNode<unknown>): boolean {
    return file !== undefined || (this.#kind !== 'layers' && this.#kind !== 'changes');
  }

  note({ file, children }: TreeNode<unknown>, path: string): void {
    if (file !== undefined && children === undefined) this.lone.push({ path, file });
  }

  noteTakenAway(path: string): void {
    this.#takenAwayCount += 1;
    // Names come last one first within a folder.
    if (this.#takenAway.unshift(path) > mostExamples) this.#takenAway.pop();
  }

  sums(): TreeSums {
    const takenAway = { count: this.#takenAwayCount, first: this.#takenAway };
    return { fileCount: this.#fileCount, sizeBytes: this.#sizeBytes, takenAway };
  }
}

/** One change takes the place of two, where the file is now. */
async function withMoves(
  changes: readonly FileChange[],
  moves: ReadonlyMap<string, Move>,
  { strictness, pacer }: { readonly strictness: Strictness; readonly pacer: Pacer },
): Promise<readonly FileChange[]> {
  if (moves.size === 0) return changes;
  const gone = new Set<string>();
  for (const { from } of moves.values()) gone.add(from.path);
  const all: FileChange[] = [];
  for (const change of changes) {
    if (pacer.isDue) await pacer.pause();
    const move = change.kind === 'added' ? moves.get(change.path) : undefined;
    if (move !== undefined) all.push(moved(move, strictness));
    else if (change.kind !== 'removed' || !gone.has(change.path)) all.push(change);
  }
  return all;
}

function moved({ from, to }: Move, strictness: Strictness): FileChange {
  return {
    path: to.path,
    kind: 'moved',
    from: from.path,
    left: factsOf(from),
    right: factsOf(to),
    fields: differingFields(from.file, to.file, strictness),
  };
}
