import { failure } from '../errors.ts';
import { isThere, nodeAt, type TreeNode } from '../layers/treeNode.ts';

/** As many as Linux follows. */
const maxLinks = 40;

/**
 * What is at a path of a tree, links on the way to it followed, within the tree, and one at its end if asked for.
 * Undefined where there is nothing. Throws `pathUnreadable` where links lead in a circle.
 */
export function followPath<L>(
  { name, root }: { readonly name: string; readonly root: TreeNode<L> },
  path: string,
  { followLast }: { readonly followLast: boolean },
): { readonly path: string; readonly node: TreeNode<L> } | undefined {
  const ahead = partsIn(path).toReversed();
  const at: string[] = [];
  for (let links = 0; ;) {
    const node = nodeAt(root, at);
    if (node === undefined || !isThere(node)) return undefined;
    const target = node.file?.type === 'symlink' ? node.file.link : undefined;
    if (target !== undefined && (ahead.length > 0 || followLast)) {
      links += 1;
      if (links > maxLinks)
        throw failure('pathUnreadable', {
          path: `/${partsIn(path).join('/')}`,
          name,
          reason: 'its links lead in a circle',
        });
      if (target.startsWith('/')) at.length = 0;
      else at.pop();
      ahead.push(...partsIn(target).toReversed());
    } else if (ahead.length === 0) return { path: at.join('/'), node };
    else if (node.children === undefined) return undefined;
    const next = ahead.pop();
    if (next === '..') at.pop();
    else if (next !== undefined) at.push(next);
  }
}

/** `..` stays, and means the folder above what links before it lead to. */
function partsIn(path: string): readonly string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}
