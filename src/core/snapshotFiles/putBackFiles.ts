import type { Engine } from '../engine/engine.ts';
import { sendWhole } from '../engine/sendWhole.ts';
import { failure } from '../errors.ts';
import { exactPath, partsOf } from '../layers/entryNames.ts';
import type { TreeFile } from '../layers/treeNode.ts';
import type { Operation } from '../progress.ts';
import type { LayerEntry } from '../vault/layerEntry.ts';
import type { VolumeDeps } from '../volumes/helperContainer.ts';
import { withOpenVolume } from '../volumes/openVolume.ts';
import { tarEntries } from '../volumes/tarEntries.ts';
import { planExtract, type ExtractPlan, type LeftOut } from './extractPlan.ts';
import { putBackTar } from './putBackTar.ts';
import { joined, type RootFiles } from './rootFiles.ts';

export interface PutBackInput {
  readonly files: RootFiles;
  /** A file or a folder of the snapshot; not a root as a whole, which is what a restore is for. */
  readonly path: string;
  readonly target: {
    readonly kind: 'container' | 'volume';
    readonly name: string;
    /** The folder that gets it under its own name; it must be there. */
    readonly folder: string;
  };
  /** Whether files of the same names may be overwritten. Files of other names stay, and no folder becomes a file. */
  readonly replace: boolean;
}

export interface PutBackResult {
  readonly fileCount: number;
  readonly sizeBytes: number;
  readonly left: readonly LeftOut[];
}

/** Something of an engine that files can be put into. */
interface Target {
  readonly name: string;
  /** What is at the place now, with paths below it, empty for itself; nothing where it is not there. */
  look(signal: AbortSignal): Promise<ReadonlyMap<string, LayerEntry>>;
  write(tar: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void>;
  /** What names in the tar start with. */
  readonly prefix: string;
}

/**
 * Puts files of a snapshot back into a container, running or not, or into a volume: 1. read and check all of them in
 * the vault, 2. look at what is there, 3. send them as one tar, 4. read it back and compare every entry.
 *
 * Rejects with `pathMissing`, `pathIsNot`, `fileDamaged`, `fileExists` (a name is taken, or by another type) before
 * anything was written, and with `putBackDiffers` or what the engine rejects with after.
 */
export async function putBackFiles(
  deps: VolumeDeps,
  input: PutBackInput,
  operation: Operation,
): Promise<PutBackResult> {
  const { files, path, target } = input;
  const signal = AbortSignal.any([deps.session.signal, operation.signal]);
  const { entry, node } = await files.below(path, { signal });
  const { name } = files.root;
  if (entry.name === '')
    throw failure('pathUnreadable', { path: '/', name, reason: 'restore it as a whole' });
  const plan = planExtract(node, {
    isCaseBlind: false,
    takesRawNames: true,
    takesSpecials: true,
    takesXattrs: true,
    isBadName: () => false,
    name,
  });
  if (plan.folders.length + plan.files.length + plan.symlinks.length + plan.specials.length === 0)
    throw failure('pathUnreadable', { path: `/${path}`, name, reason: 'its data can’t be read on its own' });
  await readAll(files, plan, { ...operation, signal });
  const send = async (open: Target): Promise<void> => {
    requireFree(plan, await open.look(signal), { ...input, name: joined(target.folder, entry.name) });
    operation.progress.report({ phase: 'sending', item: entry.name, totalBytes: plan.sizeBytes });
    await open.write(putBackTar(files, plan, open.prefix, { signal }), signal);
    signal.throwIfAborted();
    operation.progress.report({ phase: 'checking', item: entry.name });
    requireSame(plan, await open.look(signal), open.name);
  };
  if (target.kind === 'container') await send(await containerTarget(deps.engine, input, entry.name, signal));
  else await withVolumeTarget(deps, input, entry.name, signal, send);
  return {
    fileCount: plan.files.length + plan.links.length + plan.symlinks.length + plan.specials.length,
    sizeBytes: plan.sizeBytes,
    left: plan.left,
  };
}

async function readAll(files: RootFiles, plan: ExtractPlan, { signal, progress }: Operation): Promise<void> {
  let doneBytes = 0;
  for await (const { one, bytes } of files.readMany(plan.files, { signal }))
    for await (const piece of bytes) {
      doneBytes += piece.length;
      progress.report({ phase: 'checking', item: one.path, doneBytes, totalBytes: plan.sizeBytes });
    }
}

async function containerTarget(
  engine: Engine,
  { target }: PutBackInput,
  name: string,
  signal: AbortSignal,
): Promise<Target> {
  // A Podman gives all files of a container to root, when it hands them out and when it takes them.
  if ((await engine.info({ signal })).product === 'podman')
    throw failure('putBackDenied', { name: target.name });
  const { containers } = engine;
  const folder = (partsOf(target.folder) ?? []).join('/');
  const found = await containers.statPath(target.name, `/${folder}`, { signal });
  if (found === undefined) throw failure('pathMissing', { path: `/${folder}`, name: target.name });
  if (found.type !== 'directory')
    throw failure('pathIsNot', { path: `/${folder}`, name: target.name, kind: 'folder' });
  const prefix = joined(folder, name);
  return {
    name: target.name,
    prefix,
    look: async (cancel) => {
      if ((await containers.statPath(target.name, `/${prefix}`, { signal: cancel })) === undefined)
        return new Map();
      return listed(await containers.readArchive(target.name, `/${prefix}`, { signal: cancel }), name);
    },
    // Into `/`: engines refuse links that lead out of the folder which they unpack into.
    write: (tar, cancel) =>
      sendWhole(tar, cancel, (bytes, cut) =>
        containers.writeArchive(target.name, '/', bytes, { signal: cut }),
      ),
  };
}

function withVolumeTarget(
  deps: VolumeDeps,
  { target }: PutBackInput,
  name: string,
  signal: AbortSignal,
  send: (target: Target) => Promise<void>,
): Promise<void> {
  const toOpen = { kind: 'volume', name: target.name, access: 'write' } as const;
  return withOpenVolume(deps, toOpen, signal, async (open) => {
    const folder = (partsOf(target.folder) ?? []).join('/');
    const root = open.root.replace(/\/$/, '');
    const all = await listed(await open.read(signal), root);
    if (folder !== '' && all.get(folder)?.type !== 'directory')
      throw failure('pathMissing', { path: `/${folder}`, name: target.name });
    const prefix = joined(joined(root, folder), name);
    await send({
      name: target.name,
      prefix,
      look: async (cancel) => listed(await open.read(cancel), prefix),
      write: (tar, cancel) => open.write(tar, cancel),
    });
  });
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

function requireFree(
  plan: ExtractPlan,
  there: ReadonlyMap<string, LayerEntry>,
  { replace, name }: { readonly replace: boolean; readonly name: string },
): void {
  if (there.size === 0) return;
  if (!replace) throw failure('fileExists', { path: name });
  const requireKind = (path: string, isFolder: boolean): void => {
    const found = there.get(path);
    if (found !== undefined && (found.type === 'directory') !== isFolder)
      throw failure('fileExists', { path: joined(name, path) });
  };
  for (const { path } of plan.folders) requireKind(path, true);
  for (const group of [plan.files, plan.links, plan.symlinks, plan.specials])
    for (const { path } of group) requireKind(path, false);
}

function requireSame(plan: ExtractPlan, there: ReadonlyMap<string, LayerEntry>, name: string): void {
  for (const group of [plan.folders, plan.files, plan.links, plan.symlinks, plan.specials])
    for (const { path, file } of group) {
      const found = there.get(path);
      const what = found === undefined ? 'missing' : file && differences(file, found);
      if (what !== undefined && what !== '')
        throw failure('putBackDiffers', { name, path: path === '' ? '.' : path, what });
    }
}

/** The only extended attribute that engines hand out; they take all, and nobody sees what became of the others. */
const seenXattr = 'security.capability';

function differences(file: TreeFile, found: LayerEntry): string {
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
