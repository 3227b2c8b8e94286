import { TarScanner } from '../archive/tarScanner.ts';
import { tarEnd, tarHeader } from '../archive/tarWriter.ts';
import { DrydockError, failure } from '../errors.ts';
import type { Operation } from '../progress.ts';
import type { SnapshotVolume } from '../snapshot/snapshot.ts';
import type { BlobReader } from '../vault/blobStore.ts';
import type { Remark } from '../snapshot/snapshotRecords.ts';
import { entryDifferences, pathBelow } from './compareEntries.ts';
import type { VolumeDeps } from './helperContainer.ts';
import { withOpenVolume, type OpenVolume } from './openVolume.ts';
import { tarEntries } from './tarEntries.ts';
import { renamedTar } from './renamedTar.ts';
import { forgetfulRemark, isForgetful } from './volumeRemarks.ts';
import { checkVolumeParts, joinedParts, volumeEntries } from './volumeParts.ts';

export interface FillInput {
  readonly volume: SnapshotVolume;
  /** Name of a volume that is there and empty. */
  readonly target: string;
}

/**
 * Puts a volume's data from a snapshot into an empty volume: 1. read and check all of it in the vault, 2. see that
 * the target is empty, 3. send it as one tar, 4. read it back and compare every entry.
 *
 * Rejects with `blobMissing`, `blobDamaged`, `volumeDataWrong`, `engineNotFound`, `volumeNotEmpty` before anything was
 * written, and with `volumeDiffers` or what the engine rejects with after: the target may hold a part of it then.
 * Resolves with what could not be restored all the same.
 */
export async function fillVolume(
  deps: VolumeDeps,
  input: FillInput,
  operation: Operation,
): Promise<readonly Remark[]> {
  const signal = AbortSignal.any([deps.session.signal, operation.signal]);
  await checkVolumeParts(deps.session.vault.blobs, input.volume, { ...operation, signal });
  return await fillWithChecked(deps, input, operation);
}

/** The same for data that `checkVolumeParts` has passed in this operation. */
export async function fillWithChecked(
  deps: VolumeDeps,
  { volume, target }: FillInput,
  operation: Operation,
): Promise<readonly Remark[]> {
  const signal = AbortSignal.any([deps.session.signal, operation.signal]);
  const toOpen = { kind: 'volume', name: target, access: 'write' } as const;
  return await withOpenVolume(deps, toOpen, signal, async (open) => {
    if (isForgetful(open.details?.options)) return [forgetfulRemark];
    const left = await contentOf(open, signal);
    if (left !== undefined) throw failure('volumeNotEmpty', { name: target, path: left });
    return await writeParts(deps.session.vault.blobs, open, volume, { ...operation, signal });
  });
}

/** Sends a volume's data into an open volume and reads it back. Rejects with `volumeDiffers`. */
export async function writeParts(
  store: BlobReader,
  open: OpenVolume,
  volume: SnapshotVolume,
  operation: Operation,
): Promise<readonly Remark[]> {
  const { signal } = operation;
  const { root, entryCount } = volume.document;
  const parts = joinedParts(store, volume, operation);
  const isSame = root === open.root;
  // A tar without an entry is nothing that every engine takes.
  if (entryCount > 0)
    await open.write(isSame ? parts : renamedTar(parts, { from: root, to: open.root }, open.name), signal);
  signal.throwIfAborted();
  const difference = await firstDifference(store, open, volume, operation);
  if (difference !== undefined) throw failure('volumeDiffers', { name: open.name, ...difference });
  if (isSame && open.hasRootEntry) return [];
  return [{ kind: 'notRead', subject: '.', detail: 'the root folder’s owner and mode' }];
}

/** Reads an open volume and finds where it is not as in a snapshot, and in what. */
export async function firstDifference(
  store: BlobReader,
  open: OpenVolume,
  volume: SnapshotVolume,
  { signal, progress }: Operation,
): Promise<{ readonly path: string; readonly what: string } | undefined> {
  const { root } = volume.document;
  const hasRoots = root === open.root && open.hasRootEntry;
  progress.report({ phase: 'checking', item: open.name });
  const expected = { root, entries: volumeEntries(store, volume, { signal }) };
  const found = { root: open.root, entries: tarEntries(await open.read(signal), open.name) };
  for await (const { path, kind, fields } of entryDifferences(expected, found)) {
    if (kind === 'added' && isOfFileSystem(path)) continue;
    // Engines that read volumes by their own archives don't tell of the root folder itself.
    if (kind !== 'changed' && path === '' && !hasRoots) continue;
    return { path: path === '' ? '.' : path, what: kind === 'changed' ? fields.join(', ') : kind };
  }
  return undefined;
}

/** The first thing in a volume, or undefined where there is nothing but its root folder. */
export async function contentOf(open: OpenVolume, signal: AbortSignal): Promise<string | undefined> {
  // By headers alone: the first file may be all that a large volume holds.
  const scanner = new TarScanner(open.name);
  for await (const chunk of await open.read(signal))
    for (const event of scanner.push(chunk as Uint8Array)) {
      const path = event.kind === 'entry' ? pathBelow(open.root, event.entry) : '';
      if (path !== '' && !isOfFileSystem(path)) return path;
    }
  scanner.finish();
  return undefined;
}

/**
 * Empties an open volume. No call of an engine does that, but whatever unpacks a tar first removes what stands in the
 * way of an entry: so a file is sent in place of the root folder. That empties it and then fails, for a mount can't go.
 * Whether it is empty is seen by looking. Rejects with `volumeNotEmptied`.
 */
export async function emptyVolume(open: OpenVolume, signal: AbortSignal): Promise<void> {
  if ((await contentOf(open, signal)) === undefined) return;
  try {
    await open.write(fileInPlaceOf(open.root), signal);
  } catch (error) {
    if (!(error instanceof DrydockError && error.code === 'engineRefused')) throw error;
  }
  const left = await contentOf(open, signal);
  if (left !== undefined) throw failure('volumeNotEmptied', { name: open.name, path: left });
}

/** What a file system of a volume's own has by itself. */
export function isOfFileSystem(path: string): boolean {
  return path === 'lost+found';
}

async function* fileInPlaceOf(root: string): AsyncGenerator<Uint8Array, void, undefined> {
  yield await Promise.resolve(tarHeader({ path: root.replace(/\/+$/, ''), sizeBytes: 0 }));
  yield tarEnd;
}
