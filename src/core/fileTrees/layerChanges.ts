import { Pacer } from '../archive/pacer.ts';
import { failure } from '../errors.ts';
import type { LayeredImage } from '../layers/layeredImage.ts';
import { mergeLayers, type Origin } from '../layers/mergeLayers.ts';
import type { TreeFile, TreeNode } from '../layers/treeNode.ts';
import { kindOfChange, type ChangeKind } from './changeKind.ts';

/** A name that one layer says something about, or a folder on the way to one. */
export interface ChangeNode {
  readonly kind: ChangeKind;
  /** What the layer has there. */
  readonly file?: TreeFile<Origin>;
  /** What the layers below had there. */
  readonly before?: TreeFile<Origin>;
  /** Of a folder, of the layer's or of one that is gone. */
  readonly children?: ReadonlyMap<string, ChangeNode>;
  /** Here and further down: bytes of data that the layer brings; a file with several names counts once. */
  readonly broughtBytes: number;
  /** Here and further down: bytes that were seen in the layers below and are not seen any more, by their names. */
  readonly hiddenBytes: number;
}

type Growing = { -readonly [K in keyof ChangeNode]: ChangeNode[K] } & { children?: Map<string, Growing> };

/**
 * What one layer of an image (`place`, from 0, the bottom one) does to those below: as a container of either would see
 * it, so a whiteout of a name that is not there is no change. The root folder is the node itself.
 * Rejects with `treeTooLarge`, as the lists of the layers do, or with an AbortError.
 */
export async function layerChanges(
  { name, layers }: LayeredImage,
  place: number,
  signal: AbortSignal,
): Promise<ChangeNode> {
  let changes: ChangeNode | undefined;
  const entries = layers.slice(0, place + 1).map((layer) => layer.entries(signal));
  await mergeLayers(
    { name, layers: entries },
    {
      takeLayer: async ({ root }, at, below) => {
        if (at === place) changes = await changesOf(root, below, place, signal);
      },
    },
    { signal },
  );
  if (changes === undefined) throw failure('pathMissing', { path: `layer ${place + 1}`, name });
  return changes;
}

interface Step {
  readonly above: TreeNode<Origin> | undefined;
  readonly below: TreeNode<Origin> | undefined;
  /** Nothing is seen through a folder that this is in, or through this one. */
  readonly isCovered: boolean;
  readonly into: Growing;
  /** The folders that this is in, the root first. */
  readonly path: readonly Growing[];
}

async function changesOf(
  root: TreeNode<Origin>,
  below: TreeNode<Origin>,
  place: number,
  signal: AbortSignal,
): Promise<ChangeNode> {
  const pacer = new Pacer();
  const isBrought = bringing(place);
  const top: Growing = { ...nodeOf(root, below), kind: 'within', broughtBytes: 0, hiddenBytes: 0 };
  const ahead: Step[] = [{ above: root, below, isCovered: root.hidesLower, into: top, path: [] }];
  for (let step = ahead.pop(); step; step = ahead.pop()) {
    if (pacer.isDue) {
      await pacer.pause();
      signal.throwIfAborted();
    }
    const { above, isCovered, into, path } = step;
    count(step, isBrought);
    // One for all names of a folder: there may be as many of them as levels.
    const inside = [...path, into];
    for (const [name, pair] of childPairs(step)) {
      const kind = kindOfChange(pair.above, pair.below, isCovered);
      if (kind === undefined) continue;
      const child: Growing = { ...nodeOf(pair.above, pair.below), kind, broughtBytes: 0, hiddenBytes: 0 };
      into.children ??= new Map();
      into.children.set(name, child);
      const isHidden = isCovered || pair.above?.hidesLower === true;
      ahead.push({ ...pair, isCovered: isHidden, into: child, path: inside });
    }
    if (above?.children !== undefined) into.children ??= new Map();
  }
  return top;
}

function nodeOf(
  above: TreeNode<Origin> | undefined,
  below: TreeNode<Origin> | undefined,
): Pick<Growing, 'file' | 'before'> {
  return { ...(above?.file && { file: above.file }), ...(below?.file && { before: below.file }) };
}

/** Names that the layer has in a folder, and with those that it took away. */
function* childPairs({
  above,
  below,
  isCovered,
}: Step): Generator<readonly [string, Pick<Step, 'above' | 'below'>], void, undefined> {
  for (const [name, node] of above?.children ?? [])
    yield [name, { above: node, below: below?.children?.get(name) }];
  if (above?.children !== undefined && !isCovered) return;
  for (const [name, node] of below?.children ?? [])
    if (above?.children?.has(name) !== true) yield [name, { above: undefined, below: node }];
}

/** Whether bytes are the layer's own and were not counted by another name. A link to a layer below brings none. */
function bringing(place: number): (file: TreeFile<Origin>) => boolean {
  const counted = new Set<TreeFile<Origin>>();
  return (file) => {
    if (file.layer.place !== place || counted.has(file)) return false;
    counted.add(file);
    return true;
  };
}

function count({ above, below, into, path }: Step, isBrought: (file: TreeFile<Origin>) => boolean): void {
  const brought = above?.file !== undefined && isBrought(above.file) ? above.file.sizeBytes : 0;
  const hidden = below?.children === undefined ? (below?.file?.sizeBytes ?? 0) : 0;
  if (brought === 0 && hidden === 0) return;
  for (const node of [...path, into]) {
    node.broughtBytes += brought;
    node.hiddenBytes += hidden;
  }
}
