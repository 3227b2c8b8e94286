/** Trees of files for tests of comparisons, given as lists of entries. */
import { createHash } from 'node:crypto';
import type { FileTree, FileTreeImage } from '../../src/core/fileTrees/fileTree.ts';
import { partsOf } from '../../src/core/layers/entryNames.ts';
import { placeFile, TreeGrower, type TreeFile, type TreeNode } from '../../src/core/layers/treeNode.ts';

export type PlainFile = Partial<Omit<TreeFile<unknown>, 'link'>> & {
  /** Of a symlink. */
  readonly target?: string;
  /** A file's bytes; `file` is the type of what has some. */
  readonly data?: string | Uint8Array;
  /** Another name of the file at this path, which was given before. */
  readonly same?: string;
};

/** `path/` is a folder, anything else a file with its own name as its bytes unless more is said. */
export function plainTree(
  given: Readonly<Record<string, PlainFile | string>>,
  more: Partial<Pick<FileTree, 'name' | 'kind'>> & { readonly image?: FileTreeImage } = {},
): FileTree {
  const root: TreeNode<unknown> = { children: new Map(), hidesLower: false };
  const grower = new TreeGrower(1_000_000, () => new Error('too many'));
  const files = new Map<string, TreeFile<unknown>>();
  const contents = new Map<string, Uint8Array>();
  for (const [path, what] of Object.entries(given)) {
    const parts = partsOf(path) ?? [];
    const { data, same, target, ...facts }: PlainFile = typeof what === 'string' ? { data: what } : what;
    const type = facts.type ?? (path.endsWith('/') ? 'directory' : 'file');
    const bytes = type === 'file' ? Buffer.from(data ?? path) : Buffer.alloc(0);
    const known = same === undefined ? undefined : files.get(same);
    const file: TreeFile<unknown> = known ?? {
      type,
      mode: type === 'directory' ? 0o755 : 0o644,
      uid: 0,
      gid: 0,
      sizeBytes: bytes.length,
      mtime: 0,
      isSparse: false,
      header: 0,
      offset: 0,
      layer: undefined,
      ...(type === 'file' && { sha256: createHash('sha256').update(bytes).digest('hex') }),
      ...(target !== undefined && { link: target }),
      ...facts,
    };
    placeFile(grower.at(root, parts), file);
    files.set(path, file);
    contents.set(parts.join('/'), bytes);
  }
  return {
    name: 'tree',
    kind: 'image',
    root,
    ...more,
    async *read(path) {
      await Promise.resolve();
      const bytes = contents.get(path);
      if (bytes === undefined) throw new Error(`nothing at ${path}`);
      yield bytes;
    },
  };
}
