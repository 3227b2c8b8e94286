/** Small layers of tests, given as lists of what is in them. */
import { tarEnd, tarHeader, tarPadding, type TarEntryToWrite } from '../../src/core/archive/tarWriter.ts';
import type { BlobWriter } from '../../src/core/vault/blobStore.ts';
import type { LayerIndex } from '../../src/core/vault/layerIndex.ts';
import { writeLayer } from '../../src/core/vault/writeLayer.ts';
import { inChunks } from './archives/byteStreams.ts';

/** `[path]` is a file with its path for content, `[path/]` a folder; the second is a file's content, or more. */
export type Given = readonly [path: string, more?: string | Omit<TarEntryToWrite, 'path'>];

export function tarOf(given: readonly Given[]): Buffer {
  return Buffer.concat([...given.flatMap(entryBytes), tarEnd]);
}

export async function layerOf(
  store: BlobWriter,
  given: readonly Given[] | Uint8Array,
): Promise<{ readonly index: LayerIndex }> {
  const bytes = inChunks(given instanceof Uint8Array ? given : tarOf(given));
  const { index } = await writeLayer(store, { bytes, name: 'layer', compression: 'zstd' });
  return { index };
}

function entryBytes([path, more = path]: Given): readonly Uint8Array[] {
  if (typeof more !== 'string') return [tarHeader({ path, ...more })];
  if (path.endsWith('/')) return [tarHeader({ path, type: 'directory' })];
  const data = Buffer.from(more);
  return [tarHeader({ path, sizeBytes: data.length }), data, tarPadding(data.length)];
}
