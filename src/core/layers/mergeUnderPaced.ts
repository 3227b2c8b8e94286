import { Pacer } from '../archive/pacer.ts';
import { mergeNode, type TreeNode } from './treeNode.ts';

/**
 * Lays `upper` over `lower`, which must not be used any more, a folder at a time: so many names hold the thread up. Rejects
 * with an AbortError; what was merged until then is of no use.
 */
export async function mergeUnderPaced<L>(
  upper: TreeNode<L>,
  lower: TreeNode<L>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const pacer = new Pacer();
  const ahead: [TreeNode<L>, TreeNode<L>][] = [[upper, lower]];
  for (let next = ahead.pop(); next; next = ahead.pop()) {
    if (pacer.isDue) {
      await pacer.pause();
      signal?.throwIfAborted();
    }
    mergeNode(...next, (above, below) => ahead.push([above, below]));
  }
}
