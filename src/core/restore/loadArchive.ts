import { loadableTar } from '../archive/loadStream.ts';
import type { Engine } from '../engine/engine.ts';
import { sendWhole } from '../engine/sendWhole.ts';
import type { Operation } from '../progress.ts';
import { loadChecked, type LoadedImage } from '../loading/loadChecked.ts';
import { loadingEngine } from '../loading/imagePlan.ts';
import type { LoadPlan } from './planLoad.ts';

export interface LoadInput {
  readonly plan: LoadPlan;
  /** For tags that move: the name under which the image that loses the tag is kept. */
  readonly keepAs: ReadonlyMap<string, string>;
}

export interface LoadedArchive {
  readonly images: readonly LoadedImage[];
  /** What the engine said beyond the names, such as that a tag moved. */
  readonly remarks: readonly string[];
}

/**
 * Loads the images of a plan as {@link loadChecked} does: looked up before it says done, and put back otherwise.
 * Rejects with its failures and with `archiveChanged`.
 */
export async function loadArchive(
  { engine }: { readonly engine: Engine },
  { plan, keepAs }: LoadInput,
  operation: Operation,
): Promise<LoadedArchive> {
  const { source, archive, info, images } = plan;
  const { signal, progress } = operation;
  const bring = (): ReturnType<Engine['images']['load']> => {
    const tar = loadableTar(
      source,
      archive,
      images.map(({ image }) => image),
      loadingEngine(info),
      operation,
    );
    return sendWhole(tar, signal, (bytes, untilWhole) =>
      engine.images.load(bytes, {
        signal: untilWhole,
        onProgress: (fact) => {
          progress.report({ phase: 'finishing', ...fact });
        },
      }),
    );
  };
  const loaded = await loadChecked(engine, { name: archive.name, info, images, keepAs, bring }, signal);
  return { images: loaded.images, remarks: loaded.remarks };
}
