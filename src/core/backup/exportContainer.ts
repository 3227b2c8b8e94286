import { basename, dirname } from 'node:path';
import type { Compression } from '../archive/archive.ts';
import { compress } from '../archive/compress.ts';
import { decompressed } from '../archive/decompressed.ts';
import { TarScanner } from '../archive/tarScanner.ts';
import { Hasher, shortDigest, type Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import { DrydockError, failure } from '../errors.ts';
import { afterWriting, type GrowingFile } from '../files/growingFile.ts';
import { sweepLeftovers } from '../files/passingName.ts';
import { requireRoom } from '../files/requireRoom.ts';
import { writeDurably } from '../files/writeDurably.ts';
import type { Operation } from '../progress.ts';

export interface ExportInput {
  readonly containerId: string;
  readonly path: string;
  readonly compression: 'none' | 'gzip' | 'zstd';
  readonly replace: boolean;
}

/** A container's flattened root file system in a tar, read back and found equal to what the engine sent. */
export interface ExportedContainer {
  readonly path: string;
  /** Digest and size of the plain tar. */
  readonly digest: Digest;
  readonly plainBytes: number;
  readonly entries: number;
}

/**
 * Writes what `GET /containers/{id}/export` gives: the root file system in one tar, without volumes, tmpfs and
 * config. The stream must be a whole tar; the file is read back, unpacked and compared by digest.
 */
export async function exportContainer(
  deps: { readonly engine: Engine },
  input: ExportInput,
  operation: Operation,
): Promise<ExportedContainer> {
  const { signal, progress } = operation;
  const details = await deps.engine.containers.inspect(input.containerId, { signal });
  const { sizeBytes } = await deps.engine.images
    .inspect(details.imageId, { signal })
    .catch((error: unknown) => {
      // An image that was removed by force leaves its size unknown.
      if (error instanceof DrydockError && error.code === 'engineNotFound') return { sizeBytes: 0 };
      throw error;
    });
  const share = input.compression === 'none' ? 1 : 0.2;
  await requireRoom(dirname(input.path), Math.ceil(sizeBytes * share));
  progress.report({ phase: 'preparing', item: details.name });

  await sweepLeftovers(dirname(input.path));
  const sent = new MeasuredTar(details.name);
  const stream = await deps.engine.containers.exportRootfs(input.containerId, { signal });
  const bytes = sent.follow(stream, (doneBytes) => {
    progress.report({
      phase: 'reading',
      item: details.name,
      doneBytes,
      ...(sizeBytes > 0 ? { totalBytes: sizeBytes } : {}),
    });
  });
  let digest: Digest | undefined;
  try {
    await writeDurably(
      {
        path: input.path,
        replace: input.replace,
        bytes: compress(bytes, input.compression, { signal }),
        check: async (written) => {
          const found = await digestOfTar(written, input, operation);
          digest = sent.digest();
          if (found === digest) return;
          throw failure('verifyMismatch', {
            name: basename(input.path),
            expected: shortDigest(digest),
            found: shortDigest(found),
          });
        },
      },
      signal,
    );
  } finally {
    // A write that failed before or between two pieces leaves the stream open otherwise.
    stream.destroy();
  }
  if (digest === undefined) throw failure('unexpected', { reason: 'the export was not read back' });
  return { path: input.path, digest, plainBytes: sent.sizeBytes, entries: sent.entries };
}

/** Follows a tar as it passes: counts, hashes, and fails where it is not whole. */
class MeasuredTar {
  readonly #scanner: TarScanner;
  readonly #hasher = new Hasher();
  entries = 0;

  constructor(name: string) {
    this.#scanner = new TarScanner(name);
  }

  get sizeBytes(): number {
    return this.#hasher.sizeBytes;
  }

  digest(): Digest {
    return this.#hasher.digest();
  }

  async *follow(
    bytes: AsyncIterable<Uint8Array>,
    onBytes: (done: number) => void,
  ): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      for (const event of this.#scanner.push(chunk)) if (event.kind === 'entry') this.entries += 1;
      this.#hasher.update(chunk);
      onBytes(this.#hasher.sizeBytes);
      yield chunk;
    }
    this.#scanner.finish();
  }
}

/** Reads the file back and unpacks it, from its first byte to its last. */
async function digestOfTar(
  written: GrowingFile,
  input: ExportInput,
  { signal, progress }: Operation,
): Promise<Digest> {
  const kind: Compression = input.compression;
  const checking = afterWriting(written, progress);
  const hasher = new Hasher();
  for await (const chunk of decompressed(written.open(signal), kind, {
    name: basename(input.path),
    signal,
  })) {
    hasher.update(chunk);
    checking.report({ phase: 'checking', doneBytes: hasher.sizeBytes });
  }
  return hasher.digest();
}
