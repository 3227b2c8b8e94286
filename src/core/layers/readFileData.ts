import { hexOf, Hasher, shortDigest } from '../digest.ts';
import { failure } from '../errors.ts';
import type { BlobReader, CancelOptions } from '../vault/blobStore.ts';
import { readRange } from '../vault/frames.ts';
import type { TreeFile } from './treeNode.ts';

/** What failures say: the file, and what it is a part of. */
export interface FileLabel {
  readonly path: string;
  readonly name: string;
}

/**
 * The bytes of a file, unpacked from the frames that hold them and no others. Fails with `fileDamaged` at its end
 * unless they had the sha256 that was noted when the layer was stored. Throws `pathUnreadable` for a sparse entry,
 * whose data in the tar is not the file's. Engines write none; tools that build images may.
 */
export async function* readFileData(
  store: BlobReader,
  file: TreeFile,
  { path, name }: FileLabel,
  cancel: CancelOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  if (file.isSparse)
    throw failure('pathUnreadable', { path, name, reason: 'it is stored as a sparse file of tar' });
  const hasher = new Hasher();
  const range = { start: file.offset, end: file.offset + file.sizeBytes };
  for await (const chunk of readRange(store, file.layer.index, range, cancel)) {
    hasher.update(chunk);
    yield chunk;
  }
  if (hasher.sizeBytes !== file.sizeBytes)
    throw failure('fileDamaged', {
      path,
      name,
      reason: `it has ${hasher.sizeBytes} bytes of the ${file.sizeBytes} stated`,
    });
  const found = hexOf(hasher.digest());
  if (found === file.sha256) return;
  throw failure('fileDamaged', {
    path,
    name,
    reason: `its digest is ${shortDigest(found)} where ${shortDigest(file.sha256 ?? 'none')} was noted`,
  });
}
