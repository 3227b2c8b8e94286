import type { TarEntry } from '../archive/tarHeader.ts';
import { tarEnd, tarPadding } from '../archive/tarWriter.ts';
import { failure } from '../errors.ts';
import { pathBytes } from '../layers/entryNames.ts';
import type { Operation } from '../progress.ts';
import type { LeftOut } from '../snapshotFiles/extractPlan.ts';
import {
  cutError,
  entryDiffers,
  withFileTarget,
  type FileTarget,
  type TargetFolder,
} from '../snapshotFiles/fileTarget.ts';
import { joined } from '../snapshotFiles/rootFiles.ts';
import type { LayerEntry } from '../vault/layerEntry.ts';
import type { HelperDeps } from '../volumes/helperContainer.ts';
import { headersOf } from '../volumes/renamedTar.ts';
import { linkBytes, localBytes, localFiles, type LocalFile, type LocalFiles } from './localFiles.ts';

/** Whose the files are to be: as the folder that gets them, as on this disk, or given. */
export type UploadOwner = 'folder' | 'disk' | { readonly uid: number; readonly gid: number };

export interface UploadInput {
  /** Files and folders of this disk. */
  readonly sources: readonly string[];
  readonly target: TargetFolder;
  readonly owner: UploadOwner;
  /** Whether files of the same names may be overwritten. Files of other names stay, and no folder becomes a file. */
  readonly replace: boolean;
}

export interface UploadResult {
  readonly fileCount: number;
  readonly sizeBytes: number;
  readonly left: readonly LeftOut[];
}

/**
 * Puts files and folders of this disk into a folder of a container, running or not, or of a volume, with their modes
 * (without setuid), times and links: 1. list all of them and see that they can be read, 2. look at what is there, 3.
 * send one tar, 4. read it back and compare each entry with what was sent. A folder that is there already keeps its own
 * mode and owner.
 *
 * Rejects with `fileMissing`, `fileUnusable`, `pathMissing`, `pathIsNot`, `fileExists` (a name is taken, or by another
 * type), `putBackDenied`, `volumeOwnersUnknown` before anything was written. After that with `uploadCut`, also where it
 * was cancelled and something is there by then, for no engine can take that away again; with `uploadDiffers`.
 */
export async function uploadFiles(
  deps: HelperDeps,
  { sources, target, owner, replace }: UploadInput,
  operation: Operation,
): Promise<UploadResult> {
  const { signal, progress } = operation;
  const listed = await localFiles(sources, operation);
  await withFileTarget(deps, target, signal, async (open) => {
    const kept = await requireFree(open, listed, { replace, folder: target.folder, signal });
    const local = { ...listed, files: listed.files.map((file) => asKept(file, kept.get(file.path))) };
    const sent = new Map<string, string>();
    const ids = (file: LocalFile): Ids =>
      kept.get(file.path) ??
      (owner === 'folder' ? open.owner : owner === 'disk' ? { uid: file.uid, gid: file.gid } : owner);
    try {
      await open.write(tarOf(open, local, { ids, sent }, operation), signal);
      signal.throwIfAborted();
      progress.report({ phase: 'checking', item: target.name, totalBytes: local.sizeBytes });
      await requireSame(open, local, { ids, sent, signal });
    } catch (error) {
      throw await cutError(error, open, local.names);
    }
  });
  const { files, left, sizeBytes } = listed;
  return { fileCount: files.filter(({ type }) => type !== 'directory').length, sizeBytes, left };
}

interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/** A folder as it is there already, and anything else as it is here. */
function asKept(file: LocalFile, there: LayerEntry | undefined): LocalFile {
  return there === undefined ? file : { ...file, mode: there.mode, mtime: Math.floor(there.mtime) };
}

async function* tarOf(
  { name, prefix }: FileTarget,
  { files, sizeBytes: totalBytes }: LocalFiles,
  { ids, sent }: { readonly ids: (file: LocalFile) => Ids; readonly sent: Map<string, string> },
  { signal, progress }: Operation,
): AsyncGenerator<Uint8Array, void, undefined> {
  let doneBytes = 0;
  // Links come last, so that nothing is written through one.
  for (const file of files.toSorted((a, b) => Number(a.type === 'symlink') - Number(b.type === 'symlink'))) {
    signal.throwIfAborted();
    yield headersOf(entryOf(file, joined(prefix, file.path), ids(file)), { from: '', to: '' }, name);
    if (file.type !== 'file') continue;
    const onDigest = (sha256: string): void => void sent.set(file.path, sha256);
    for await (const chunk of localBytes(file, onDigest, { signal })) {
      doneBytes += chunk.length;
      progress.report({ phase: 'sending', item: file.path, doneBytes, totalBytes });
      yield chunk;
    }
    yield tarPadding(file.sizeBytes);
  }
  yield tarEnd;
}

function entryOf(file: LocalFile, path: string, { uid, gid }: Ids): TarEntry {
  const { type, mode, sizeBytes, mtime } = file;
  return {
    path,
    rawPath: pathBytes(type === 'directory' ? `${path}/` : path),
    type,
    mode,
    uid,
    gid,
    sizeBytes,
    mtime,
    linkPath: file.link ?? '',
    rawLinkPath: linkBytes(file),
    pax: new Map(),
    isSparse: false,
    headerOffset: 0,
    dataOffset: 0,
  };
}

/** The folders that are there already, by their paths. */
async function requireFree(
  open: FileTarget,
  { files, names }: LocalFiles,
  {
    replace,
    folder,
    signal,
  }: { readonly replace: boolean; readonly folder: string; readonly signal: AbortSignal },
): Promise<ReadonlyMap<string, LayerEntry>> {
  const kept = new Map<string, LayerEntry>();
  for (const name of names) {
    const there = await open.look(name, signal);
    if (there.size === 0) continue;
    if (!replace) throw failure('fileExists', { path: joined(folder, name) });
    for (const { path, type } of filesBelow(files, name)) {
      const found = there.get(pathFrom(name, path));
      if (found !== undefined && (found.type === 'directory') !== (type === 'directory'))
        throw failure('fileExists', { path: joined(folder, path) });
      if (found?.type === 'directory') kept.set(path, found);
    }
  }
  return kept;
}

async function requireSame(
  open: FileTarget,
  { files, names }: LocalFiles,
  {
    ids,
    sent,
    signal,
  }: {
    readonly ids: (file: LocalFile) => Ids;
    readonly sent: ReadonlyMap<string, string>;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  for (const name of names) {
    const there = await open.look(name, signal);
    for (const file of filesBelow(files, name)) {
      const found = there.get(pathFrom(name, file.path));
      const what = found === undefined ? 'missing' : differs(file, found, { ids, sent });
      if (what !== '') throw failure('uploadDiffers', { name: open.name, path: file.path, what });
    }
  }
}

function differs(
  file: LocalFile,
  found: LayerEntry,
  { ids, sent }: { readonly ids: (file: LocalFile) => Ids; readonly sent: ReadonlyMap<string, string> },
): string {
  const { type, mode, sizeBytes, mtime } = file;
  const sha256 = sent.get(file.path);
  // What a folder holds changes its time.
  const time = type === 'directory' ? found.mtime : mtime;
  const expected = {
    type,
    mode,
    ...ids(file),
    sizeBytes,
    mtime: time,
    ...(sha256 !== undefined && { sha256 }),
  };
  const rawLink = linkBytes(file).toString('utf8');
  return entryDiffers({ ...expected, ...(type === 'symlink' && { link: rawLink }) }, found);
}

function filesBelow(files: readonly LocalFile[], name: string): readonly LocalFile[] {
  return files.filter(({ path }) => path === name || path.startsWith(`${name}/`));
}

function pathFrom(name: string, path: string): string {
  return path.slice(name.length + 1);
}
