import { Pacer } from '../archive/pacer.ts';
import type { TreeFile } from '../layers/treeNode.ts';

/** What trees of files and trees of changes have in common. */
export interface SizedNode {
  readonly file?: TreeFile<unknown> | undefined;
  readonly children?: ReadonlyMap<string, SizedNode> | undefined;
}

/**
 * The bytes of the files below each folder of a tree. A file of several names counts once in the whole tree, under the
 * first of them. Rejects with an AbortError.
 */
export async function folderSizes(
  root: SizedNode,
  signal: AbortSignal,
): Promise<ReadonlyMap<SizedNode, number>> {
  signal.throwIfAborted();
  const sizes = new Map<SizedNode, number>();
  const counted = new Set<TreeFile<unknown>>();
  const pacer = new Pacer();
  // Folders in the order in which they are met: each stands behind the folder that it is in.
  const folders: { readonly node: SizedNode; readonly parent: SizedNode | undefined }[] = [];
  const ahead: (typeof folders)[number][] = [{ node: root, parent: undefined }];
  for (let next = ahead.pop(); next; next = ahead.pop()) {
    folders.push(next);
    let bytes = 0;
    for (const child of next.node.children?.values() ?? []) {
      if (pacer.isDue) {
        await pacer.pause();
        signal.throwIfAborted();
      }
      if (child.children !== undefined) ahead.push({ node: child, parent: next.node });
      else if (child.file !== undefined && !counted.has(child.file)) {
        counted.add(child.file);
        bytes += child.file.sizeBytes;
      }
    }
    sizes.set(next.node, bytes);
  }
  for (const { node, parent } of folders.reverse())
    if (parent !== undefined) sizes.set(parent, (sizes.get(parent) ?? 0) + (sizes.get(node) ?? 0));
  return sizes;
}
