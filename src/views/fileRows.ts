import { Pacer } from '../core/archive/pacer.ts';
import { layerInstructions } from '../core/dockerfile/layerInstructions.ts';
import { folderSizes } from '../core/fileTrees/folderSizes.ts';
import { sortedNames } from '../core/fileTrees/sortedNames.ts';
import type { ChangeNode } from '../core/fileTrees/layerChanges.ts';
import type { LayeredImage } from '../core/layers/layeredImage.ts';
import type { Origin } from '../core/layers/mergeLayers.ts';
import { isThere, type TreeFile, type TreeNode } from '../core/layers/treeNode.ts';
import type { FileRow } from './fileItem.ts';

/** A folder of a tree of files, as rows are made of it. */
export interface RowFolder {
  /** Folders first, each group by name. */
  readonly names: readonly string[];
  row(name: string): FileRow;
}

/** A tree measured once, from which folders are shown. */
export interface RowTree {
  /** Undefined where there is no such folder. */
  folder(path: string): Promise<RowFolder | undefined>;
}

/** The merged tree of an image. */
export async function mergedRows(root: TreeNode<Origin>, image: LayeredImage): Promise<RowTree> {
  const sizes = await folderSizes(root, new AbortController().signal);
  const instructions = layerInstructions(image.config);
  const count = image.layers.length;
  return rowTree(root, isThere, (node): FileRow => {
    const { file } = node;
    const isFolder = isFolderLike(node);
    return {
      isFolder,
      hasChildren: hasChildren(node),
      ...(file !== undefined && {
        file,
        origin: {
          place: file.layer.place + 1,
          count,
          instruction: instructions[file.layer.place]?.text ?? '',
        },
      }),
      sizeBytes: isFolder ? (sizes.get(node) ?? 0) : (file?.sizeBytes ?? 0),
    };
  });
}

/** What one layer did. */
export function changeRows(root: ChangeNode): RowTree {
  return rowTree(
    root,
    () => true,
    (node): FileRow => {
      const { file, before, kind, broughtBytes, hiddenBytes } = node;
      const shown = file ?? before;
      const isFolder = isFolderLike(node);
      const bytes = kind === 'removed' ? hiddenBytes : broughtBytes;
      return {
        isFolder,
        hasChildren: hasChildren(node),
        ...(shown !== undefined && { file: shown }),
        ...(before !== undefined && { before }),
        change: isFolder && !isTold(node) ? 'within' : kind,
        sizeBytes: isFolder ? bytes : (shown?.sizeBytes ?? 0),
      };
    },
  );
}

/** A layer names the folders on the way to what it brings, with a new time or none. That is not worth a word. */
function isTold({ kind, file, before }: ChangeNode): boolean {
  if (kind !== 'same' && kind !== 'metadata') return true;
  return file?.mode !== before?.mode || file?.uid !== before?.uid || file?.gid !== before?.gid;
}

interface AnyNode<N> {
  readonly file?: TreeFile<unknown> | undefined;
  readonly children?: ReadonlyMap<string, N> | undefined;
}

function isFolderLike({ file, children }: AnyNode<unknown>): boolean {
  return children !== undefined || file?.type === 'directory';
}

function hasChildren({ children }: AnyNode<unknown>): boolean {
  return children !== undefined && children.size > 0;
}

function rowTree<N extends AnyNode<N>>(
  root: N,
  isShown: (node: N) => boolean,
  rowOf: (node: N) => FileRow,
): RowTree {
  return {
    async folder(path) {
      let node: N | undefined = root;
      for (const part of path.split('/').filter((one) => one !== '')) node = node?.children?.get(part);
      const children = node?.children;
      if (children === undefined) return undefined;
      const folders: string[] = [];
      const others: string[] = [];
      const pacer = new Pacer();
      for (const [name, child] of children) {
        if (isShown(child)) (isFolderLike(child) ? folders : others).push(name);
        if (pacer.isDue) await pacer.pause();
      }
      return {
        names: [...(await sortedNames(folders)), ...(await sortedNames(others))],
        row: (name) => {
          const child = children.get(name);
          if (child === undefined) throw new Error(`no ${name}`);
          return rowOf(child);
        },
      };
    },
  };
}
