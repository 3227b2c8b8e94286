import { Pacer } from '../archive/pacer.ts';
import { childrenOf, isThere, type TreeFile, type TreeNode } from './treeNode.ts';

/**
 * Told of each name of a file (of anything but a folder) that is gone; `successor` is what the upper layer has under
 * the same name, if it has anything there.
 */
export type OnGone<L> = (file: TreeFile<L>, successor: TreeFile<L> | undefined) => void;

/**
 * Lays a layer over all those below it, as `mergeUnderPaced` does from above: whiteouts and opaque folders take away what is
 * below, a file takes the place of whatever has its name, a folder is laid into a folder. `lower` becomes the merged
 * tree; `upper` must not be used any more, since parts of it become parts of that.
 */
export async function layOver<L>(
  lower: TreeNode<L>,
  upper: TreeNode<L>,
  onGone: OnGone<L>,
  signal?: AbortSignal,
): Promise<void> {
  childrenOf(upper);
  childrenOf(lower);
  const pairs: [TreeNode<L>, TreeNode<L>][] = [[lower, upper]];
  const pacer = new Pacer();
  const pause = async (): Promise<void> => {
    await pacer.pause();
    signal?.throwIfAborted();
  };
  for (let pair = pairs.pop(); pair; pair = pairs.pop()) {
    const [below, above] = pair;
    if (above.file !== undefined) below.file = above.file;
    const children = childrenOf(below);
    if (above.hidesLower) {
      for (const [name, child] of children) await removeNames(child, above.children?.get(name));
      children.clear();
    }
    for (const [name, over] of above.children ?? []) {
      if (pacer.isDue) await pause();
      const under = children.get(name);
      if (under?.children !== undefined && over.children !== undefined && !over.hidesLower) {
        pairs.push([under, over]);
        continue;
      }
      if (under !== undefined) await removeNames(under, over);
      if (isThere(over)) children.set(name, over);
      else children.delete(name);
    }
  }

  async function removeNames(first: TreeNode<L>, itsSuccessor: TreeNode<L> | undefined): Promise<void> {
    const ahead: [TreeNode<L>, TreeNode<L> | undefined][] = [[first, itsSuccessor]];
    for (let next = ahead.pop(); next; next = ahead.pop()) {
      if (pacer.isDue) await pause();
      const [{ file, children }, successor] = next;
      if (children === undefined && file !== undefined && file.type !== 'directory')
        onGone(file, successor?.file);
      for (const [name, child] of children ?? []) ahead.push([child, successor?.children?.get(name)]);
    }
  }
}
