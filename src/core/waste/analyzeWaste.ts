import { Pacer } from '../archive/pacer.ts';
import { partsOf } from '../layers/entryNames.ts';
import type { LayerTree } from '../layers/layerTree.ts';
import { mergeLayers, type MergeInput, type MergeWatcher, type Origin } from '../layers/mergeLayers.ts';
import { fileAt, type TreeFile, type TreeNode } from '../layers/treeNode.ts';
import { DiveScorer, type DiveScore } from './diveScore.ts';

/** Bytes that lie in a layer and that nobody can see in the image. Layers are counted from 0, the bottom one. */
export interface WastedFile {
  /** As `entryNames.ts` writes paths: the name under which the tar brings the bytes. */
  readonly path: string;
  readonly sizeBytes: number;
  /** The layer that brought the bytes. */
  readonly from: number;
  /** The layer that took the last name of them away; the same one where a tar has a path twice. */
  readonly by: number;
  /**
   * `deleted`: nothing is there any more. `replaced`: something else is. `copied`: the same bytes once more, as after a
   * change of mode, owner or time alone.
   */
  readonly kind: 'deleted' | 'replaced' | 'copied';
}

/** What one layer costs. Bytes are those of files' data, without tar headers. */
export interface LayerCost {
  readonly sizeBytes: number;
  readonly entryCount: number;
  /** Of its own bytes, how many are useless. */
  readonly wastedBytes: number;
  /** How many bytes, of its own and of those below, it made useless. */
  readonly spoiledBytes: number;
}

export interface WasteAnalysis {
  /** Bottom first. */
  readonly layers: readonly LayerCost[];
  readonly sizeBytes: number;
  readonly wastedBytes: number;
  /** Layer by layer as it came about; an empty file is none. */
  readonly wasted: readonly WastedFile[];
  /** What dive 0.13 would say. */
  readonly dive: DiveScore;
}

/**
 * Which bytes of an image's layers are useless, since the layers above replaced or deleted every name of them, and by
 * which layer. A file counts once, however many names it has; a link has no bytes. So the bytes of all layers are those
 * that can be seen and those that are wasted.
 * Rejects with `treeTooLarge`, as the sequences do, or with an AbortError.
 */
export async function analyzeWaste(
  input: MergeInput,
  options: { readonly signal?: AbortSignal } = {},
): Promise<WasteAnalysis> {
  return (await analyzeLayers(input, options)).waste;
}

/** The same, and the layers laid over one another: each file knows its layer and how many names it has. */
export async function analyzeLayers(
  input: MergeInput,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<{ readonly waste: WasteAnalysis; readonly root: TreeNode<Origin> }> {
  const ledger = new WasteLedger();
  const dive = new DiveScorer();
  const watcher: MergeWatcher = {
    takeEntry: (entry) => {
      dive.take(entry);
    },
    takeLayer: async (tree, place) => {
      await dive.endLayer();
      await ledger.takeLayer(tree, place, signal);
    },
    loseName: (file, how) => {
      ledger.loseName(file, how);
    },
  };
  const root = await mergeLayers(input, watcher, { ...(signal && { signal }) });
  return { waste: { ...ledger.sums(), dive: dive.score() }, root };
}

type Loss = Parameters<NonNullable<MergeWatcher['loseName']>>[1];

/** Counts names of files, and notes what has none any more. */
class WasteLedger {
  readonly #wasted: WastedFile[] = [];
  readonly #layers: { sizeBytes: number; entryCount: number; wastedBytes: number; spoiledBytes: number }[] =
    [];

  async takeLayer(
    { root, brought, entryCount }: LayerTree<Origin>,
    place: number,
    signal?: AbortSignal,
  ): Promise<void> {
    const cost = { sizeBytes: 0, entryCount, wastedBytes: 0, spoiledBytes: 0 };
    this.#layers.push(cost);
    const pacer = new Pacer();
    const pause = async (): Promise<void> => {
      await pacer.pause();
      signal?.throwIfAborted();
    };
    const ahead = [root];
    for (let node = ahead.pop(); node; node = ahead.pop()) {
      if (pacer.isDue) await pause();
      const { file, children } = node;
      if (children !== undefined) for (const child of children.values()) ahead.push(child);
      else if (file !== undefined) file.layer.names += 1;
    }
    for (const file of brought) {
      if (pacer.isDue) await pause();
      cost.sizeBytes += file.sizeBytes;
      if (file.layer.names === 0)
        this.#lose(file, { place, successor: fileAt(root, partsOf(file.layer.path) ?? []) });
    }
  }

  loseName(file: TreeFile<Origin>, how: Loss): void {
    file.layer.names -= 1;
    if (file.layer.names === 0) this.#lose(file, how);
  }

  sums(): Pick<WasteAnalysis, 'layers' | 'sizeBytes' | 'wastedBytes' | 'wasted'> {
    const sum = (of: (cost: LayerCost) => number): number =>
      this.#layers.reduce((total, cost) => total + of(cost), 0);
    return {
      layers: this.#layers,
      sizeBytes: sum(({ sizeBytes }) => sizeBytes),
      wastedBytes: sum(({ wastedBytes }) => wastedBytes),
      wasted: this.#wasted,
    };
  }

  #lose(file: TreeFile<Origin>, { place: by, successor }: Loss): void {
    const { sizeBytes, layer } = file;
    if (sizeBytes === 0) return;
    const path = (partsOf(layer.path) ?? []).join('/');
    this.#wasted.push({ path, sizeBytes, from: layer.place, by, kind: kindOf(file, successor) });
    const [brought, spoiled] = [this.#layers[layer.place], this.#layers[by]];
    if (brought) brought.wastedBytes += sizeBytes;
    if (spoiled) spoiled.spoiledBytes += sizeBytes;
  }
}

function kindOf(file: TreeFile<Origin>, successor: TreeFile<Origin> | undefined): WastedFile['kind'] {
  if (successor === undefined) return 'deleted';
  const isSame =
    successor.type === file.type &&
    successor.sizeBytes === file.sizeBytes &&
    file.sha256 !== undefined &&
    successor.sha256 === file.sha256;
  return isSame ? 'copied' : 'replaced';
}
