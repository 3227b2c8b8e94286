import type { Archive, ArchiveSource } from '../archive/archive.ts';
import { Pacer } from '../archive/pacer.ts';
import { readArchive } from '../archive/readArchive.ts';
import type { PlainFollower } from '../archive/storedFileReader.ts';
import { TarScanner } from '../archive/tarScanner.ts';
import { shortDigest } from '../digest.ts';
import { DrydockError, failure } from '../errors.ts';
import { parseImageConfig } from '../oci/manifest.ts';
import type { Operation } from '../progress.ts';
import { EntryLines, type LayerEntry } from '../vault/layerEntry.ts';
import { withOwnNames, type LayeredImage } from './layeredImage.ts';
import { defaultMaxNodes } from './loadTree.ts';

/** Entries are scanned in steps of this size, so that a piece with thousands of small files blocks nobody. */
const stepBytes = 1 << 16;

/**
 * Reads an archive to its end, with all the checks of `readArchive`, and lists what is in its layers on the way: one
 * pass, so that an engine has to send an image once. The lists stay in memory, about 500 bytes for each entry.
 * Rejects as `readArchive` does. A layer's `entries` throw `treeTooLarge`, and an `archive…` failure where it is no tar.
 */
export async function readArchivedImages(
  source: ArchiveSource,
  operation: Operation,
  { maxEntries = defaultMaxNodes }: { readonly maxEntries?: number } = {},
): Promise<{ readonly archive: Archive; readonly images: readonly LayeredImage[] }> {
  const lists = new Map<string, EntryList>();
  let entryCount = 0;
  const onEntry = (): void => {
    entryCount += 1;
    if (entryCount > maxEntries) throw failure('treeTooLarge', { name: source.name, limit: maxEntries });
  };
  const archive = await readArchive(source, operation, {}, (path) => {
    const list = new EntryList(`${path} in ${source.name}`, onEntry);
    lists.set(path, list);
    return list;
  });
  const images = archive.images.map(
    ({ configDigest, configBytes, tags, platform, layers }): LayeredImage => ({
      name: tags[0] ?? shortDigest(configDigest),
      kind: 'image',
      tags,
      platform,
      configDigest,
      config: parseImageConfig(configBytes, `${source.name}: ${configDigest}`),
      layers: layers.map(({ diffId, sizeBytes, path }) => ({
        diffId,
        tarBytes: sizeBytes,
        entries: () => lists.get(path)?.whole() ?? [],
      })),
    }),
  );
  return { archive, images: withOwnNames(images) };
}

/** Lists the entries of a file that may be a layer. That it is no tar counts only when it turns out to be one. */
class EntryList implements PlainFollower {
  readonly #scanner: TarScanner;
  readonly #lines = new EntryLines();
  readonly #pacer = new Pacer();
  readonly #onEntry: () => void;
  #entries: LayerEntry[] = [];
  #refusal: DrydockError | undefined;

  constructor(name: string, onEntry: () => void) {
    this.#scanner = new TarScanner(name);
    this.#onEntry = onEntry;
  }

  async take(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length && this.#refusal === undefined; at += stepBytes) {
      this.#scan(bytes.subarray(at, at + stepBytes));
      if (this.#pacer.isDue) await this.#pacer.pause();
    }
  }

  whole(): readonly LayerEntry[] {
    if (this.#refusal) throw this.#refusal;
    this.#scanner.finish();
    return this.#entries;
  }

  #scan(bytes: Uint8Array): void {
    try {
      for (const event of this.#scanner.push(bytes)) {
        const entry = this.#lines.takeEntry(event);
        if (entry === undefined) continue;
        this.#onEntry();
        this.#entries.push(entry);
      }
    } catch (error) {
      if (!(error instanceof DrydockError)) throw error;
      this.#refusal = error;
      this.#entries = [];
    }
  }
}
