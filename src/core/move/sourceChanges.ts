import { isUtf8 } from 'node:buffer';
import { Pacer } from '../archive/pacer.ts';
import type { TarEntry } from '../archive/tarHeader.ts';
import { TarScanner } from '../archive/tarScanner.ts';
import { tarEnd, tarPadding } from '../archive/tarWriter.ts';
import type { Operation } from '../progress.ts';
import { EntryLines, entryBeforeData, type LayerEntry } from '../vault/layerEntry.ts';
import { EntryGuard } from '../volumes/entryGuard.ts';
import { isOfFileSystem } from '../volumes/fillVolume.ts';
import { headersOf } from '../volumes/renamedTar.ts';
import { headOf, sumOf, type VolumeListing } from './volumeListing.ts';
import { hasRoots, keyOf, parentOf, type VolumePair } from './volumePasses.ts';

/** Each removal is a call of its own; beyond so many it is quicker to send all of it again. */
const maxRemovals = 100;
/** To ask for one path takes an engine about as long as to read so many bytes in a row. */
const bytesPerPath = 8_000_000;
const maxPaths = 500;

/** What one reading of the source finds to be otherwise than the target's list says. Keys are those of `keyOf`. */
export class SourceChanges {
  /** What the target is to hold: the source's entries. */
  readonly expected = new Map<string, string>();
  /** What was sent, by its header or whole, and so has to be read back. */
  readonly sent = new Set<string>();
  /** Files whose data turned out to differ under the same header, when it was too late to send them. */
  readonly late = new Map<string, TarEntry>();
  /** Entries of the source. */
  entries = 0;
  readonly #pair: VolumePair;
  /** What the list has, and was not met yet. */
  readonly #unmet: Map<string, string>;
  readonly #folders = new Map<string, TarEntry>();
  /** Files that have other names, which are hard links to them. */
  readonly #linked = new Set<string>();
  /** Whether something was sent that can't be read back by its path alone. */
  #isOdd = false;
  #readBytes = 0;

  constructor(pair: VolumePair, listing: VolumeListing) {
    this.#pair = pair;
    this.#unmet = new Map(listing);
  }

  /** Reads the source once and yields what differs, as a tar for the target; nothing where nothing does. */
  async *send({ signal, progress }: Operation): AsyncGenerator<Uint8Array, void, undefined> {
    const { source } = this.#pair;
    const scanner = new TarScanner(source.name);
    const guard = new EntryGuard(source.name, source.root);
    const lines = new EntryLines();
    const pacer = new Pacer();
    let isSent = false;
    for await (const chunk of await source.read(signal)) {
      for (const event of scanner.push(chunk as Uint8Array)) {
        if (event.kind === 'entry') {
          const { path, rawPath, rawLinkPath, linkPath: link, type } = event.entry;
          guard.check({ path, type, link, pathBytes: rawPath, linkBytes: rawLinkPath });
          isSent = this.#takeHead(event.entry);
          if (isSent) yield this.headersOf(event.entry);
        } else if (isSent) yield event.kind === 'data' ? event.bytes : tarPadding(event.entry.sizeBytes);
        const whole = lines.takeEntry(event);
        if (whole !== undefined && event.kind !== 'data') this.#takeWhole(event.entry, whole);
        if (pacer.isDue) await pacer.pause();
      }
      this.#readBytes += (chunk as Uint8Array).length;
      progress.report({ phase: 'checking', item: source.name, doneBytes: this.#readBytes });
    }
    scanner.finish();
    if (this.sent.size === 0) return;
    yield* this.foldersOf([...this.sent]);
    yield tarEnd;
  }

  /**
   * What is to go from the target, of whole trees their tops alone; undefined where that is too much. What was below
   * something that is no folder any more has gone with the folder.
   */
  get gone(): readonly string[] | undefined {
    const isFolder = (key: string): boolean =>
      key === '' || this.#folders.has(key) || (isOfFileSystem(key) && !this.expected.has(key));
    const tops = [...this.#unmet.keys()].filter(
      (key) => key !== '' && !isOfFileSystem(key) && isFolder(parentOf(key)),
    );
    return tops.length > maxRemovals ? undefined : tops;
  }

  /** Whether what is late can be had path by path, and leaves no other name with the old data. */
  get canSendLate(): boolean {
    const { source } = this.#pair;
    const isPlain = [...this.late].every(
      ([key, { rawPath }]) => !this.#linked.has(key) && rawPath === undefined,
    );
    return this.late.size === 0 || (source.readPath !== undefined && isPlain && this.late.size <= maxPaths);
  }

  /** Whether what was sent, and what is gone, can be asked for path by path, and that is quicker than to read all. */
  canAskPaths(gone: readonly string[]): boolean {
    const count = this.sent.size + gone.length;
    const isLittle = count <= Math.min(maxPaths, 4 + this.#readBytes / bytesPerPath);
    const hasLinks = [...this.sent].some((key) => this.#linked.has(key));
    const isText = gone.every((key) => isUtf8(Buffer.from(key, 'latin1')));
    return this.#pair.target.readPath !== undefined && isLittle && isText && !hasLinks && !this.#isOdd;
  }

  /** The headers of the folders that paths are in: a write and a removal change a folder's times. */
  *foldersOf(keys: readonly string[]): Generator<Uint8Array, void, undefined> {
    const folders = new Set(keys.flatMap((key) => (key === '' ? [] : [parentOf(key)])));
    for (const key of folders) {
      const folder = this.#folders.get(key);
      if (folder === undefined || !this.expected.has(key)) continue;
      this.sent.add(key);
      yield this.headersOf(folder);
    }
  }

  headersOf(entry: TarEntry): Uint8Array {
    const { source, target } = this.#pair;
    return headersOf(entry, { from: source.root, to: target.root }, source.name);
  }

  /** Whether an entry is to be sent, by what is known before its data. */
  #takeHead(entry: TarEntry): boolean {
    const { root } = this.#pair.source;
    const key = keyOf(root, entry.path, entry.rawPath);
    this.entries += 1;
    if (entry.type === 'directory') this.#folders.set(key, entry);
    const file = entry.type === 'hardlink' ? keyOf(root, entry.linkPath, entry.rawLinkPath) : undefined;
    if (file !== undefined) this.#linked.add(file);
    if (key === '' && !hasRoots(this.#pair)) return false;
    // An engine replaces a file and leaves its other names with the old one: they come behind it, and go along.
    const isOfSent = file !== undefined && this.sent.has(file);
    if (!isOfSent && this.#unmet.get(key)?.startsWith(headOf(root, entryBeforeData(entry))) === true)
      return false;
    this.sent.add(key);
    this.#isOdd ||= file !== undefined || entry.rawPath !== undefined;
    return true;
  }

  #takeWhole(entry: TarEntry, whole: LayerEntry): void {
    const { root } = this.#pair.source;
    const key = keyOf(root, entry.path, entry.rawPath);
    const sum = sumOf(root, whole);
    const listed = this.#unmet.get(key);
    this.#unmet.delete(key);
    if (key === '' && !hasRoots(this.#pair)) return;
    this.expected.set(key, sum);
    if (!this.sent.has(key) && listed !== sum) this.late.set(key, entry);
  }
}
