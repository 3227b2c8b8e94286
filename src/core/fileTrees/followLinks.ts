import { failure } from '../errors.ts';
import { isThere, type TreeNode } from '../layers/treeNode.ts';

/** As many as Linux follows. */
const maxLinks = 40;

/** What a path leads to. */
export interface ReachedNode<L> {
  /** Without links on the way. */
  readonly path: string;
  readonly node: TreeNode<L>;
}

/**
 * Where a path of a whole tree leads, links on the way and at its end followed, as a container would: never out of the
 * root. Undefined where nothing is there. Throws `pathUnreadable` where links lead in a circle.
 */
export function followLinks<L>(
  { name, root }: { readonly name: string; readonly root: TreeNode<L> },
  path: string,
): ReachedNode<L> | undefined {
  const ahead = partsIn(path).reverse();
  const at: { readonly name: string; readonly node: TreeNode<L> }[] = [];
  let links = 0;
  for (let part = ahead.pop(); part !== undefined; part = ahead.pop()) {
    if (part === '..') {
      at.pop();
      continue;
    }
    const node = (at.at(-1)?.node ?? root).children?.get(part);
    if (node === undefined || !isThere(node)) return undefined;
    const target = node.file?.type === 'symlink' ? node.file.link : undefined;
    if (target === undefined) {
      at.push({ name: part, node });
      continue;
    }
    links += 1;
    if (links > maxLinks)
      throw failure('pathUnreadable', { path: `/${path}`, name, reason: 'its links lead in a circle' });
    if (target.startsWith('/')) at.length = 0;
    ahead.push(...partsIn(target).reverse());
  }
  return { path: at.map((step) => step.name).join('/'), node: at.at(-1)?.node ?? root };
}

function partsIn(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}
