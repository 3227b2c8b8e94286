import { failure } from '../errors.ts';
import type { LayerCompression } from '../oci/mediaTypes.ts';
import { compressionOf, magicBytes } from './decompressed.ts';

/**
 * How the bytes of a layer are packed, as their start tells, and the same bytes from their start. Rejects with
 * `archiveUnsupported` for what no layer of OCI is packed with, and with what `data` threw.
 */
export async function sniffed(
  data: AsyncGenerator<Uint8Array, void, undefined>,
  name: string,
): Promise<{ readonly compression: LayerCompression; readonly bytes: AsyncIterable<Uint8Array> }> {
  let head = Buffer.alloc(0);
  let isEnd = false;
  while (head.length < magicBytes && !isEnd) {
    const next = await data.next();
    if (next.done === true) isEnd = true;
    else head = Buffer.concat([head, next.value]);
  }
  const compression = compressionOf(head);
  if (compression === 'xz' || compression === 'bzip2')
    throw failure('archiveUnsupported', { name, what: compression });
  const bytes = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    yield head;
    yield* data;
  };
  return { compression, bytes: bytes() };
}
