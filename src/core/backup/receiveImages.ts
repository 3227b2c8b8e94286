import { mayBeDocument } from '../archive/storedFileReader.ts';
import { defaultArchiveLimits } from '../archive/archiveLimits.ts';
import { digestOfBlobPath } from '../archive/archiveContents.ts';
import { EngineArchive } from '../archive/engineArchive.ts';
import { linkTarget, safePath } from '../archive/entryPath.ts';
import { readTar, type TarItem } from '../archive/tarReader.ts';
import { defaultTarLimits } from '../archive/tarScanner.ts';
import { failure } from '../errors.ts';
import type { Operation } from '../progress.ts';
import type { ReceivedLayers } from './receivedLayers.ts';

const documentBytes = 4 << 20;
const limits = { ...defaultTarLimits, maxEntries: defaultArchiveLimits.maxEntries };

/**
 * Takes the tar of an engine's save apart as it comes: layers go into the vault, documents into memory. Which layer
 * belongs to which image is known only at its end. Reports the phase `reading` with bytes from the engine.
 */
export async function receiveImages(
  engineTar: AsyncIterable<Uint8Array>,
  layers: ReceivedLayers,
  { signal, progress }: Operation,
): Promise<EngineArchive> {
  const sent = new EngineArchive();
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
    if (path !== '') await receive(item, path, sent, layers);
  }
  await layers.settle();
  return sent;
}

async function receive(
  { entry, data }: TarItem,
  path: string,
  sent: EngineArchive,
  layers: ReceivedLayers,
): Promise<void> {
  const { sizeBytes } = entry;
  if (entry.type === 'symlink' || entry.type === 'hardlink') {
    const target = linkTarget(path, entry);
    if (target === undefined) throw failure('archiveUnsafePath', { name: sent.name, path: entry.path });
    sent.addLink(path, target);
    return;
  }
  if (entry.type !== 'file') return;
  const digest = digestOfBlobPath(path);
  const layer = { path, ...(digest !== undefined && { digest }) };
  if (sizeBytes > documentBytes || path.endsWith('.tar')) {
    sent.add({ path, sizeBytes });
    await layers.take({ ...layer, data });
    return;
  }
  const bytes = await collected(data);
  if (digest === undefined || mayBeDocument(bytes)) {
    sent.add({ path, sizeBytes, bytes });
    return;
  }
  sent.add({ path, sizeBytes });
  await layers.take({ ...layer, data: once(bytes) });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield await Promise.resolve(bytes);
}

async function collected(data: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of data) chunks.push(chunk);
  return Buffer.concat(chunks);
}
