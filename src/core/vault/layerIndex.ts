import * as z from 'zod';
import { Pacer } from '../archive/pacer.ts';
import { isDigest, type Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import { parseJson } from '../oci/parseJson.ts';
import {
  readDocument,
  readVerified,
  type BlobReader,
  type CancelOptions,
  type StoredBlob,
} from './blobStore.ts';
import { unpack, type FramedLayer } from './frames.ts';
import { lineStart, maxLineBytes, parseLayerEntry, pathInLine, type LayerEntry } from './layerEntry.ts';
import { linesOf } from './lines.ts';

/** Media type of the frame table; also the `artifactType` of the manifest that holds both parts of an index. */
export const layerIndexType = 'application/vnd.drydock.layer-index.v1+json';

/** Media type of the list of entries. */
export function entriesType(compression: 'zstd' | 'gzip'): string {
  return `application/vnd.drydock.layer-index.entries.v1+jsonl+${compression}`;
}

/** What is known of a layer without reading it. */
export interface LayerIndex extends FramedLayer {
  readonly entryCount: number;
  /** Where its list of entries lies, and how that is packed: not always as the layer is. */
  readonly entries: StoredBlob & { readonly compression: 'zstd' | 'gzip' };
}

/** A table of 64 MiB describes a layer of about 10 TB. */
const tableLimits = { maxBytes: 64 << 20, maxDepth: 8 };
const maxEntries = 4_000_000;

const size = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), {
  message: 'not a sha256 digest',
});
const frameTable = z.looseObject({
  formatVersion: z.literal(1),
  diffId: digest,
  digest,
  size,
  compression: z.enum(['none', 'zstd', 'gzip']),
  plainSize: size,
  frames: z.array(z.tuple([size, size])).max(4_000_000),
  entryCount: size.max(maxEntries),
  entries: z.looseObject({ mediaType: z.enum([entriesType('zstd'), entriesType('gzip')]), digest, size }),
});

/** The bytes of a frame table. */
export function layerIndexBytes(index: LayerIndex): Buffer {
  const table: z.input<typeof frameTable> = {
    formatVersion: 1,
    diffId: index.diffId,
    digest: index.digest,
    size: index.sizeBytes,
    compression: index.compression,
    plainSize: index.plainBytes,
    frames: index.frames.map(({ storedBytes, plainBytes }) => [storedBytes, plainBytes]),
    entryCount: index.entryCount,
    entries: {
      mediaType: entriesType(index.entries.compression),
      digest: index.entries.digest,
      size: index.entries.sizeBytes,
    },
  };
  return Buffer.from(JSON.stringify(table));
}

/** Reads a frame table and checks that its sums are right; throws `badJson`. */
export function parseLayerIndex(bytes: Uint8Array, where: string): LayerIndex {
  const table = parseJson(bytes, frameTable, where, tableLimits);
  const frames = table.frames.map(([storedBytes, plainBytes]) => ({ storedBytes, plainBytes }));
  const sum = (sizes: readonly number[]): number => sizes.reduce((total, one) => total + one, 0);
  if (
    sum(frames.map(({ storedBytes }) => storedBytes)) !== table.size ||
    sum(frames.map(({ plainBytes }) => plainBytes)) !== table.plainSize
  )
    throw failure('badJson', { where, reason: 'its frames do not add up to the layer' });
  return {
    diffId: table.diffId,
    digest: table.digest,
    sizeBytes: table.size,
    compression: table.compression,
    plainBytes: table.plainSize,
    frames,
    entryCount: table.entryCount,
    entries: {
      digest: table.entries.digest,
      sizeBytes: table.entries.size,
      compression: table.entries.mediaType === entriesType('gzip') ? 'gzip' : 'zstd',
    },
  };
}

/** The layer index under `table`, the descriptor of its frame table. Rejects with `blobMissing`, `blobDamaged`, `badJson`. */
export async function openLayerIndex(
  store: BlobReader,
  table: StoredBlob,
  { signal }: CancelOptions = {},
): Promise<LayerIndex> {
  const options = { maxBytes: tableLimits.maxBytes, ...(signal && { signal }) };
  return parseLayerIndex(await readDocument(store, table, options), `${store.name}: ${table.digest}`);
}

/** The entries of a layer in the order of its tar. Rejects with `blobMissing`, `blobDamaged`, `badJson`. */
export async function* layerEntries(
  store: BlobReader,
  index: LayerIndex,
  { signal }: CancelOptions = {},
): AsyncGenerator<LayerEntry, void, undefined> {
  const where = `${store.name}: ${index.entries.digest}`;
  for await (const lines of entryLines(store, index, signal && { signal }))
    for (const line of lines) yield parseLayerEntry(line, where);
}

/**
 * The entry of `path` as it stands in the tar, or undefined. Of several the last, which is the one that unpacking
 * leaves. Only its own line is parsed.
 */
export async function findLayerEntry(
  store: BlobReader,
  index: LayerIndex,
  path: string,
  { signal }: CancelOptions = {},
): Promise<LayerEntry | undefined> {
  const start = lineStart(path);
  let found: Buffer | undefined;
  for await (const lines of entryLines(store, index, signal && { signal }))
    for (const line of lines)
      if (line.length > start.length && line.subarray(0, start.length).equals(start)) found = line;
  return found && parseLayerEntry(found, `${store.name}: ${index.entries.digest}`);
}

/** An entry and its place in the list, from 0. */
export interface PlacedEntry {
  readonly entry: LayerEntry;
  readonly place: number;
}

/**
 * The entries of a layer whose path `isWanted`, in the order of its tar; the lines of the others are not parsed.
 * Paths that are not UTF-8 are asked for with U+FFFD. Rejects as {@link layerEntries} does.
 */
export async function* wantedEntries(
  store: BlobReader,
  index: LayerIndex,
  isWanted: (path: string) => boolean,
  { signal }: CancelOptions = {},
): AsyncGenerator<PlacedEntry, void, undefined> {
  const where = `${store.name}: ${index.entries.digest}`;
  const pacer = new Pacer();
  let place = -1;
  for await (const lines of entryLines(store, index, signal && { signal }))
    for (const line of lines) {
      place += 1;
      if (pacer.isDue) {
        await pacer.pause();
        signal?.throwIfAborted();
      }
      const path = pathInLine(line);
      if (path !== undefined && !isWanted(path)) continue;
      const entry = parseLayerEntry(line, where);
      if (path !== undefined || isWanted(entry.path)) yield { entry, place };
    }
}

async function* entryLines(
  store: BlobReader,
  index: LayerIndex,
  cancel: CancelOptions | undefined,
): AsyncGenerator<readonly Buffer[], void, undefined> {
  const { digest: of, sizeBytes, compression } = index.entries;
  const damaged = (reason: string) => (): Error =>
    failure('blobDamaged', { vault: store.name, digest: of, reason });
  const packed = readVerified(store, { digest: of, sizeBytes }, cancel);
  const plain = unpack(store, { digest: of, compression }, packed, cancel);
  let count = 0;
  const faults = { tooLong: damaged('a line is too long'), cut: damaged('its last line is cut') };
  for await (const lines of linesOf(plain, maxLineBytes, faults)) {
    count += lines.length;
    if (count > index.entryCount) break;
    yield lines;
  }
  if (count !== index.entryCount) throw damaged(`it has not the ${index.entryCount} entries stated`)();
}
