import type { ArchiveSource } from '../archive/archive.ts';
import type { Engine } from '../engine/engine.ts';
import { DrydockError } from '../errors.ts';
import { partsOf } from '../layers/entryNames.ts';
import type { LayeredImage, LayerFiles, ReadFile, WantedFile } from '../layers/layeredImage.ts';
import { mergeLayers } from '../layers/mergeLayers.ts';
import { fileAt } from '../layers/treeNode.ts';
import type { Operation } from '../progress.ts';
import { currentProcess } from '../vault/processIdentity.ts';
import { readArchivedFiles } from './archivedFiles.ts';
import { makeImageContainer } from './imageContainer.ts';
import type { OpenPart } from './pickedFile.ts';
import { readManyPicked } from './pickedFiles.ts';

export interface EngineFilesInput {
  readonly engine: Engine;
  /** Its ID on the engine. */
  readonly id: string;
  readonly image: Pick<LayeredImage, 'name' | 'layers'>;
  /** The whole image as the engine saves it. */
  readonly saved: ArchiveSource;
  /** Which file of that holds the layer at a place; empty where that is not known. */
  readonly layerPath: (place: number) => string;
  /** Finds that out anew by one pass over all of it. */
  readonly findLayers: (operation: Operation) => Promise<(place: number) => string>;
}

/**
 * Files of an image that an engine has. 1. What a container of the image would see comes from one that is made for it
 * and never started, file by file. 2. What later layers hide, or the container lacks, comes from one pass over what the engine saves, which ends
 * as soon as the last of it is there. Whatever comes has the sha256 of the list, or fails at its end.
 */
export function engineFiles(input: EngineFilesInput): LayerFiles {
  return {
    async *read(wanted, operation) {
      for await (const { bytes } of readMany(input, [wanted], operation)) yield* bytes;
    },
    readMany: (files, operation) => readMany(input, files, operation),
  };
}

async function* readMany<T extends WantedFile>(
  input: EngineFilesInput,
  files: readonly T[],
  operation: Operation,
): AsyncGenerator<ReadFile<T>, void, undefined> {
  const { shown, hidden } = await whatIsShown(input, files, operation.signal);
  const absent: T[] = [];
  if (shown.length > 0) yield* readShown(input, { files: shown, absent }, operation);
  const rest = [...hidden, ...absent];
  if (rest.length > 0) yield* readHidden(input, rest, operation);
}

async function whatIsShown<T extends WantedFile>(
  { image: { name, layers } }: EngineFilesInput,
  files: readonly T[],
  signal: AbortSignal,
): Promise<{ readonly shown: readonly T[]; readonly hidden: readonly T[] }> {
  if (files.every(({ isShown }) => isShown === true)) return { shown: files, hidden: [] };
  const root = await mergeLayers({ name, layers: layers.map((layer) => layer.entries(signal)) }, undefined, {
    signal,
  });
  const { shown = [], hidden = [] } = Object.groupBy(files, ({ file, path, isShown }) => {
    const seen = fileAt(root, partsOf(path) ?? []);
    // Another layer may have the same bytes there.
    const isSame = seen?.type === 'file' && seen.sha256 !== undefined && seen.sha256 === file.sha256;
    return isShown === true || isSame ? 'shown' : 'hidden';
  });
  return { shown, hidden };
}

async function* readShown<T extends WantedFile>(
  { engine, id, image: { name } }: EngineFilesInput,
  { files, absent }: { readonly files: readonly T[]; readonly absent: T[] },
  operation: Operation,
): AsyncGenerator<ReadFile<T>, void, undefined> {
  const owner = await currentProcess();
  const container = await makeImageContainer({ engine, owner }, id, operation.signal);
  const open: OpenPart = async (path, signal) => ({
    tar: await engine.containers.readArchive(container.id, `/${path}`, { signal }),
    above: path.slice(0, Math.max(0, path.lastIndexOf('/'))),
  });
  try {
    for await (const { one, bytes } of readManyPicked(open, { files, name }, operation)) {
      const ahead = bytes[Symbol.asyncIterator]();
      const first = await firstOf(ahead);
      if (first === undefined) absent.push(one);
      else yield { one, bytes: joined(first, ahead) };
    }
  } finally {
    await container.remove();
  }
}

/**
 * Undefined where the container has no such file: a Podman fills the volumes that an image asks for when the container
 * starts, which this one never does.
 */
async function firstOf(bytes: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array> | undefined> {
  try {
    return await bytes.next();
  } catch (error) {
    if (error instanceof DrydockError && error.code === 'fileChanged') return undefined;
    throw error;
  }
}

async function* joined(
  first: IteratorResult<Uint8Array>,
  bytes: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for (let next = first; next.done !== true; next = await bytes.next()) yield next.value;
  } finally {
    await bytes.return?.();
  }
}

async function* readHidden<T extends WantedFile>(
  { saved, layerPath, findLayers }: EngineFilesInput,
  files: readonly T[],
  operation: Operation,
): AsyncGenerator<ReadFile<T>, void, undefined> {
  if (files.some(({ file }) => layerPath(file.layer.place) === '')) {
    yield* readArchivedFiles(saved, { files, layerPath: await findLayers(operation) }, operation);
    return;
  }
  const left = new Set(files);
  try {
    for await (const found of readArchivedFiles(saved, { files, layerPath }, operation)) {
      left.delete(found.one);
      yield found;
    }
  } catch (error) {
    // An engine that was updated since may name its files otherwise.
    if (!(error instanceof DrydockError && error.code === 'archiveMissing')) throw error;
    yield* readArchivedFiles(saved, { files: [...left], layerPath: await findLayers(operation) }, operation);
  }
}
