import type { Engine } from '../engine/engine.ts';
import type { LoadOutcome } from '../engine/records.ts';
import { sendWhole } from '../engine/sendWhole.ts';
import type { Operation } from '../progress.ts';
import type { ImagePlan } from './imagePlan.ts';

export interface Bringing {
  /** The tar of the images that the engine lacks, whole or without some layers; undefined where it lacks none. */
  readonly tar: AsyncIterable<Uint8Array> | undefined;
  /** Images that the engine has: they only get their tags. */
  readonly there: readonly ImagePlan[];
}

/**
 * Brings images to an engine: one tar as it comes, then tags for what is there already. Looks at nothing afterwards and
 * undoes nothing: it is the work of a `LoadJob`. Rejects with what the tar throws, the engine's failures, or an
 * AbortError. Reports the phase `finishing`.
 */
export async function sendAndTag(
  engine: Pick<Engine, 'images'>,
  { tar, there }: Bringing,
  { signal, progress }: Operation,
): Promise<LoadOutcome> {
  const outcome: LoadOutcome =
    tar === undefined
      ? { names: [], ids: [], remarks: [] }
      : await sendWhole(tar, signal, (bytes, untilWhole) =>
          engine.images.load(bytes, {
            signal: untilWhole,
            onProgress: (fact) => {
              progress.report({ phase: 'finishing', ...fact });
            },
          }),
        );
  for (const { id, tags } of there)
    for (const { tag, effect } of tags) {
      signal.throwIfAborted();
      // Without the signal: a call that broke off might still be carried out after it was undone.
      if (effect !== 'same') await engine.images.tag(id, tag);
    }
  return outcome;
}
