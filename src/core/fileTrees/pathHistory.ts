import { partsOf } from '../layers/entryNames.ts';
import type { LayeredImage } from '../layers/layeredImage.ts';
import { mergeLayers, type Origin } from '../layers/mergeLayers.ts';
import { nodeAt, type TreeFile, type TreeNode } from '../layers/treeNode.ts';
import { kindOfChange, type ChangeKind } from './changeKind.ts';

/** What one layer did to a path. */
export interface PathEvent {
  /** The layer, from 0, the bottom one. */
  readonly place: number;
  readonly kind: Exclude<ChangeKind, 'within'>;
  /** What it put there; left out where it took the name away, and for a folder that no entry names. */
  readonly file?: TreeFile<Origin>;
  /** What was there before. */
  readonly before?: TreeFile<Origin>;
  /** Where a layer took it away together with a folder that it is in: that folder. */
  readonly with?: string;
}

/**
 * Who wrote a path, who replaced it and who took it away: one event for each layer that did, the bottom one first. A
 * folder that a layer names just as it was is passed over. Links on the way are not followed, since a tree of files
 * shows them as what they are. Rejects with `treeTooLarge`, as the lists of the layers do, or with an AbortError.
 */
export async function pathHistory(
  { name, layers }: LayeredImage,
  path: string,
  signal: AbortSignal,
): Promise<readonly PathEvent[]> {
  const parts = partsOf(path) ?? [];
  const events: PathEvent[] = [];
  await mergeLayers(
    { name, layers: layers.map((layer) => layer.entries(signal)) },
    {
      takeLayer: ({ root }, place, below) => {
        const event = eventAt(root, below, parts);
        if (event !== undefined) events.push({ place, ...event });
        return Promise.resolve();
      },
    },
    { signal },
  );
  return events;
}

function eventAt(
  root: TreeNode<Origin>,
  below: TreeNode<Origin>,
  parts: readonly string[],
): Omit<PathEvent, 'place'> | undefined {
  const before = nodeAt(below, parts);
  const above = nodeAt(root, parts);
  const takenAt = hidingFolder(root, parts);
  if (above === undefined && takenAt === undefined) return undefined;
  const kind = kindOfChange(above, before, takenAt !== undefined);
  if (kind === undefined || kind === 'within') return undefined;
  if (kind === 'same' && above?.children !== undefined) return undefined;
  return {
    kind,
    ...(above?.file && { file: above.file }),
    ...(before?.file && { before: before.file }),
    ...(kind === 'removed' && takenAt !== undefined && { with: takenAt }),
  };
}

/** The folder on the way to a name that a layer took away or put something else in the place of. */
function hidingFolder(root: TreeNode<Origin>, parts: readonly string[]): string | undefined {
  let node: TreeNode<Origin> | undefined = root;
  for (const [at, part] of parts.entries()) {
    if (node.hidesLower || node.children === undefined) return parts.slice(0, at).join('/');
    node = node.children.get(part);
    if (node === undefined) return undefined;
  }
  return undefined;
}
