import { isDigest, type Digest } from '../digest.ts';
import { DrydockError } from '../errors.ts';
import { parseImageIndex, parseManifest, type Descriptor } from '../oci/manifest.ts';
import { readDocument, type CancelOptions } from '../vault/blobStore.ts';
import { layerIndexType, openLayerIndex } from '../vault/layerIndex.ts';
import type { Vault } from '../vault/layout.ts';
import { layerNotes } from '../vault/snapshotDocuments.ts';
import { imageNotesOf } from './imageNotes.ts';
import { openContents } from './openContents.ts';
import type { Snapshot, SnapshotImage } from './snapshot.ts';
import { readSnapshots } from './snapshots.ts';
import { type StoredLayer, storedLayerOf } from './storedLayer.ts';

/**
 * What snapshots of a vault hold already, so that it is neither asked for nor stored again. Snapshots are looked
 * through one by one, newest first, as far as the questions need. A snapshot that can't be read is passed over, and
 * what it alone has counts as not there: then it is stored once more, and nothing rests on what is broken.
 */
export class KnownContents {
  readonly #vault: Vault;
  readonly #cancel: CancelOptions;
  #ahead: Snapshot[] | undefined;
  /** The layer index's artifact, by what it is of. */
  readonly #byDigest = new Map<Digest, Descriptor>();
  readonly #byDiffId = new Map<Digest, Descriptor>();
  /** The newest snapshot that has the image. */
  readonly #images = new Map<Digest, Snapshot>();
  readonly #opened = new Map<Digest, StoredLayer | undefined>();

  constructor(vault: Vault, cancel: CancelOptions = {}) {
    this.#vault = vault;
    this.#cancel = cancel;
  }

  /** A layer whose tar has this diffID, packed in any way; its blobs are there, unread. */
  layerOfDiffId(diffId: Digest): Promise<StoredLayer | undefined> {
    return this.#layer(this.#byDiffId, diffId);
  }

  /** The layer that lies under this digest. */
  layerOfDigest(digest: Digest): Promise<StoredLayer | undefined> {
    return this.#layer(this.#byDigest, digest);
  }

  /** An image by the ID that its engine gave it, with its documents read and its layers' indexes. */
  async image(id: Digest): Promise<SnapshotImage | undefined> {
    await this.#lookUntil(() => this.#images.has(id));
    const snapshot = this.#images.get(id);
    if (snapshot === undefined) return undefined;
    const { images } = (await openContents(this.#vault.blobs, snapshot, this.#cancel).catch(forgiving)) ?? {
      images: [],
    };
    return images.find((image) => image.id === id);
  }

  async #layer(places: ReadonlyMap<Digest, Descriptor>, of: Digest): Promise<StoredLayer | undefined> {
    await this.#lookUntil(() => places.has(of));
    const artifact = places.get(of);
    if (artifact === undefined) return undefined;
    const known = this.#opened.get(artifact.digest);
    if (known !== undefined || this.#opened.has(artifact.digest)) return known;
    const opened = await this.#open(artifact).catch(forgiving);
    const isIt = opened !== undefined && [opened.index.digest, opened.diffId].includes(of);
    const isThere = isIt && (await this.#isWhole(opened));
    this.#opened.set(artifact.digest, isThere ? opened : undefined);
    return isThere ? opened : undefined;
  }

  /** The word of a snapshot is not enough: the blobs have to be there in their size. */
  async #isWhole({ index }: StoredLayer): Promise<boolean> {
    for (const { digest, sizeBytes } of [index, index.entries])
      if ((await this.#vault.blobs.stat(digest))?.sizeBytes !== sizeBytes) return false;
    return true;
  }

  async #open({ digest, size }: Descriptor): Promise<StoredLayer> {
    const { blobs } = this.#vault;
    const bytes = await readDocument(blobs, { digest, sizeBytes: size }, this.#cancel);
    const { config } = parseManifest(bytes, `${blobs.name}: ${digest}`);
    const table = { digest: config.digest, sizeBytes: config.size };
    const index = await openLayerIndex(blobs, table, this.#cancel);
    return storedLayerOf({ index, table });
  }

  async #lookUntil(isFound: () => boolean): Promise<void> {
    this.#ahead ??= [...(await readSnapshots(this.#vault, this.#cancel))];
    while (!isFound()) {
      const next = this.#ahead.shift();
      if (next === undefined) return;
      this.#cancel.signal?.throwIfAborted();
      await this.#take(next).catch(forgiving);
    }
  }

  async #take(snapshot: Snapshot): Promise<void> {
    const { blobs } = this.#vault;
    const where = `${blobs.name}: ${snapshot.id}`;
    const bytes = await readDocument(
      blobs,
      { digest: snapshot.id, sizeBytes: snapshot.sizeBytes },
      this.#cancel,
    );
    for (const one of parseImageIndex(bytes, where).manifests ?? []) {
      const image = imageNotesOf(one.annotations, where);
      if (image && !this.#images.has(image.id)) this.#images.set(image.id, snapshot);
      if (one.artifactType === layerIndexType) await this.#takeLayer(one).catch(forgiving);
    }
  }

  async #takeLayer(artifact: Descriptor): Promise<void> {
    const stated = [layerNotes.digest, layerNotes.diffId].map((name) => artifact.annotations?.[name] ?? '');
    let [digest, diffId] = [stated[0] ?? '', stated[1] ?? ''];
    if (!isDigest(digest) || !isDigest(diffId)) {
      const { index } = await this.#open(artifact);
      [digest, diffId] = [index.digest, index.diffId];
    }
    if (isDigest(digest) && !this.#byDigest.has(digest)) this.#byDigest.set(digest, artifact);
    if (isDigest(diffId) && !this.#byDiffId.has(diffId)) this.#byDiffId.set(diffId, artifact);
  }
}

/** What is broken in the vault is told by verify; here it only means that a thing is not known. */
function forgiving(error: unknown): undefined {
  if (
    error instanceof DrydockError &&
    ['blobMissing', 'blobDamaged', 'badJson', 'badDigest'].includes(error.code)
  )
    return undefined;
  throw error;
}
