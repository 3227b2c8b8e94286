import type { LoadProgress } from '../core/engine/engine.ts';
import type { LoadOutcome } from '../core/engine/records.ts';
import type { Digest } from '../core/digest.ts';
import { failure, reasonOf } from '../core/errors.ts';
import { engineMessage, errorIn } from './wire/messages.ts';
import { digestFrom, parseWire } from './wire/parseWire.ts';

/**
 * Reads what an engine says while it loads. Rejects with `loadFailed` on an error, and when it says nothing of an
 * image: some engines answer 200 to a tar they found nothing in.
 */
export async function readLoadAnswer(
  lines: AsyncIterable<unknown>,
  onProgress: ((progress: LoadProgress) => void) | undefined,
): Promise<LoadOutcome> {
  const names: string[] = [];
  const ids: Digest[] = [];
  const remarks: string[] = [];
  let failed: string | undefined;
  for await (const line of lines) {
    const message = parseWire(engineMessage, line, 'image load');
    failed ??= errorIn(message);
    const { current, total } = message.progressDetail ?? {};
    if (message.id && total) {
      onProgress?.({ item: message.id, doneBytes: current ?? 0, totalBytes: total });
    }
    for (const sentence of (message.stream ?? '').split('\n').filter((part) => part.trim() !== '')) {
      // The containerd store says "Loaded image" first and then, with status 200, that it is not usable.
      if (sentence.startsWith('Error unpacking image')) failed ??= reasonOf(sentence);
      const loaded = /^Loaded image(?:\(s\))?(?: ID)?: (.+)$/.exec(sentence.trim())?.[1];
      if (loaded === undefined) remarks.push(sentence.trim());
      // Podman puts all names into one line.
      for (const name of loaded?.split(',') ?? []) {
        const id = digestFrom(name.trim());
        if (id === undefined) names.push(name.trim());
        else ids.push(id);
      }
    }
  }
  if (failed !== undefined) throw failure('loadFailed', { reason: reasonOf(failed) });
  if (names.length + ids.length === 0) {
    throw failure('loadFailed', { reason: remarks.at(-1) ?? 'it says nothing of an image that it loaded' });
  }
  return { names, ids, remarks };
}
