import type { TarEntry } from '../archive/tarHeader.ts';
import { TarScanner } from '../archive/tarScanner.ts';
import { tarEnd, tarPadding } from '../archive/tarWriter.ts';
import { Pacer } from '../archive/pacer.ts';
import { DrydockError, failure } from '../errors.ts';
import type { Operation } from '../progress.ts';
import type { LayerEntry } from '../vault/layerEntry.ts';
import { entryDifferences, pathBelow } from '../volumes/compareEntries.ts';
import { EntryGuard } from '../volumes/entryGuard.ts';
import { contentOf, emptyVolume, isOfFileSystem } from '../volumes/fillVolume.ts';
import type { OpenVolume } from '../volumes/openVolume.ts';
import { headersOf } from '../volumes/renamedTar.ts';
import { tarEntries } from '../volumes/tarEntries.ts';

/** One volume, open on both engines. */
export interface VolumePair {
  readonly source: OpenVolume;
  /** Made for this move, and used by nobody yet. */
  readonly target: OpenVolume;
}

/** Whether both engines tell of the volume's root folder itself. */
export function hasRoots({ source, target }: VolumePair): boolean {
  return source.hasRootEntry && target.hasRootEntry && source.root === target.root;
}

/** Each removal is a call of its own; beyond so many it is quicker to send all of it again. */
const maxRemovals = 200;
/** What differs after so many rounds, with nobody writing, differs for good: an engine that keeps something not. */
const maxRounds = 3;

/**
 * The first pass: sends all that the volume holds, while it may be written to. What changes meanwhile is for
 * {@link finishVolume}; so is all behind a file that got shorter while it was read, which ends the engine's tar.
 */
export async function copyVolume({ source, target }: VolumePair, operation: Operation): Promise<void> {
  const { signal } = operation;
  if (!source.hasRootEntry && (await contentOf(source, signal)) === undefined) return;
  const state: { error?: unknown } = {};
  const bytes = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      // As it comes, in its own pieces: headers written anew would go one by one.
      if (source.root === target.root) yield* wholeTar(source, operation);
      else yield* chosenEntries({ source, target }, () => true, operation);
    } catch (error) {
      state.error = error;
      throw error;
    }
  };
  try {
    await target.write(bytes(), signal);
  } catch (error) {
    signal.throwIfAborted();
    const isCut =
      state.error instanceof DrydockError && ['streamCut', 'archiveCut'].includes(state.error.code);
    if (!isCut) throw error;
  }
}

/**
 * The last pass, while nobody writes: compares every entry of both sides, with the hash of its data, takes away what is
 * gone, sends what differs, and looks again until nothing does. Resolves with the number of entries. Rejects with
 * `moveDiffers`, or as the engines do.
 */
export async function finishVolume(
  pair: VolumePair,
  { to }: { readonly to: string },
  operation: Operation,
): Promise<{ readonly entries: number }> {
  for (let round = 1; ; round++) {
    const found = await compare(pair, operation);
    if (found.changes.size === 0) return { entries: found.entries };
    if (round > maxRounds)
      throw failure('moveDiffers', { name: pair.source.name, to, what: found.first ?? '' });
    await carryOver(pair, found, operation);
  }
}

interface Compared {
  /** Entries of the source. */
  readonly entries: number;
  /** By the path's bytes below the root, each as a character. */
  readonly changes: ReadonlyMap<string, 'missing' | 'added' | 'changed'>;
  /** Hard links of the source: where each points. */
  readonly links: ReadonlyMap<string, string>;
  /** For people: one thing that differs. */
  readonly first: string | undefined;
}

async function compare({ source, target }: VolumePair, { signal, progress }: Operation): Promise<Compared> {
  const changes = new Map<string, 'missing' | 'added' | 'changed'>();
  const links = new Map<string, string>();
  const guard = new EntryGuard(source.name, source.root);
  let entries = 0;
  let first: string | undefined;
  progress.report({ phase: 'checking', item: source.name });
  async function* ofSource(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<LayerEntry, void, undefined> {
    for await (const entry of tarEntries(bytes, source.name)) {
      const { path, type, link = '', rawPath, rawLink } = entry;
      const [pathBytes, linkBytes] = [rawPath, rawLink].map((raw) =>
        raw === undefined ? undefined : Buffer.from(raw, 'base64'),
      );
      guard.check({ path, type, link, pathBytes, linkBytes });
      entries += 1;
      if (type === 'hardlink')
        links.set(keyOf(source.root, path, pathBytes), keyOf(source.root, link, linkBytes));
      yield entry;
    }
  }
  const there = { root: target.root, entries: tarEntries(await target.read(signal), target.name) };
  const here = { root: source.root, entries: ofSource(await source.read(signal)) };
  const knowsRoots = hasRoots({ source, target });
  for await (const { path, bytes, kind, fields } of entryDifferences(there, here)) {
    // What a file system of the target's own has by itself; and roots that an engine does not tell of.
    if ((kind === 'missing' && isOfFileSystem(path)) || (path === '' && !knowsRoots)) continue;
    changes.set(bytes ?? latin(path), kind);
    first ??= `${path === '' ? '.' : path}: ${kind === 'changed' ? fields.join(', ') : kind}`;
  }
  return { entries, changes, links, first };
}

/** Makes the target as it was found to have to be. */
async function carryOver(pair: VolumePair, found: Compared, operation: Operation): Promise<void> {
  const { target } = pair;
  const { signal } = operation;
  const removed = [...found.changes].flatMap(([path, kind]) => (kind === 'missing' ? [path] : []));
  const gone = new Set(removed);
  const tops = removed.filter((path) => !gone.has(parentOf(path)));
  let isWanted = toSend(found);
  // A volume of which an engine does not tell the root folder can't be emptied at once.
  if (tops.length > maxRemovals && target.hasRootEntry) {
    await emptyVolume(target, signal);
    isWanted = () => true;
  } else for (const path of tops) await removePath(target, path, signal);
  await target.write(chosenEntries(pair, isWanted, operation), signal);
  signal.throwIfAborted();
}

/**
 * What has to be sent: what differs, the folders it is in, whose times a write changes, and of hard links all names of
 * the file when one of them differs, since an engine replaces a file and leaves its other names with the old one.
 */
function toSend({ changes, links }: Compared): (path: string) => boolean {
  const wanted = new Set<string>();
  for (const [path, kind] of changes) {
    if (kind !== 'missing') wanted.add(path);
    if (path !== '') wanted.add(parentOf(path));
  }
  const files = new Set([...wanted].map((path) => links.get(path) ?? path));
  for (const [name, file] of links) {
    if (!files.has(file)) continue;
    for (const path of [name, file]) for (const one of [path, parentOf(path)]) wanted.add(one);
  }
  return (path) => wanted.has(path);
}

/**
 * Removes a file or a folder. No call of an engine does that, but whatever unpacks a tar first removes what stands in
 * the way of an entry: so a hard link to itself is sent in its place. That removes it and then fails, for there is
 * nothing left to link to. Whether it is gone is seen by looking.
 */
export async function removePath(target: OpenVolume, path: string, signal: AbortSignal): Promise<void> {
  const bytes = Buffer.from(target.root + path, 'latin1');
  const entry: TarEntry = {
    ...{ path: bytes.toString(), rawPath: bytes, type: 'hardlink', mode: 0o644, uid: 0, gid: 0 },
    ...{ sizeBytes: 0, mtime: 0, linkPath: bytes.toString(), rawLinkPath: bytes, pax: new Map() },
    ...{ isSparse: false, headerOffset: 0, dataOffset: 0 },
  };
  const header = headersOf(entry, { from: target.root, to: target.root }, target.name);
  try {
    await target.write(once(Buffer.concat([header, tarEnd])), signal);
  } catch (error) {
    const codes: readonly string[] = ['engineRefused', 'engineNotFound'];
    if (!(error instanceof DrydockError && codes.includes(error.code))) throw error;
  }
}

/** All of the source, with nothing in it that leads out of it. */
async function* wholeTar(
  source: OpenVolume,
  { signal, progress }: Operation,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { name, root } = source;
  const scanner = new TarScanner(name);
  const guard = new EntryGuard(name, root);
  let doneBytes = 0;
  for await (const chunk of await source.read(signal)) {
    const bytes = chunk as Uint8Array;
    for (const event of scanner.push(bytes)) {
      if (event.kind !== 'entry') continue;
      const { path, rawPath, rawLinkPath, linkPath: link, type } = event.entry;
      guard.check({ path, type, link, pathBytes: rawPath, linkBytes: rawLinkPath });
    }
    yield bytes;
    doneBytes += bytes.length;
    progress.report({ phase: 'sending', item: name, doneBytes });
  }
  scanner.finish();
}

/** The entries of the source that are wanted, as a tar for the target. */
async function* chosenEntries(
  { source, target }: VolumePair,
  isWanted: (path: string) => boolean,
  { signal, progress }: Operation,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { name, root } = source;
  const renaming = { from: root, to: target.root };
  const scanner = new TarScanner(name);
  const guard = new EntryGuard(name, root);
  const pacer = new Pacer();
  let doneBytes = 0;
  let isTaken = false;
  for await (const chunk of await source.read(signal)) {
    for (const event of scanner.push(chunk as Uint8Array)) {
      if (event.kind === 'entry') {
        const { entry } = event;
        const { path, rawPath, rawLinkPath, linkPath: link, type } = entry;
        guard.check({ path, type, link, pathBytes: rawPath, linkBytes: rawLinkPath });
        isTaken = isWanted(keyOf(root, path, rawPath));
        if (isTaken) yield headersOf(entry, renaming, name);
      } else if (isTaken && event.kind === 'data') yield event.bytes;
      else if (isTaken && event.kind === 'entryEnd') yield tarPadding(event.entry.sizeBytes);
      if (pacer.isDue) await pacer.pause();
    }
    doneBytes += (chunk as Uint8Array).length;
    progress.report({ phase: 'sending', item: name, doneBytes });
  }
  scanner.finish();
  yield tarEnd;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield await Promise.resolve(bytes);
}

/** The key of an entry: its path below the root by its bytes, each as a character. */
export function keyOf(root: string, path: string, raw: Uint8Array | undefined): string {
  if (raw === undefined) return latin(pathBelow(root, { path }));
  return pathBelow(root, { path: Buffer.from(raw).toString('latin1') });
}

function latin(path: string): string {
  return Buffer.from(path).toString('latin1');
}

/** The root is the parent of what lies in it, and empty. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
