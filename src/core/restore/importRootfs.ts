import { basename } from 'node:path';
import { decompressed, detectCompression } from '../archive/decompressed.ts';
import { fileSource } from '../archive/fileSource.ts';
import { TarScanner } from '../archive/tarScanner.ts';
import type { Compression } from '../archive/archive.ts';
import { Hasher, type Digest } from '../digest.ts';
import { requireChange } from '../engine/commitInstructions.ts';
import type { Engine } from '../engine/engine.ts';
import { keepOnlyIf } from '../engine/keepOnlyIf.ts';
import { sendWhole } from '../engine/sendWhole.ts';
import { failure } from '../errors.ts';
import { familiarName, parseImageName } from '../oci/imageName.ts';
import type { Operation } from '../progress.ts';

export interface ImportInput {
  readonly path: string;
  /** `repository:tag` for the new image. */
  readonly name?: string;
  readonly message?: string;
  readonly changes?: readonly string[];
}

export interface ImportedImage {
  readonly id: Digest;
  readonly name?: string;
  readonly entries: number;
  readonly plainBytes: number;
}

/** What a first pass over a root file system's tar found. */
interface Rootfs {
  readonly compression: Compression;
  readonly diffId: Digest;
  readonly entries: number;
  readonly plainBytes: number;
}

/**
 * Makes an image out of a root file system's tar, plain or compressed in any way that Drydock reads. The tar is
 * read to its end before the engine sees a byte, and the new image's layer must have the digest that was read.
 * It gets its name after that, so a failure moves no tag.
 */
export async function importRootfs(
  deps: { readonly engine: Engine },
  input: ImportInput,
  operation: Operation,
): Promise<ImportedImage> {
  const { signal, progress } = operation;
  for (const change of input.changes ?? []) requireChange(change);
  const name = input.name === undefined ? undefined : familiarName(parseImageName(input.name));
  const rootfs = await scanRootfs(input.path, operation);
  const { images } = deps.engine;
  const id = await sendWhole(sendRootfs(input.path, rootfs, operation), signal, (tar, untilWhole) =>
    images.importRootfs(
      tar,
      {
        ...(input.message === undefined ? {} : { message: input.message }),
        ...(input.changes === undefined ? {} : { changes: input.changes }),
      },
      { signal: untilWhole },
    ),
  );
  await keepOnlyIf(images, { id, name }, signal, async () => {
    progress.report({ phase: 'checking' });
    const { diffIds } = await images.inspect(id, { signal });
    if (diffIds.length !== 1 || diffIds[0] !== rootfs.diffId) {
      throw failure('loadMismatch', {
        name: name ?? basename(input.path),
        reason: 'its layer is not the file’s content',
      });
    }
  });
  return {
    id,
    entries: rootfs.entries,
    plainBytes: rootfs.plainBytes,
    ...(name === undefined ? {} : { name }),
  };
}

async function scanRootfs(path: string, { signal, progress }: Operation): Promise<Rootfs> {
  const source = fileSource(path);
  const compression = await detectCompression(source, signal);
  const scanner = new TarScanner(source.name);
  const hasher = new Hasher();
  let entries = 0;
  for await (const chunk of decompressed(source.open(signal), compression, { name: source.name, signal })) {
    for (const event of scanner.push(chunk)) if (event.kind === 'entry') entries += 1;
    hasher.update(chunk);
    progress.report({ phase: 'checking', item: source.name, doneBytes: hasher.sizeBytes });
  }
  scanner.finish();
  if (entries === 0) throw failure('rootfsEmpty', { name: source.name });
  return { compression, entries, plainBytes: hasher.sizeBytes, diffId: hasher.digest() };
}

async function* sendRootfs(
  path: string,
  rootfs: Rootfs,
  { signal, progress }: Operation,
): AsyncGenerator<Uint8Array> {
  const source = fileSource(path);
  const hasher = new Hasher();
  for await (const chunk of decompressed(source.open(signal), rootfs.compression, {
    name: source.name,
    signal,
  })) {
    hasher.update(chunk);
    yield chunk;
    progress.report({
      phase: 'sending',
      item: source.name,
      doneBytes: hasher.sizeBytes,
      totalBytes: rootfs.plainBytes,
    });
  }
  if (hasher.digest() !== rootfs.diffId) throw failure('archiveChanged', { name: source.name });
}
