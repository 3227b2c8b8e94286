import * as z from 'zod';
import { digestOf, hexOf, isDigest, type Digest } from '../digest.ts';
import type { Platform } from '../engine/records.ts';
import { DrydockError } from '../errors.ts';
import type { ListedLayer } from '../layers/layeredImage.ts';
import { diffIdsOf } from '../oci/diffIds.ts';
import { parseImageConfig } from '../oci/manifest.ts';
import { parseJson } from '../oci/parseJson.ts';
import { BoundedFolder } from './boundedFolder.ts';
import { packEntries, unpackEntries } from './entryRows.ts';

/** What is kept of an image of an engine, so that it is known without asking for its bytes once more. */
export interface ImageRecord {
  /** As the engine knows it: the digest of its config, of its manifest or of an index. */
  readonly id: Digest;
  readonly configDigest: Digest;
  readonly configBytes: Uint8Array;
  readonly platform: Platform;
  /** Bottom first. */
  readonly layers: readonly {
    readonly diffId: Digest;
    /** The file of the engine's save that held it; empty where that is not known. */
    readonly archivePath: string;
  }[];
}

export interface LayerIndexCacheOptions {
  /** Made when it is not there. */
  readonly folder: string;
  /** How many bytes it may take; the lists of 100,000 files take about 6 MB. */
  readonly maxBytes?: number;
}

const defaultMaxBytes = 512 << 20;
/** What the files are called depends on it, so that versions of Drydock can share a folder. */
const formatVersion = 1;

const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), {
  message: 'not a sha256 digest',
});
const count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const layerNote = z.object({ diffId: digest, tarBytes: count, entryCount: count });
const imageRecord = z.object({
  id: digest,
  configDigest: digest,
  config: z.string(),
  platform: z.object({ os: z.string(), architecture: z.string(), variant: z.string().exactOptional() }),
  layers: z.array(z.object({ diffId: digest, archivePath: z.string() })).max(10_000),
});
/** A config of 4 MiB in base64, and 10,000 layers. */
const recordLimits = { maxBytes: 16 << 20, maxDepth: 8 };
const lengthBytes = 4;

/**
 * Lists of what is in layers, by diffID, and what images of engines are made of, on the disk of this machine: an image
 * is asked for once. Windows and the command line may share a folder. What is damaged or from elsewhere is not there.
 */
export class LayerIndexCache {
  readonly #files: BoundedFolder;

  constructor({ folder, maxBytes = defaultMaxBytes }: LayerIndexCacheOptions) {
    this.#files = new BoundedFolder(folder, maxBytes);
  }

  /** A layer whose list is here; its list stays readable, also when the file goes. Rejects with an AbortError. */
  async find(diffId: Digest, signal?: AbortSignal): Promise<ListedLayer | undefined> {
    const name = layerFile(diffId);
    const bytes = await this.#files.read(name, signal);
    if (bytes === undefined) return undefined;
    const note = await this.#orRemove(name, () => {
      const noteAt =
        bytes.length -
        lengthBytes -
        (bytes.length < lengthBytes ? 0 : bytes.readUInt32LE(bytes.length - lengthBytes));
      const found = parseJson(
        bytes.subarray(Math.max(0, noteAt), -lengthBytes),
        layerNote,
        name,
        recordLimits,
      );
      return found.diffId === diffId ? { ...found, packed: bytes.subarray(0, noteAt) } : undefined;
    });
    if (note === undefined) return undefined;
    const { tarBytes, entryCount, packed } = note;
    return {
      diffId,
      tarBytes,
      entries: (reading) => unpackEntries(packed, { name, entryCount }, reading),
    };
  }

  /**
   * Keeps the list of a layer. Resolves with the layer as it is kept, or as it came where it could not be kept; rejects
   * as its entries do.
   */
  async add(layer: ListedLayer, signal: AbortSignal): Promise<ListedLayer> {
    const { diffId, tarBytes } = layer;
    let entryCount = 0;
    const content = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      const onEntry = (): void => {
        entryCount += 1;
      };
      yield* packEntries(layer.entries(signal), onEntry, signal);
      const note = Buffer.from(
        JSON.stringify({ diffId, tarBytes, entryCount } satisfies z.input<typeof layerNote>),
      );
      const length = Buffer.alloc(lengthBytes);
      length.writeUInt32LE(note.length);
      yield Buffer.concat([note, length]);
    };
    await this.#files.write(layerFile(diffId), content(), signal);
    return (await this.find(diffId, signal)) ?? layer;
  }

  async findImage(id: Digest, signal?: AbortSignal): Promise<ImageRecord | undefined> {
    const name = imageFile(id);
    const bytes = await this.#files.read(name, signal);
    if (bytes === undefined) return undefined;
    return this.#orRemove(name, () => {
      const { config, platform, ...record } = parseJson(bytes, imageRecord, name, recordLimits);
      const configBytes = Buffer.from(config, 'base64');
      const diffIds = diffIdsOf(parseImageConfig(configBytes, name));
      const isSound =
        record.id === id &&
        digestOf(configBytes) === record.configDigest &&
        diffIds.length === record.layers.length &&
        record.layers.every(({ diffId }, place) => diffId === diffIds[place]);
      return isSound ? { ...record, platform, configBytes } : undefined;
    });
  }

  async addImage({ configBytes, ...record }: ImageRecord, signal: AbortSignal): Promise<void> {
    const kept: z.input<typeof imageRecord> = {
      ...record,
      layers: [...record.layers],
      config: Buffer.from(configBytes).toString('base64'),
    };
    const content = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      yield await Promise.resolve(Buffer.from(JSON.stringify(kept)));
    };
    await this.#files.write(imageFile(record.id), content(), signal);
  }

  /** What `read` makes of a file; one that it can make nothing of is removed. */
  async #orRemove<T>(name: string, read: () => T | undefined): Promise<T | undefined> {
    let found: T | undefined;
    try {
      found = read();
    } catch (error) {
      if (!(error instanceof DrydockError)) throw error;
    }
    if (found === undefined) await this.#files.remove(name);
    return found;
  }
}

function layerFile(diffId: Digest): string {
  return `${hexOf(diffId)}.layer${formatVersion}`;
}

function imageFile(id: Digest): string {
  return `${hexOf(id)}.image${formatVersion}`;
}
