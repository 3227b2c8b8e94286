import type { TreeFile, TreeNode } from '../layers/treeNode.ts';
import type { CancelOptions } from '../vault/blobStore.ts';

/** Files that can be brought to this disk, wherever they lie: in a snapshot, an image, a container, a volume. */
export interface FilesToExtract<L> {
  /** What failures call all of them. */
  readonly name: string;
  /** What is at `path`, with all that is below it; empty for everything. Rejects with `pathMissing`. */
  below(
    path: string,
    cancel: CancelOptions,
  ): Promise<{
    readonly entry: { readonly name: string; readonly path: string };
    readonly node: TreeNode<L>;
  }>;
  /** The bytes of one file, checked: they fail at their end unless they are those that the tree states. */
  read(file: TreeFile<L>, path: string, cancel: CancelOptions): AsyncIterable<Uint8Array>;
  /** Many files in whatever order is quickest, each once. Its bytes must be read before the next one is asked for. */
  readMany<T extends { readonly file: TreeFile<L>; readonly path: string }>(
    files: readonly T[],
    cancel: CancelOptions,
  ): AsyncIterable<{ readonly one: T; readonly bytes: AsyncIterable<Uint8Array> }>;
}
