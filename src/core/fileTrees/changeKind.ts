import { isThere, type TreeFile, type TreeNode } from '../layers/treeNode.ts';

/**
 * What a layer does to a name: `changed` is another type, other bytes or another target; `metadata` another owner,
 * mode, time or extended attribute alone; `same` is brought once more as it was. `within` is a folder that the layer
 * does not name, on the way to what it changes.
 */
export type ChangeKind = 'added' | 'changed' | 'metadata' | 'same' | 'removed' | 'within';

/**
 * `above` is what the layer itself says of a name, `below` what was there; undefined where nothing happens. `isCovered`:
 * nothing is seen through a folder that it is in.
 */
export function kindOfChange<L>(
  above: TreeNode<L> | undefined,
  below: TreeNode<L> | undefined,
  isCovered: boolean,
): ChangeKind | undefined {
  const wasThere = below !== undefined && isThere(below);
  if (above === undefined || !isThere(above)) return wasThere ? 'removed' : undefined;
  if (!wasThere) return 'added';
  const isFolder = above.children !== undefined;
  if (isFolder !== (below.children !== undefined)) return 'changed';
  if (above.file === undefined) {
    const isAnew = (isCovered || above.hidesLower) && below.file !== undefined;
    return isAnew ? 'metadata' : 'within';
  }
  // A folder that no entry names has the metadata that every engine gives it anew.
  if (below.file === undefined) return 'metadata';
  if (!isFolder && !hasSameContent(above.file, below.file)) return 'changed';
  return hasSameMetadata(above.file, below.file) ? 'same' : 'metadata';
}

function hasSameContent<L>(one: TreeFile<L>, other: TreeFile<L>): boolean {
  return (
    one === other ||
    // Of a sparse file the list has the pieces, and not always where they lie.
    (one.type === other.type &&
      !one.isSparse &&
      !other.isSparse &&
      one.sizeBytes === other.sizeBytes &&
      one.sha256 === other.sha256 &&
      one.link === other.link &&
      one.rawLink === other.rawLink &&
      one.device?.join() === other.device?.join())
  );
}

function hasSameMetadata<L>(one: TreeFile<L>, other: TreeFile<L>): boolean {
  return (
    one.mode === other.mode &&
    one.uid === other.uid &&
    one.gid === other.gid &&
    one.mtime === other.mtime &&
    isSameSet(one.xattrs, other.xattrs)
  );
}

function isSameSet(
  one: Readonly<Record<string, string>> = {},
  other: Readonly<Record<string, string>> = {},
): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}
