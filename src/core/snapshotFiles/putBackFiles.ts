import { failure } from '../errors.ts';
import type { Operation } from '../progress.ts';
import type { LayerEntry } from '../vault/layerEntry.ts';
import type { VolumeDeps } from '../volumes/helperContainer.ts';
import { planExtract, type ExtractPlan, type LeftOut } from './extractPlan.ts';
import { cutError, entryDiffers, withFileTarget, type FileTarget, type TargetFolder } from './fileTarget.ts';
import { putBackTar } from './putBackTar.ts';
import { joined, type RootFiles } from './rootFiles.ts';

export interface PutBackInput {
  readonly files: RootFiles;
  /** A file or a folder of the snapshot; not a root as a whole, which is what a restore is for. */
  readonly path: string;
  /** Its folder gets it under its own name. */
  readonly target: TargetFolder;
  /** Whether files of the same names may be overwritten. Files of other names stay, and no folder becomes a file. */
  readonly replace: boolean;
}

export interface PutBackResult {
  readonly fileCount: number;
  readonly sizeBytes: number;
  readonly left: readonly LeftOut[];
}

/**
 * Puts files of a snapshot back into a container, running or not, or into a volume: 1. read and check all of them in
 * the vault, 2. look at what is there, 3. send them as one tar, 4. read it back and compare every entry.
 *
 * Rejects with `pathMissing`, `pathIsNot`, `fileDamaged`, `fileExists` (a name is taken, or by another type) before
 * anything was written. After that with `putBackDiffers`, or with `uploadCut` where something is there, also after a
 * cancel.
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
  const send = async (open: FileTarget): Promise<void> => {
    requireFree(plan, await open.look(entry.name, signal), {
      ...input,
      name: joined(target.folder, entry.name),
    });
    operation.progress.report({ phase: 'sending', item: entry.name, totalBytes: plan.sizeBytes });
    try {
      await open.write(putBackTar(files, plan, joined(open.prefix, entry.name), { signal }), signal);
      signal.throwIfAborted();
      operation.progress.report({ phase: 'checking', item: entry.name });
      requireSame(plan, await open.look(entry.name, signal), open.name);
    } catch (error) {
      throw await cutError(error, open, [entry.name]);
    }
  };
  await withFileTarget(deps, target, signal, send);
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
      const what = found === undefined ? 'missing' : file && entryDiffers(file, found);
      if (what !== undefined && what !== '')
        throw failure('putBackDiffers', { name, path: path === '' ? '.' : path, what });
    }
}
