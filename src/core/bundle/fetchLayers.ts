import type { Compression } from '../archive/archive.ts';
import { compressionOf, decompressed, magicBytes } from '../archive/decompressed.ts';
import { spoolLayer, type SpooledLayer } from '../archive/layerSpool.ts';
import { readTar } from '../archive/tarReader.ts';
import { shortDigest, type Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import { failure } from '../errors.ts';
import type { Operation } from '../progress.ts';
import type { ApplyPlan } from './planApply.ts';

/** A layer that the engine gave back, in a file. */
export interface FetchedLayer extends SpooledLayer {
  /** How it is packed there. */
  readonly compression: Compression;
}

/**
 * Has the engine save images whose layers are needed and keeps those layers in files of `folder`, each under the digest by
 * which the bundle knows it. A layer is taken as stored where it comes like that, else as its plain tar. Rejects with
 * `bundleLacks` for what did not come, the engine's failures, `diskFilledUp`, or an AbortError.
 */
export async function fetchLayers(
  engine: Engine,
  { bundle, fetched, info }: ApplyPlan,
  folder: string,
  { signal, progress }: Operation,
): Promise<ReadonlyMap<Digest, FetchedLayer>> {
  const kept = new Map<Digest, FetchedLayer>();
  if (fetched.size === 0) return kept;
  const asStored = new Map([...fetched].map(([digest]) => [digest, digest]));
  const asPlain = new Map([...fetched].map(([digest, { layer }]) => [layer.diffId, digest]));
  const keep = async (layer: SpooledLayer, compression: Compression): Promise<boolean> => {
    const wanted = asStored.get(layer.digest) ?? asPlain.get(layer.digest);
    const isNew = wanted !== undefined && kept.get(wanted)?.digest !== wanted;
    if (!isNew) return false;
    await kept.get(wanted)?.remove();
    kept.set(wanted, { ...layer, compression });
    return true;
  };
  const ids = new Set([...fetched.values()].map(({ from }) => from));
  const tar = await engine.images.save([...ids], { signal });
  try {
    let doneBytes = 0;
    for await (const { entry, data } of readTar(tar, 'the engine’s archive')) {
      if (entry.type !== 'file') continue;
      const stored = await spoolLayer(data, folder);
      doneBytes += stored.sizeBytes;
      progress.report({ phase: 'reading', item: bundle.name, doneBytes });
      signal.throwIfAborted();
      const compression = await packingOf(stored, signal);
      if (await keep(stored, compression)) continue;
      if (compression !== 'none') {
        const name = entry.path;
        const plain = await spoolLayer(
          decompressed(stored.open(signal), compression, { name, signal }),
          folder,
        );
        if (!(await keep(plain, 'none'))) await plain.remove();
      }
      await stored.remove();
    }
  } finally {
    tar.destroy();
  }
  const missing = [...fetched].filter(([digest]) => !kept.has(digest)).map(([, { layer }]) => layer.diffId);
  if (missing.length > 0)
    throw failure('bundleLacks', {
      name: bundle.name,
      target: info.hostName,
      missing: `the layers ${missing.map(shortDigest).join(', ')}`,
    });
  return kept;
}

async function packingOf(layer: SpooledLayer, signal: AbortSignal): Promise<Compression> {
  for await (const chunk of layer.open(signal)) return compressionOf(chunk.subarray(0, magicBytes));
  return 'none';
}
