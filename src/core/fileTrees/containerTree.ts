import type { Engine } from '../engine/engine.ts';
import type { ContainerDetails } from '../engine/records.ts';
import { DrydockError } from '../errors.ts';
import type { Operation } from '../progress.ts';
import { tarEntries } from '../volumes/tarEntries.ts';
import type { FileTree, FileTreeImage } from './fileTree.ts';
import { flatTree, type FlatNode } from './flatTree.ts';
import { readPicked, type OpenPart, type PartTar } from './pickedFile.ts';

export interface ContainerTreeInput {
  /** Its ID or a name. */
  readonly container: string;
  /** What it runs on, where that is known. */
  readonly image?: FileTreeImage;
}

/**
 * The whole root file system of a container, running or not, in one streaming pass with the hash of each file. As the
 * engine exports it: without what is mounted there, and what writes meanwhile is not stopped. Files are read from the
 * container when they are asked for, and must be as they were listed.
 *
 * Rejects with `engineNotFound`, `streamCut` (a file that got shorter meanwhile cuts the tar), `treeTooLarge`.
 */
export async function containerTree(
  { engine }: { readonly engine: Engine },
  { container, image }: ContainerTreeInput,
  operation: Operation,
): Promise<FileTree> {
  const details = await engine.containers.inspect(container, operation);
  const totalBytes = await imageBytes(engine, details, operation.signal);
  const root = await exportedTree(engine, details, totalBytes, operation);
  const open = containerParts(engine, details);
  return {
    name: details.name,
    kind: 'container',
    root,
    ...(image && { image }),
    read: (path, file, during) => readPicked(open, { path, file, name: details.name }, during),
  };
}

async function exportedTree(
  engine: Engine,
  { id, name }: ContainerDetails,
  totalBytes: number,
  { signal, progress }: Operation,
): Promise<FlatNode> {
  progress.report({ phase: 'preparing', item: name });
  const tar = await engine.containers.exportRootfs(id, { signal });
  let doneBytes = 0;
  async function* counted(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of tar as AsyncIterable<Uint8Array>) {
      signal.throwIfAborted();
      doneBytes += chunk.length;
      progress.report({
        phase: 'reading',
        item: name,
        doneBytes,
        ...(totalBytes > doneBytes && { totalBytes }),
      });
      yield chunk;
    }
  }
  try {
    return await flatTree({ entries: tarEntries(counted(), name), root: '', name }, signal);
  } finally {
    tar.destroy();
  }
}

/**
 * Parts of a container's root file system. What lies below a mount is in the export alone, and that has to be read
 * from its start.
 */
export function containerParts(engine: Engine, { id, mounts }: ContainerDetails): OpenPart {
  const isHidden = (path: string): boolean =>
    mounts.some(({ target }) => `/${path}/`.startsWith(`${target.replace(/\/+$/, '')}/`));
  return async (path, signal): Promise<PartTar> => {
    if (isHidden(path)) return { tar: await engine.containers.exportRootfs(id, { signal }), above: '' };
    const tar = await engine.containers.readArchive(id, `/${path}`, { signal });
    return { tar, above: path.slice(0, Math.max(0, path.lastIndexOf('/'))) };
  };
}

/** About as much as the export will have; 0 where the image was removed by force. */
export async function imageBytes(
  engine: Engine,
  { imageId }: ContainerDetails,
  signal: AbortSignal,
): Promise<number> {
  try {
    return (await engine.images.inspect(imageId, { signal })).sizeBytes;
  } catch (error) {
    if (error instanceof DrydockError && error.code === 'engineNotFound') return 0;
    throw error;
  }
}
