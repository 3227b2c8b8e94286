/** What is in the layers of an image whose lists are at hand: numbers for the lens, names for its hover. */
import { Pacer } from '../core/archive/pacer.ts';
import { exactPath, meaningOf, partsOf } from '../core/layers/entryNames.ts';
import type { LayeredImage } from '../core/layers/layeredImage.ts';
import { analyzeWaste } from '../core/waste/analyzeWaste.ts';

export interface LayerFigures {
  /** Files, links and the like that the layer brings; folders are not counted. */
  readonly fileCount: number;
  /** Names that it takes away. */
  readonly removedCount: number;
  readonly sizeBytes: number;
  /** Of its own bytes, those that nobody sees in the image. */
  readonly wastedBytes: number;
  /** Bytes of its own and of layers below that it made useless. */
  readonly spoiledBytes: number;
  /** The largest, in that order. Paths as `entryNames.ts` writes them. */
  readonly largest: readonly { readonly path: string; readonly sizeBytes: number }[];
}

const mostLargest = 5;

/** Bottom layer first. Rejects as the lists do, or with an AbortError. */
export async function layerFigures(
  image: LayeredImage,
  signal: AbortSignal,
): Promise<readonly LayerFigures[]> {
  const { name, layers } = image;
  const waste = await analyzeWaste(
    { name, layers: layers.map((layer) => layer.entries(signal)) },
    { signal },
  );
  const figures: LayerFigures[] = [];
  for (const [place, layer] of layers.entries()) {
    const names = await namesIn(layer.entries(signal), signal);
    const { sizeBytes = 0, wastedBytes = 0, spoiledBytes = 0 } = waste.layers[place] ?? {};
    figures.push({ ...names, sizeBytes, wastedBytes, spoiledBytes });
  }
  return figures;
}

type Entries = ReturnType<LayeredImage['layers'][number]['entries']>;

async function namesIn(
  entries: Entries,
  signal: AbortSignal,
): Promise<Pick<LayerFigures, 'fileCount' | 'removedCount' | 'largest'>> {
  const pacer = new Pacer();
  const largest: { path: string; sizeBytes: number }[] = [];
  let fileCount = 0;
  let removedCount = 0;
  for await (const entry of entries) {
    if (pacer.isDue) await pacer.pause();
    signal.throwIfAborted();
    const path = exactPath(entry);
    const meaning = meaningOf(partsOf(path) ?? []);
    if (meaning === undefined) continue;
    if (meaning.kind !== 'entry') removedCount += 1;
    else if (entry.type !== 'directory') {
      fileCount += 1;
      if (entry.size > (largest.length < mostLargest ? 0 : (largest.at(-1)?.sizeBytes ?? 0))) {
        largest.push({ path, sizeBytes: entry.size });
        largest.sort((a, b) => b.sizeBytes - a.sizeBytes).splice(mostLargest);
      }
    }
  }
  return { fileCount, removedCount, largest };
}
