import { sniffed } from '../archive/sniffed.ts';
import { Hasher, type Digest } from '../digest.ts';
import { failure, type DrydockError } from '../errors.ts';
import type { KnownContents } from '../snapshot/knownContents.ts';
import { putLayer, storedLayerOf, type StoredLayer } from '../snapshot/storedLayer.ts';
import { keepLayer } from '../vault/keepLayer.ts';
import type { VaultSession } from '../vault/vaultSession.ts';

/** A layer that came, by the path it had in the engine's tar. */
export interface ReceivedLayer {
  readonly layer?: StoredLayer;
  /** Why it is none, for a blob that is no tar. */
  readonly failure?: DrydockError;
}

/** A file of the engine's tar that is no document. */
export interface ReceivedFile {
  readonly path: string;
  readonly data: AsyncIterable<Uint8Array>;
  /** What its name says it is. */
  readonly digest?: Digest;
}

/** Layers that may still be on their way to the disk while the next one comes. */
const maxUnderWay = 4;

/**
 * Stores layers as the engine sends them. The stream goes on as soon as a layer's bytes are taken: its last frames are
 * packed and synced while the next ones come. What the vault has is only hashed.
 */
export class ReceivedLayers {
  readonly #session: VaultSession;
  readonly #known: KnownContents;
  readonly #keepsBlobs: boolean;
  readonly #failed = new AbortController();
  readonly #signal: AbortSignal;
  readonly #results = new Map<string, Promise<ReceivedLayer>>();
  readonly #underWay = new Set<Promise<unknown>>();

  /** With `keepsBlobs` every blob is stored as it comes: on a containerd store manifests name them by their digests. */
  constructor(session: VaultSession, known: KnownContents, keepsBlobs: boolean, signal: AbortSignal) {
    this.#session = session;
    this.#known = known;
    this.#keepsBlobs = keepsBlobs;
    this.#signal = AbortSignal.any([signal, this.#failed.signal]);
  }

  /** Resolves when all of the file's bytes were taken. Rejects with what failed in this one or one before. */
  async take({ path, data, digest }: ReceivedFile): Promise<void> {
    while (this.#underWay.size >= maxUnderWay) await Promise.race(this.#underWay);
    this.#signal.throwIfAborted();
    let isTaken: () => void = () => undefined;
    const taken = new Promise<void>((resolve) => {
      isTaken = resolve;
    });
    const watched = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      try {
        yield* data;
      } finally {
        isTaken();
      }
    };
    const result = this.#store(path, watched(), digest);
    const settled: Promise<unknown> = result
      .catch((error: unknown) => {
        this.#failed.abort(error);
      })
      .finally(() => {
        isTaken();
        this.#underWay.delete(settled);
      });
    this.#underWay.add(settled);
    this.#results.set(path, result);
    await taken;
    this.#signal.throwIfAborted();
  }

  /** Says that a file at `path` need not come: the vault has it. */
  skip(path: string, layer: StoredLayer): void {
    this.#results.set(path, Promise.resolve({ layer }));
  }

  /** What became of the file at `path`, once it is stored; undefined where none was taken. */
  async of(path: string): Promise<ReceivedLayer | undefined> {
    return await this.#results.get(path);
  }

  /** Waits until nothing is on its way any more. Rejects with the first failure. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#results.values());
    this.#signal.throwIfAborted();
  }

  /** Ends what is on its way. */
  async stop(reason: unknown): Promise<void> {
    this.#failed.abort(reason);
    await Promise.allSettled(this.#results.values());
  }

  /** A layer that is new is read back while it is stored, so that nothing is left to do after the last one. */
  async #store(
    path: string,
    data: AsyncGenerator<Uint8Array, void, undefined>,
    digest: Digest | undefined,
  ): Promise<ReceivedLayer> {
    if (digest !== undefined) {
      const known = await (this.#keepsBlobs
        ? this.#known.layerOfDigest(digest)
        : this.#known.layerOfDiffId(digest));
      if (known !== undefined) {
        await requireDigest(data, path, digest, this.#signal);
        return { layer: known };
      }
      if (this.#keepsBlobs) return this.#keep(path, data, digest);
    }
    return { layer: await this.#pack(path, data, digest) };
  }

  /** A plain tar, in the vault's own packing. One that turns out to be known is not stored again. */
  async #pack(
    path: string,
    bytes: AsyncIterable<Uint8Array>,
    digest: Digest | undefined,
  ): Promise<StoredLayer> {
    const { blobs, settings } = this.#session.vault;
    let known: StoredLayer | undefined;
    const atEnd = async (diffId: Digest): Promise<void> => {
      known = await this.#known.layerOfDiffId(diffId);
      if (known !== undefined) throw new AlreadyStored();
    };
    const input = {
      bytes,
      name: path,
      compression: settings.compression,
      isReadBack: true,
      ...(digest === undefined ? { atEnd } : { expectedDiffId: digest }),
    };
    try {
      return await putLayer(blobs, input, { signal: this.#signal });
    } catch (error) {
      if (error instanceof AlreadyStored && known !== undefined) return known;
      throw error;
    }
  }

  /** A blob as it is; whether it is a layer shows when somebody needs it as one. */
  async #keep(
    path: string,
    data: AsyncGenerator<Uint8Array, void, undefined>,
    digest: Digest,
  ): Promise<ReceivedLayer> {
    const { blobs, settings } = this.#session.vault;
    const { compression, bytes } = await sniffed(data, path);
    const input = {
      bytes,
      name: path,
      compression,
      expectedDigest: digest,
      listCompression: settings.compression,
    };
    const { layer, failure: refusal } = await keepLayer(blobs, input, { signal: this.#signal });
    if (layer === undefined) return refusal ? { failure: refusal } : {};
    return { layer: storedLayerOf(layer) };
  }
}

/** Ends the storing of a layer at its end, when it shows that the vault has it. */
class AlreadyStored extends Error {}

async function requireDigest(
  data: AsyncIterable<Uint8Array>,
  entry: string,
  expected: Digest,
  signal: AbortSignal,
): Promise<void> {
  const hasher = new Hasher();
  for await (const chunk of data) {
    signal.throwIfAborted();
    hasher.update(chunk);
  }
  const found = hasher.digest();
  if (found !== expected)
    throw failure('archiveWrongDigest', { name: 'the engine’s archive', entry, found, expected });
}
