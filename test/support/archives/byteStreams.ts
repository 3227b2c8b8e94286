import type { ArchiveSource } from '../../../src/core/archive/archive.ts';

/** Cuts `bytes` into chunks, as a socket or a file would. */
export async function* inChunks(bytes: Uint8Array, size = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

/** Everything a stream gives, in one piece. */
export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** An archive in memory. */
export function memorySource(bytes: Uint8Array, chunkBytes?: number): ArchiveSource {
  return { name: 'test.tar', sizeBytes: bytes.length, open: () => inChunks(bytes, chunkBytes) };
}
