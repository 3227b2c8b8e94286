import { Pacer } from '../archive/pacer.ts';
import type { TarEntry } from '../archive/tarHeader.ts';
import { TarScanner } from '../archive/tarScanner.ts';
import { EntryLines, type LayerEntry } from '../vault/layerEntry.ts';

const stepBytes = 1 << 16;

/**
 * The entries of a tar with the hashes of their data, as a layer index would list them. `name` is for failures;
 * `onEntry` is told of each when its header has come.
 */
export async function* tarEntries(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
  onEntry: (entry: TarEntry) => void = () => undefined,
): AsyncGenerator<LayerEntry, void, undefined> {
  const scanner = new TarScanner(name);
  const entries = new EntryLines();
  const pacer = new Pacer();
  for await (const chunk of bytes)
    for (let at = 0; at < chunk.length; at += stepBytes) {
      for (const event of scanner.push(chunk.subarray(at, at + stepBytes))) {
        if (event.kind === 'entry') onEntry(event.entry);
        const entry = entries.takeEntry(event);
        if (entry) yield entry;
      }
      if (pacer.isDue) await pacer.pause();
    }
  scanner.finish();
}
