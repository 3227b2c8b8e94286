import type { Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import type { Operation } from '../progress.ts';
import type { ArchiveForm } from './archive.ts';
import { defaultArchiveLimits } from './archiveLimits.ts';
import { blobPath } from './archiveContents.ts';
import { EngineArchive } from './engineArchive.ts';
import { linkTarget, safePath } from './entryPath.ts';
import { spoolLayer } from './layerSpool.ts';
import { indexJson, manifestJson, ociLayoutJson } from './ociDocuments.ts';
import { findSavedImage } from './savedImages.ts';
import type { WantedImage } from './savedImages.ts';
import { mayBeDocument } from './storedFileReader.ts';
import { readTar } from './tarReader.ts';
import type { TarItem } from './tarReader.ts';
import { defaultTarLimits } from './tarScanner.ts';
import { tarEnd, tarFile, tarHeader, tarPadding } from './tarWriter.ts';

export interface WantedArchive {
  readonly form: ArchiveForm;
  readonly images: readonly WantedImage[];
  /** A folder for layers that have to be hashed before they can be written; left as it was found. */
  readonly spoolFolder: string;
  /** With it an OCI archive gets a manifest.json as well, so that every engine loads it. */
  readonly withManifestJson?: boolean;
  /** Layers, and other blobs that are no documents, which do not go along. */
  readonly leavesOut?: (digest: Digest) => boolean;
  /** Files of layers that do not go along, by the paths that the engine gives them (`savedLayerFiles`). */
  readonly leavesOutFiles?: ReadonlySet<string>;
  /** More small files for its end, by path; told what was left out of what the engine sent. */
  readonly more?: (leftOut: ReadonlyMap<Digest, number>) => ReadonlyMap<string, Uint8Array | string>;
}

const documentBytes = 4 << 20;
/** As many entries as are read back. */
const limits = { ...defaultTarLimits, maxEntries: defaultArchiveLimits.maxEntries };
/** Files that Drydock writes anew at the end. */
const controlFiles = new Set(['manifest.json', 'index.json', 'oci-layout', 'repositories']);

/**
 * Turns the tar of an engine's save into an archive of the asked form, as it comes.
 *
 * 1. Layers pass through as they are. Only where an OCI archive is asked of an engine that names layers by v1 IDs,
 *    each goes through a file, since its name is its digest.
 * 2. Documents are held. At the end the wanted images are looked for, and those documents that belong to them
 *    follow, with index.json and manifest.json made anew: engines leave names and untagged images out of theirs.
 * 3. A tar without its end, and an image that did not come whole, are failures; nothing is an archive before the
 *    end mark is out.
 *
 * Layer bytes are not hashed on the way: whoever writes the archive reads it back. Reports the phase `reading`
 * with bytes from the engine.
 */
export async function* savedArchive(
  engineTar: AsyncIterable<Uint8Array>,
  wanted: WantedArchive,
  { signal, progress }: Operation,
): AsyncGenerator<Uint8Array, void, undefined> {
  const sent = new EngineArchive();
  const passed = new Set<Digest>();
  const leftOut = new Map<Digest, number>();
  const isLeftOut = (digest: Digest | undefined, sizeBytes: number): boolean => {
    if (digest === undefined || wanted.leavesOut?.(digest) !== true) return false;
    leftOut.set(digest, sizeBytes);
    return true;
  };
  let doneBytes = 0;
  const counted = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of engineTar) {
      signal.throwIfAborted();
      doneBytes += chunk.length;
      yield chunk;
      progress.report({ phase: 'reading', doneBytes });
    }
  };
  for await (const item of readTar(counted(), sent.name, limits)) {
    const path = item.entry.rawPath ? undefined : safePath(item.entry.path);
    if (path === undefined) throw failure('archiveUnsafePath', { name: sent.name, path: item.entry.path });
    if (path !== '') yield* passEntry(item, path, sent, passed, { ...wanted, isLeftOut }, signal);
  }
  yield* endOfArchive(sent, passed, wanted, leftOut);
}

type Passing = Pick<WantedArchive, 'form' | 'spoolFolder' | 'leavesOutFiles'> & {
  readonly isLeftOut: (digest: Digest | undefined, sizeBytes: number) => boolean;
};

async function* passEntry(
  { entry, data }: TarItem,
  path: string,
  sent: EngineArchive,
  passed: Set<Digest>,
  { form, spoolFolder, leavesOutFiles, isLeftOut }: Passing,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { sizeBytes } = entry;
  const isBlob = path.startsWith('blobs/');
  const keepsLegacy = form === 'docker-archive' && !isBlob;
  if (entry.type === 'symlink' || entry.type === 'hardlink') {
    const target = linkTarget(path, entry);
    if (target === undefined) throw failure('archiveUnsafePath', { name: sent.name, path: entry.path });
    sent.addLink(path, target);
    if (keepsLegacy) yield tarHeader({ ...entry, type: entry.type, path });
    return;
  }
  if (entry.type === 'directory' && keepsLegacy && path !== 'blobs')
    yield tarHeader({ ...entry, type: 'directory', path: `${path}/` });
  if (entry.type !== 'file') return;
  if (leavesOutFiles?.has(path) === true) {
    sent.add({ path, sizeBytes });
    return;
  }

  const isLayer = path.endsWith('.tar');
  if (sizeBytes <= documentBytes && !isLayer) {
    const bytes = await collected(data);
    if (isBlob ? mayBeDocument(bytes) : true) {
      sent.add({ path, sizeBytes, bytes });
      if (keepsLegacy && !controlFiles.has(path)) yield* file(entry.mode, entry.mtime, path, bytes);
    } else {
      const digest = sent.add({ path, sizeBytes });
      if (digest !== undefined) passed.add(digest);
      if (!isLeftOut(digest, sizeBytes)) yield* file(entry.mode, 0, path, bytes);
    }
    return;
  }
  if (isBlob || keepsLegacy) {
    const digest = sent.add({ path, sizeBytes });
    if (digest !== undefined) passed.add(digest);
    if (isLeftOut(digest, sizeBytes)) return;
    yield tarHeader({ path, sizeBytes, mode: isBlob ? 0o644 : entry.mode, mtime: isBlob ? 0 : entry.mtime });
    yield* data;
    yield tarPadding(sizeBytes);
    return;
  }
  if (!isLayer) return;
  const layer = await spoolLayer(data, spoolFolder);
  try {
    sent.add({ path, sizeBytes }, layer.digest);
    if (passed.has(layer.digest)) return;
    passed.add(layer.digest);
    if (isLeftOut(layer.digest, sizeBytes)) return;
    yield tarHeader({ path: blobPath(layer.digest), sizeBytes });
    yield* layer.open(signal);
    yield tarPadding(sizeBytes);
  } finally {
    await layer.remove();
  }
}

function* endOfArchive(
  sent: EngineArchive,
  passed: ReadonlySet<Digest>,
  { form, images, withManifestJson = form === 'docker-archive', more }: WantedArchive,
  leftOut: ReadonlyMap<Digest, number>,
): Generator<Uint8Array, void, undefined> {
  const found = images.map((image) => findSavedImage(sent, image, form));
  const needed = new Set(found.flatMap((image) => [...image.needed]));
  const documents = new Map<string, Uint8Array>();
  for (const { path, digest, bytes } of sent.heldBlobs())
    if (needed.has(digest) && !passed.has(digest)) documents.set(path, bytes);
  for (const { made } of found) for (const [path, bytes] of made) documents.set(path, bytes);
  for (const [path, bytes] of documents) yield tarFile(path, bytes);
  const entries = found.flatMap(({ entry }) => entry ?? []);
  if (entries.length > 0) yield tarFile('index.json', indexJson(entries));
  if (withManifestJson) yield tarFile('manifest.json', manifestJson(found.map(({ item }) => item)));
  if (entries.length > 0) yield tarFile('oci-layout', ociLayoutJson);
  for (const [path, bytes] of more?.(leftOut) ?? []) yield tarFile(path, bytes);
  yield tarEnd;
}

function* file(
  mode: number,
  mtime: number,
  path: string,
  bytes: Uint8Array,
): Generator<Uint8Array, void, undefined> {
  yield tarHeader({ path, sizeBytes: bytes.length, mode, mtime });
  yield bytes;
  yield tarPadding(bytes.length);
}

async function collected(data: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of data) chunks.push(chunk);
  return Buffer.concat(chunks);
}
