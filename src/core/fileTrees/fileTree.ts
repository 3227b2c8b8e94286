import type { Digest } from '../digest.ts';
import type { ReadFile } from '../layers/layeredImage.ts';
import type { TreeFile, TreeNode } from '../layers/treeNode.ts';
import type { ImageConfig } from '../oci/manifest.ts';
import type { Operation } from '../progress.ts';

/** What a tree of files is of. `layers` are some layers of an image without those below them. */
export type FileTreeKind = 'image' | 'layers' | 'container' | 'changes' | 'volume' | 'archive' | 'folder';

/** The image that a tree of files is of, or that a container runs on. */
export interface FileTreeImage {
  readonly configDigest: Digest;
  readonly config: ImageConfig;
  /** Bottom first. */
  readonly diffIds: readonly Digest[];
}

/** Files, wherever they lie: one shape for all that can be looked into, searched and compared. */
export interface FileTree {
  /** What people call it: `app:1.4`, `app:1.4, layer 3`, `volume data`. */
  readonly name: string;
  readonly kind: FileTreeKind;
  /** Of `layers` and `changes`, names that were taken away are in it too; `isThere` tells. */
  readonly root: TreeNode<unknown>;
  readonly image?: FileTreeImage;
  /**
   * The bytes of a file of this tree; `path` as `entryNames.ts` writes paths. They are checked: the stream fails at its
   * end unless they have the sha256 that the tree states, with `fileDamaged` where they come from a vault and with
   * `fileChanged` elsewhere. Rejects with `pathUnreadable`.
   */
  read(path: string, file: TreeFile<unknown>, operation: Operation): AsyncIterable<Uint8Array>;
  /** Many files in whatever order is quickest, where that is quicker than one after another. */
  readMany?<T extends { readonly path: string; readonly file: TreeFile<unknown> }>(
    files: readonly T[],
    operation: Operation,
  ): AsyncIterable<ReadFile<T>>;
}
