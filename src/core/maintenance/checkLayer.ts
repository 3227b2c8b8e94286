import { Pacer } from '../archive/pacer.ts';
import { TarScanner } from '../archive/tarScanner.ts';
import { shortDigest } from '../digest.ts';
import { readVerified, type BlobReader } from '../vault/blobStore.ts';
import { readLayer } from '../vault/frames.ts';
import { EntryLines, type LayerEntry } from '../vault/layerEntry.ts';
import { layerEntries, type LayerIndex } from '../vault/layerIndex.ts';
import { FrameCheck } from './frameCheck.ts';
import { damageReason, isDamage, type ProblemKind } from './vaultProblem.ts';

const stepBytes = 1 << 16;

export interface LayerFault {
  readonly kind: ProblemKind;
  readonly detail: string;
}

/**
 * Reads a layer to its last file: the blob's digest, the tar's diffID, every entry against its layer index, with the
 * hash of its data, and the places of its frames. Resolves with the first thing that is wrong.
 */
export async function checkLayer(
  store: BlobReader,
  index: LayerIndex,
  signal: AbortSignal,
): Promise<LayerFault | undefined> {
  const listed = layerEntries(store, index, { signal });
  try {
    const fault = await compareEntries(store, index, listed, signal);
    if (fault) return fault;
    const more = await listed.next();
    return more.done === true ? undefined : differs(more.value.path, 'the tar ends before it');
  } catch (error) {
    if (!isDamage(error)) throw error;
    return await blame(store, index, damageReason(error), signal);
  } finally {
    await listed.return();
  }
}

async function compareEntries(
  store: BlobReader,
  index: LayerIndex,
  listed: AsyncGenerator<LayerEntry, void, undefined>,
  signal: AbortSignal,
): Promise<LayerFault | undefined> {
  const scanner = new TarScanner(shortDigest(index.digest));
  const entries = new EntryLines();
  const pacer = new Pacer();
  const frames = new FrameCheck(index);
  let fault: LayerFault | undefined;
  let plainBytes = 0;
  for await (const chunk of readLayer(frames.follow(store), index, { signal })) {
    plainBytes += chunk.length;
    for (let at = 0; at < chunk.length; at += stepBytes) {
      for (const event of scanner.push(chunk.subarray(at, at + stepBytes))) {
        const entry = entries.takeEntry(event);
        // The whole is read all the same: a wrong digest of the blob explains more than one file does.
        if (entry !== undefined && fault === undefined) fault = compared(entry, await listed.next());
      }
      if (pacer.isDue) await pacer.pause();
    }
  }
  scanner.finish();
  const wrong = frames.fault(plainBytes);
  return fault ?? (wrong === undefined ? undefined : differs('the frame table', wrong));
}

function compared(entry: LayerEntry, next: IteratorResult<LayerEntry, void>): LayerFault | undefined {
  if (next.done === true) return differs(entry.path, 'the layer index does not list it');
  const listed = new Map<string, unknown>(Object.entries(next.value));
  const found = new Map<string, unknown>(Object.entries(entry));
  // What an older version did not list can't differ.
  for (const [name, value] of listed)
    if (JSON.stringify(found.get(name)) !== JSON.stringify(value))
      return differs(next.value.path, `its ${name} is not the one in the layer index`);
  return undefined;
}

function differs(path: string, how: string): LayerFault {
  return { kind: 'fileHash', detail: `${path}: ${how}` };
}

/** What could not be read may be the layer's blob, or only the list of its entries. */
async function blame(
  store: BlobReader,
  { digest, sizeBytes }: LayerIndex,
  reason: string,
  signal: AbortSignal,
): Promise<LayerFault> {
  try {
    const bytes = readVerified(store, { digest, sizeBytes }, { signal });
    while ((await bytes.next()).done !== true);
    return { kind: 'diffId', detail: reason };
  } catch (error) {
    if (!isDamage(error)) throw error;
    return { kind: error.code === 'blobMissing' ? 'missing' : 'wrongDigest', detail: damageReason(error) };
  }
}
