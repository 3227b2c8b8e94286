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
  requireWholeData(file, { path, name });
  const range = { start: file.offset, end: file.offset + file.sizeBytes };
  const damaged = (reason: string): Error => failure('fileDamaged', { path, name, reason });
  yield* verified(readRange(store, file.layer.index, range, cancel), file, damaged);
}

export interface FileToRead {
  readonly file: TreeFile;
  readonly path: string;
}

/** What lies between two files is read over rather than jumped over when it is no more than a frame. */
const smallGapBytes = 4 << 20;

/** An entry of a tar. Its bytes must be read to their end before the next one is asked for. */
export interface ReadEntry<T> {
  readonly one: T;
  /** Its headers as they stand in the tar, those before the one that counts included. */
  readonly headers: Buffer;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/**
 * Many entries, those of each layer in the order of its tar, so that no frame is unpacked twice. The bytes of each fail
 * as those of {@link readFileData} do.
 */
export async function* readEntries<T extends FileToRead>(
  store: BlobReader,
  { files, name }: { readonly files: readonly T[]; readonly name: string },
  cancel: CancelOptions = {},
): AsyncGenerator<ReadEntry<T>, void, undefined> {
  const byLayer = Map.groupBy(files, ({ file }) => file.layer.index.digest);
  for (const ofLayer of byLayer.values())
    for (const run of runsOf(ofLayer.toSorted((a, b) => a.file.header - b.file.header))) {
      const [first] = run;
      if (first === undefined) continue;
      const range = { start: first.file.header, end: endOf(run) };
      const reader = new RangeReader(readRange(store, first.file.layer.index, range, cancel), range.start);
      try {
        for (const one of run) {
          const { file, path } = one;
          requireWholeData(file, { path, name });
          const headers: Uint8Array[] = [];
          for await (const piece of reader.take(file.header, file.offset - file.header)) headers.push(piece);
          const bytes = reader.take(file.offset, file.sizeBytes);
          const damaged = (reason: string): Error => failure('fileDamaged', { path, name, reason });
          yield { one, headers: Buffer.concat(headers), bytes: verified(bytes, file, damaged) };
        }
      } finally {
        await reader.close();
      }
    }
}

function endOf(run: readonly FileToRead[]): number {
  return Math.max(...run.slice(-1).map(({ file }) => file.offset + file.sizeBytes));
}

function runsOf<T extends FileToRead>(files: readonly T[]): readonly (readonly T[])[] {
  const runs: T[][] = [];
  let end = Number.NEGATIVE_INFINITY;
  for (const one of files) {
    const { header, offset, sizeBytes } = one.file;
    const last = runs.at(-1);
    if (last !== undefined && header >= end && header - end <= smallGapBytes) last.push(one);
    else runs.push([one]);
    end = offset + sizeBytes;
  }
  return runs;
}

/** Takes pieces out of a stream, each further on than the one before. */
export class RangeReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #held: Uint8Array = new Uint8Array(0);
  #at: number;

  constructor(chunks: AsyncIterable<Uint8Array>, start: number) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#at = start;
  }

  async *take(offset: number, sizeBytes: number): AsyncGenerator<Uint8Array, void, undefined> {
    const end = offset + sizeBytes;
    while (this.#at < end) {
      if (this.#held.length === 0) {
        const next = await this.#chunks.next();
        if (next.done === true) return;
        this.#held = next.value;
      }
      const wanted = this.#at < offset ? offset : end;
      const piece = this.#held.subarray(0, wanted - this.#at);
      this.#held = this.#held.subarray(piece.length);
      const isInside = this.#at >= offset;
      this.#at += piece.length;
      if (isInside) yield piece;
    }
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}

/** Throws `pathUnreadable` for a sparse entry, whose data in the tar is not the file's. */
export function requireWholeData({ isSparse }: TreeFile<unknown>, { path, name }: FileLabel): void {
  if (isSparse)
    throw failure('pathUnreadable', { path, name, reason: 'it is stored as a sparse file of tar' });
}

/** The same bytes; fails with what `damaged` makes at their end unless they are those that `file` states. */
export async function* verified(
  bytes: AsyncIterable<Uint8Array>,
  file: TreeFile<unknown>,
  damaged: (reason: string) => Error,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hasher = new Hasher();
  for await (const chunk of bytes) {
    hasher.update(chunk);
    yield chunk;
  }
  if (hasher.sizeBytes !== file.sizeBytes)
    throw damaged(`it has ${hasher.sizeBytes} bytes of the ${file.sizeBytes} stated`);
  const found = hexOf(hasher.digest());
  // What is no file has no digest, and no bytes.
  if (found === file.sha256 || (file.type !== 'file' && file.sizeBytes === 0)) return;
  throw damaged(`its digest is ${shortDigest(found)} where ${shortDigest(file.sha256 ?? 'none')} was noted`);
}
