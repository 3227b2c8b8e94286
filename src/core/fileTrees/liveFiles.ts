import type { Engine } from '../engine/engine.ts';
import type { ContainerDetails, PathStat } from '../engine/records.ts';
import { failure } from '../errors.ts';
import { partsOf } from '../layers/entryNames.ts';
import type { Operation } from '../progress.ts';
import type { HelperDeps } from '../volumes/helperContainer.ts';
import { tarEntries } from '../volumes/tarEntries.ts';
import { containerChanges } from './containerChanges.ts';
import { containerTree } from './containerTree.ts';
import { flatTree } from './flatTree.ts';
import { entriesIn, Kept, overlaid, type LiveEntry, type LiveNode } from './liveTree.ts';
import { pickEntry, type OpenPart } from './pickedFile.ts';
import { holdVolume, volumeParts, volumeTree } from './volumeTree.ts';

/** A file as it is now. */
export interface LiveFile {
  readonly sizeBytes: number;
  readonly mode: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly data: AsyncIterable<Uint8Array>;
}

/** The files of a container or of a volume, folder by folder. */
export interface LiveFiles {
  readonly name: string;
  readonly kind: 'container' | 'volume';
  /**
   * What is in a folder, folders first; the root's path is empty. No engine lists a folder: the first list of a container takes
   * the list of its changes where its image is known, else a pass over all of its files, and so does that of a volume or
   * of what is mounted. Rejects with `pathMissing`, `pathIsNot`, `treeTooLarge`.
   */
  list(path: string, operation: Operation): Promise<readonly LiveEntry[]>;
  /** The next list is made anew. */
  refresh(): void;
  /** The tar of a path as it is now, with all that is in it. */
  readonly open: OpenPart;
}

/** As many as Linux follows. */
const maxLinks = 40;

/**
 * A file as it is now, as one item whose data is to be read before the reader goes on: it fails unless the engine sends
 * all of it. Links are followed inside the container; out of a volume none leads anywhere. Rejects with `fileChanged`
 * where there is nothing, with `pathIsNot` where it is no file, with `pathUnreadable`.
 */
export async function* liveFile(
  { open, name, kind }: LiveFiles,
  path: string,
  { signal }: { readonly signal: AbortSignal },
): AsyncGenerator<LiveFile, void, undefined> {
  const unreadable = (reason: string): Error => failure('pathUnreadable', { path: `/${path}`, name, reason });
  let at = path;
  for (let links = 0; links <= maxLinks; links++) {
    let target: string | undefined;
    for await (const { entry, data } of pickEntry(open, { path: at, name }, signal)) {
      const { type, sizeBytes, mode, mtime } = entry;
      if (type === 'symlink') target = entry.linkPath;
      else if (type !== 'file') throw failure('pathIsNot', { path: `/${path}`, name, kind: 'file' });
      else yield { sizeBytes, mode, mtime, data };
    }
    if (target === undefined) return;
    const next = linkedPath(kind, folderOf(at), target);
    if (next === undefined) throw unreadable('its link leads out of the volume');
    at = next;
  }
  throw unreadable('its links lead in a circle');
}

/** Where a link in a folder leads: in a container never above the root; out of a volume is undefined. */
function linkedPath(kind: LiveFiles['kind'], folder: string, target: string): string | undefined {
  const isVolume = kind === 'volume';
  if (isVolume && target.startsWith('/')) return undefined;
  const parts = target.startsWith('/') || folder === '' ? [] : folder.split('/');
  for (const part of target.split('/'))
    if (part === '..') {
      if (parts.pop() === undefined && isVolume) return undefined;
    } else if (part !== '' && part !== '.') parts.push(part);
  return parts.join('/');
}

export interface ContainerFilesDeps {
  readonly engine: Engine;
  /** All files of an image, where that takes no transfer. */
  readonly imageRoot?: (imageId: string) => Promise<LiveNode | undefined>;
}

/** The files of a container as a process in it sees them, with what is mounted; it need not run. */
export function containerFiles(
  { engine, imageRoot }: ContainerFilesDeps,
  { id, name }: { readonly id: string; readonly name: string },
): LiveFiles {
  const open: OpenPart = async (path, signal) => {
    const tar = await engine.containers.readArchive(id, `/${path}`, { signal });
    return { tar, above: folderOf(path) };
  };
  const whole = new Kept(async (operation) => {
    const details = await engine.containers.inspect(id, operation);
    const image = await imageRoot?.(details.imageId);
    const root: LiveNode =
      image === undefined
        ? (await containerTree({ engine }, { container: id }, operation)).root
        : (overlaid(image, (await containerChanges({ engine }, { container: id }, operation)).root) ?? {});
    return { targets: mountTargets(details), root };
  });
  const mounted = new Map<string, Kept<LiveNode>>();
  const mountTree = (target: string): Kept<LiveNode> => {
    const tree =
      mounted.get(target) ??
      new Kept<LiveNode>(async ({ signal }) => {
        const { tar } = await open(target, signal);
        try {
          return await flatTree({ entries: tarEntries(tar, name), root: nameOf(target), name }, signal);
        } finally {
          tar.destroy();
        }
      });
    mounted.set(target, tree);
    return tree;
  };
  return {
    name,
    kind: 'container',
    open,
    async list(path, operation) {
      const { targets, root } = await whole.get(operation);
      const target = targets.findLast((one) => path === one || path.startsWith(`${one}/`));
      const found =
        target === undefined
          ? entriesIn(root, path, { path, name })
          : entriesIn(await mountTree(target).get(operation), path.slice(target.length + 1), { path, name });
      const entries = new Map(found.map((entry) => [entry.name, entry]));
      for (const one of targets) {
        if (folderOf(one) !== path) continue;
        const stat = await engine.containers.statPath(id, `/${one}`, operation);
        if (stat !== undefined) entries.set(nameOf(one), mountEntry(stat, one));
      }
      return byName(entries.values());
    },
    refresh() {
      whole.forget();
      mounted.clear();
    },
  };
}

/** The files of a volume. `deps`: `ownedHelpers` where no vault takes part. */
export function volumeFiles(deps: HelperDeps, name: string): LiveFiles {
  const whole = new Kept((operation) => volumeTree(deps, { volume: name }, operation));
  return {
    name,
    kind: 'volume',
    async open(path, signal) {
      const { open, release } = await holdVolume(deps, name, signal);
      try {
        return { ...(await volumeParts(open)(path, signal)), release };
      } catch (error) {
        await release();
        throw error;
      }
    },
    list: async (path, operation) =>
      byName(entriesIn((await whole.get(operation)).root, path, { path, name })),
    refresh: () => {
      whole.forget();
    },
  };
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Those above come before those in them. */
function mountTargets({ mounts }: ContainerDetails): readonly string[] {
  const targets = mounts.map(({ target }) => (partsOf(target) ?? []).join('/'));
  return targets.filter((target) => target !== '').toSorted();
}

function mountEntry({ type, mode, sizeBytes, mtimeMs }: PathStat, path: string): LiveEntry {
  const size = type === 'file' ? sizeBytes : 0;
  return { name: nameOf(path), path, type, mode, sizeBytes: size, mtime: mtimeMs / 1000, isMount: true };
}

/** Folders first, as file views show them. */
function byName(entries: Iterable<LiveEntry>): readonly LiveEntry[] {
  const rank = ({ type }: LiveEntry): number => (type === 'directory' ? 0 : 1);
  return [...entries].sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}
