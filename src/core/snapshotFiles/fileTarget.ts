import type { Readable } from 'node:stream';
import type { TarEntry } from '../archive/tarHeader.ts';
import { readTar } from '../archive/tarReader.ts';
import type { Engine } from '../engine/engine.ts';
import { sendWhole } from '../engine/sendWhole.ts';
import { DrydockError, failure, reasonOf } from '../errors.ts';
import { exactPath, partsOf } from '../layers/entryNames.ts';
import type { TreeFile } from '../layers/treeNode.ts';
import type { LayerEntry } from '../vault/layerEntry.ts';
import type { HelperDeps } from '../volumes/helperContainer.ts';
import { withOpenVolume, type OpenVolume } from '../volumes/openVolume.ts';
import { tarEntries } from '../volumes/tarEntries.ts';
import { joined } from './rootFiles.ts';

/** A folder of a container, running or not, or of a volume. */
export interface TargetFolder {
  readonly kind: 'container' | 'volume';
  readonly name: string;
  /** It must be there. */
  readonly folder: string;
}

/** A folder of an engine's that files can be put into. */
export interface FileTarget {
  readonly name: string;
  /** Whose the folder is. */
  readonly owner: { readonly uid: number; readonly gid: number };
  /** What the names of the tar start with that is to be written. */
  readonly prefix: string;
  /** What is in the folder under a name, with paths below that, empty for itself; nothing where it is not there. */
  look(child: string, signal: AbortSignal): Promise<ReadonlyMap<string, LayerEntry>>;
  /** Unpacks a tar; nothing goes but what stands in the way. */
  write(tar: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void>;
}

/**
 * Does `work` with a folder. Rejects with `pathMissing`, `pathIsNot`, `engineNotFound`, and with `putBackDenied`,
 * `volumeOwnersUnknown` where the engine would lose whose the files are.
 */
export async function withFileTarget<T>(
  deps: HelperDeps,
  { kind, name, folder }: TargetFolder,
  signal: AbortSignal,
  work: (target: FileTarget) => Promise<T>,
): Promise<T> {
  const parts = partsOf(folder);
  // Where `..` leads links decide, and only the engine knows those.
  if (parts === undefined) throw failure('pathMissing', { path: folder, name });
  const path = parts.join('/');
  if (kind === 'container') return await work(await containerTarget(deps.engine, { name, path }, signal));
  const toOpen = { kind: 'volume', name, access: 'write' } as const;
  return await withOpenVolume(deps, toOpen, signal, async (open) =>
    work(await volumeTarget(open, path, signal)),
  );
}

interface Place {
  readonly name: string;
  readonly path: string;
}

async function containerTarget(
  engine: Engine,
  { name, path }: Place,
  signal: AbortSignal,
): Promise<FileTarget> {
  // A Podman gives all files of a container to root, when it hands them out and when it takes them.
  if ((await engine.info({ signal })).product === 'podman') throw failure('putBackDenied', { name });
  const { containers } = engine;
  const found = await containers.statPath(name, `/${path}`, { signal });
  if (found === undefined) throw failure('pathMissing', { path: `/${path}`, name });
  if (found.type !== 'directory') throw failure('pathIsNot', { path: `/${path}`, name, kind: 'folder' });
  return {
    name,
    owner: await ownerIn(await containers.readArchive(name, `/${path}`, { signal }), name),
    prefix: path,
    look: async (child, cancel) => {
      const place = joined(path, child);
      if ((await containers.statPath(name, `/${place}`, { signal: cancel })) === undefined) return new Map();
      return listed(await containers.readArchive(name, `/${place}`, { signal: cancel }), child);
    },
    // Into `/`: engines refuse links that lead out of the folder which they unpack into.
    write: (tar, cancel) =>
      sendWhole(tar, cancel, (bytes, cut) => containers.writeArchive(name, '/', bytes, { signal: cut })),
  };
}

async function volumeTarget(open: OpenVolume, path: string, signal: AbortSignal): Promise<FileTarget> {
  const { name, readPath } = open;
  const root = open.root.replace(/\/$/, '');
  const look = async (child: string, cancel: AbortSignal): Promise<ReadonlyMap<string, LayerEntry>> => {
    const place = joined(path, child);
    if (readPath === undefined) return listed(await open.read(cancel), joined(root, place));
    try {
      return await listed(await readPath(place, cancel), child);
    } catch (error) {
      if (error instanceof DrydockError && error.code === 'engineNotFound') return new Map();
      throw error;
    }
  };
  const found = path === '' ? undefined : await folderIn(open, path, signal);
  if (path !== '' && found?.type !== 'directory')
    throw failure(found === undefined ? 'pathMissing' : 'pathIsNot', {
      path: `/${path}`,
      name,
      kind: 'folder',
    });
  const owner =
    found ?? (open.hasRootEntry ? await ownerIn(await open.read(signal), name) : { uid: 0, gid: 0 });
  return {
    name,
    owner: { uid: owner.uid, gid: owner.gid },
    prefix: joined(root, path),
    look,
    write: (tar, cancel) => open.write(tar, cancel),
  };
}

/** What the path of a folder is; nothing of what is in it is read where that can be helped. */
async function folderIn(open: OpenVolume, path: string, signal: AbortSignal): Promise<TarEntry | undefined> {
  const parts = open.readPath === undefined ? path : (path.split('/').at(-1) ?? '');
  try {
    const tar = await (open.readPath?.(path, signal) ?? open.read(signal));
    try {
      for await (const { entry } of readTar(tar, open.name))
        if ((partsOf(entry.path) ?? []).join('/') === parts) return entry;
    } finally {
      tar.destroy();
    }
  } catch (error) {
    if (!(error instanceof DrydockError && error.code === 'engineNotFound')) throw error;
  }
  return undefined;
}

/** Whose the folder is that a tar begins with. */
async function ownerIn(tar: Readable, name: string): Promise<FileTarget['owner']> {
  try {
    for await (const { entry } of readTar(tar, name)) return { uid: entry.uid, gid: entry.gid };
  } finally {
    tar.destroy();
  }
  throw failure('volumeUnreadable', { name });
}

/** The entries of a tar at `at` and below it, by their path from there. */
async function listed(tar: AsyncIterable<Uint8Array>, at: string): Promise<Map<string, LayerEntry>> {
  const found = new Map<string, LayerEntry>();
  const above = partsOf(at) ?? [];
  const below = (path: string): string | undefined => {
    const parts = partsOf(path);
    if (parts === undefined || !above.every((part, place) => parts[place] === part)) return undefined;
    return parts.slice(above.length).join('/');
  };
  for await (const entry of tarEntries(tar, at)) {
    const path = below(exactPath(entry));
    if (path === undefined) continue;
    const linked = entry.type === 'hardlink' ? below(entry.link ?? '') : undefined;
    found.set(path, (linked === undefined ? undefined : found.get(linked)) ?? entry);
  }
  return found;
}

/**
 * What to say of a failure after which some of `names` may be in a folder. What came before it stays; that is said, and
 * not passed over as cancelled.
 */
export async function cutError(error: unknown, open: FileTarget, names: readonly string[]): Promise<unknown> {
  // These say so themselves.
  if (error instanceof DrydockError && ['uploadDiffers', 'putBackDiffers'].includes(error.code)) return error;
  const { signal } = new AbortController();
  for (const name of names) {
    // What can't be looked at may be there.
    const there = await open.look(name, signal).catch(() => undefined);
    if (there?.size !== 0)
      return failure('uploadCut', { name: open.name, path: name, reason: reasonOf(error) }, error);
  }
  return error;
}

/** The only extended attribute that engines hand out; they take all, and nobody sees what became of the others. */
const seenXattr = 'security.capability';

/** In what an entry is not as a file should be, in words; empty where it is. Times count to the second. */
export function entryDiffers(
  file: Omit<TreeFile<unknown>, 'header' | 'offset' | 'layer' | 'isSparse'>,
  found: LayerEntry,
): string {
  const isLink = file.type === 'symlink';
  const checks: readonly (readonly [string, boolean])[] = [
    ['type', file.type === found.type],
    ['mode', isLink || file.mode === found.mode],
    ['owner', file.uid === found.uid && file.gid === found.gid],
    ['size', file.sizeBytes === found.size],
    ['data', file.type !== 'file' || file.sha256 === found.sha256],
    ['time', Math.floor(file.mtime) === Math.floor(found.mtime)],
    ['link', !isLink || file.link === found.link],
    ['device', file.device?.join() === found.device?.join()],
    ['capability', file.xattrs?.[seenXattr] === found.xattrs?.[seenXattr]],
  ];
  return checks.flatMap(([what, isSame]) => (isSame ? [] : [what])).join(', ');
}
