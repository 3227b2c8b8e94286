import type { TarEntry } from '../archive/tarHeader.ts';
import { DrydockError, failure } from '../errors.ts';
import type { Operation } from '../progress.ts';
import type { CapturedVolume } from '../snapshot/snapshotRecords.ts';
import { putLayer, type StoredLayer } from '../snapshot/storedLayer.ts';
import { layerEntries } from '../vault/layerIndex.ts';
import { entryDifferences, pathBelow } from './compareEntries.ts';
import { cutTar, type CutSizes } from './cutTar.ts';
import type { VolumeDeps } from './helperContainer.ts';
import type { OpenVolume } from './openVolume.ts';
import { tarEntries } from './tarEntries.ts';
import { EntryRemarks, remarksOnVolume } from './volumeRemarks.ts';

/** A volume's data in the vault, and the document that tells of it; for a `SnapshotDraft`. */
export interface VolumeCapture {
  readonly document: CapturedVolume;
  readonly parts: readonly StoredLayer[];
}

export interface CaptureOptions {
  /** Whether something may write to it now; then it is read twice, and what differs is named. */
  readonly isWrittenMeanwhile: boolean;
  readonly sizes?: CutSizes;
}

/** How often a volume is read again when a file gets shorter in the middle of it. */
const maxReadings = 4;

/**
 * Stores the data of an open volume as parts that are whole tars, cut by content, so that what did not change since
 * the last time is not stored again. Files that change while they are read are named in the document. For a
 * `SnapshotDraft`.
 *
 * Rejects with `volumeFileShrinks`, `volumeUnreadable`, and with what the engine and the vault reject with; parts may
 * be in the vault then, which nothing reaches.
 */
export async function captureOpen(
  deps: VolumeDeps,
  volume: OpenVolume,
  { isWrittenMeanwhile, sizes }: CaptureOptions,
  operation: Operation,
): Promise<VolumeCapture> {
  const remarks = new EntryRemarks();
  const signal = AbortSignal.any([deps.session.signal, operation.signal]);
  const reading = new VolumeReading(deps, volume, { ...operation, signal }, remarks);
  const parts = await reading.store(sizes);
  const entryCount = parts.reduce((sum, { index }) => sum + index.entryCount, 0);
  if (volume.hasRootEntry && !reading.hasRoot) throw failure('volumeUnreadable', { name: volume.name });
  if (!reading.hasRoot)
    remarks.add({ kind: 'notRead', subject: '.', detail: 'the root folder’s owner and mode' });
  if (isWrittenMeanwhile) await reading.compare(parts);
  const { details } = volume;
  const document: CapturedVolume = {
    formatVersion: 1,
    name: volume.name,
    kind: volume.kind,
    driver: details?.driver ?? '',
    options: { ...details?.options },
    labels: { ...details?.labels },
    isAnonymous: details !== undefined && /^[0-9a-f]{64}$/.test(volume.name),
    root: reading.isSingleFile ? volume.root.slice(0, -1) : volume.root,
    entryCount,
    plainBytes: parts.reduce((sum, { index }) => sum + index.plainBytes, 0),
    remarks: [...remarksOnVolume(details), ...remarks.list()],
  };
  return { document, parts };
}

class VolumeReading {
  readonly #deps: VolumeDeps;
  readonly #volume: OpenVolume;
  readonly #operation: Operation;
  readonly #remarks: EntryRemarks;
  #first: TarEntry | undefined;
  #latest: TarEntry | undefined;

  constructor(deps: VolumeDeps, volume: OpenVolume, operation: Operation, remarks: EntryRemarks) {
    this.#deps = deps;
    this.#volume = volume;
    this.#operation = operation;
    this.#remarks = remarks;
  }

  /** Whether the first entry was the root's. */
  get hasRoot(): boolean {
    return this.#first !== undefined && pathBelow(this.#volume.root, this.#first) === '';
  }

  /** A bind may be a file. */
  get isSingleFile(): boolean {
    return this.hasRoot && this.#first?.type !== 'directory';
  }

  async store(sizes: CutSizes | undefined): Promise<readonly StoredLayer[]> {
    return await this.#untilWhole(async () => {
      const { blobs, settings } = this.#deps.session.vault;
      const { signal } = this.#operation;
      const { name } = this.#volume;
      this.#first = undefined;
      const parts: StoredLayer[] = [];
      const options = { name, onEntry: this.#follow, ...(sizes && { sizes }) };
      for await (const bytes of cutTar(this.#bytes(), options))
        parts.push(
          await putLayer(
            blobs,
            { bytes, name, compression: settings.compression, isReadBack: true },
            { signal },
          ),
        );
      return parts;
    });
  }

  /** Reads it again and names what is not as it was in the first reading. */
  async compare(parts: readonly StoredLayer[]): Promise<void> {
    const { blobs } = this.#deps.session.vault;
    const { signal } = this.#operation;
    const { root, name } = this.#volume;
    async function* stored() {
      for (const { index } of parts) yield* layerEntries(blobs, index, { signal });
    }
    await this.#untilWhole(async () => {
      const now = tarEntries(this.#bytes(), name, this.#follow);
      for await (const difference of entryDifferences({ root, entries: stored() }, { root, entries: now }))
        this.#remarks.addDifference(difference);
    });
  }

  readonly #follow = (entry: TarEntry): void => {
    this.#first ??= entry;
    this.#latest = entry;
  };

  async *#bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    const { signal, progress } = this.#operation;
    let doneBytes = 0;
    for await (const chunk of await this.#volume.read(signal)) {
      const bytes = chunk as Uint8Array;
      doneBytes += bytes.length;
      progress.report({ phase: 'reading', item: this.#volume.name, doneBytes });
      yield bytes;
    }
  }

  /**
   * A file that gets shorter while the engine reads it cuts the tar there: it is named, and all is read again. What
   * was stored before is there already then.
   */
  async #untilWhole<T>(read: () => Promise<T>): Promise<T> {
    for (let reading = 1; ; reading++) {
      this.#latest = undefined;
      try {
        return await read();
      } catch (error) {
        const file = this.#cutFile();
        const isCut =
          error instanceof DrydockError && (error.code === 'streamCut' || error.code === 'archiveCut');
        if (!isCut || file === undefined) throw error;
        if (reading === maxReadings)
          throw failure('volumeFileShrinks', { name: this.#volume.name, file, times: maxReadings }, error);
        this.#remarks.add({ kind: 'changed', subject: file, detail: 'size' });
      }
    }
  }

  #cutFile(): string | undefined {
    return this.#latest && pathBelow(this.#volume.root, this.#latest);
  }
}
