import { snapshotImages } from '../layers/snapshotImages.ts';
import type { SnapshotContents } from '../snapshot/snapshot.ts';
import { RootFiles } from '../snapshotFiles/rootFiles.ts';
import { snapshotRoots } from '../snapshotFiles/snapshotRoots.ts';
import type { BlobReader, CancelOptions } from '../vault/blobStore.ts';
import type { TreeFile } from '../layers/treeNode.ts';
import { failure } from '../errors.ts';
import { imageTrees, type TreeToOpen } from './treeToOpen.ts';

/**
 * Every file system of a snapshot: its containers and images with their layers, its volumes and folders. No layer is
 * read. Rejects with `blobMissing`, `blobDamaged`, `badJson`.
 */
export async function snapshotTrees(
  store: BlobReader,
  contents: SnapshotContents,
  cancel: CancelOptions = {},
): Promise<readonly TreeToOpen[]> {
  const images = await snapshotImages(store, contents, cancel);
  const others = snapshotRoots(contents).filter(({ kind }) => kind === 'volume' || kind === 'bind');
  const volumes = others.map((root): TreeToOpen => {
    const files = new RootFiles(store, root);
    const { name } = root;
    const kind = root.kind === 'volume' ? 'volume' : 'folder';
    return {
      name,
      kind,
      open: async (signal) => ({
        name,
        kind,
        root: await files.loadAll({ signal }),
        async *read(path, file, { signal: reading }) {
          if (!isStored(file))
            throw failure('pathUnreadable', { path: `/${path}`, name, reason: 'it is no file of this tree' });
          yield* files.read(file, path, { signal: reading });
        },
      }),
    };
  });
  return [...imageTrees(images), ...volumes];
}

function isStored(file: TreeFile<unknown>): file is TreeFile {
  return typeof file.layer === 'object' && file.layer !== null && 'index' in file.layer;
}
