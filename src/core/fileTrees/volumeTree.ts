import type { Operation } from '../progress.ts';
import type { HelperDeps } from '../volumes/helperContainer.ts';
import { withOpenVolume, type OpenVolume } from '../volumes/openVolume.ts';
import { tarEntries } from '../volumes/tarEntries.ts';
import type { FileTree } from './fileTree.ts';
import { flatTree, type FlatNode } from './flatTree.ts';
import { readPicked, type OpenPart } from './pickedFile.ts';

/**
 * All files of a volume in one streaming pass with the hash of each, whether or not containers use it now; nothing is
 * stopped meanwhile. Files are read from the volume when they are asked for, and must be as they were listed.
 *
 * `deps`: `ownedHelpers` where no vault takes part. Rejects with `engineNotFound`, `volumeOwnersUnknown`, `streamCut`,
 * `treeTooLarge`.
 */
export async function volumeTree(
  deps: HelperDeps,
  { volume }: { readonly volume: string },
  operation: Operation,
): Promise<FileTree> {
  const toOpen = { kind: 'volume', name: volume, access: 'read' } as const;
  const root = await withOpenVolume(deps, toOpen, operation.signal, (open) => listed(open, operation));
  return {
    name: volume,
    kind: 'volume',
    root,
    read: async function* (path, file, during) {
      const held = await holdVolume(deps, volume, during.signal);
      try {
        yield* readPicked(volumeParts(held.open), { path, file, name: volume }, during);
      } finally {
        await held.release();
      }
    },
  };
}

/** Opens a volume until it is released, for what is read piece by piece. */
export async function holdVolume(
  deps: HelperDeps,
  name: string,
  signal: AbortSignal,
): Promise<{ readonly open: OpenVolume; readonly release: () => Promise<void> }> {
  const opened = Promise.withResolvers<OpenVolume>();
  const released = Promise.withResolvers<undefined>();
  const work = withOpenVolume(deps, { kind: 'volume', name, access: 'read' }, signal, async (open) => {
    opened.resolve(open);
    await released.promise;
  });
  work.catch(opened.reject);
  const open = await opened.promise;
  return {
    open,
    release: async () => {
      released.resolve(undefined);
      await work;
    },
  };
}

/** All that is in an open volume. */
export async function listed(open: OpenVolume, { signal, progress }: Operation): Promise<FlatNode> {
  const { name, root } = open;
  progress.report({ phase: 'preparing', item: name });
  const tar = await open.read(signal);
  let doneBytes = 0;
  async function* counted(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of tar as AsyncIterable<Uint8Array>) {
      signal.throwIfAborted();
      doneBytes += chunk.length;
      progress.report({ phase: 'reading', item: name, doneBytes });
      yield chunk;
    }
  }
  try {
    return await flatTree({ entries: tarEntries(counted(), name), root, name }, signal);
  } finally {
    tar.destroy();
  }
}

/** Parts of an open volume; an engine with archives of its own gives all of it. */
export function volumeParts(open: OpenVolume): OpenPart {
  return async (path, signal) => {
    if (open.readPath === undefined || path === '')
      return { tar: await open.read(signal), above: '', root: open.root };
    const tar = await open.readPath(path, signal);
    return { tar, above: path.slice(0, Math.max(0, path.lastIndexOf('/'))) };
  };
}
