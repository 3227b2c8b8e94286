import * as z from 'zod';
import { isDigest, type Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import { annotations, ociIndexType } from '../oci/mediaTypes.ts';
import { parseJson } from '../oci/parseJson.ts';

/** The `artifactType` of an entry that is a snapshot of ours. */
export const snapshotType = 'application/vnd.drydock.snapshot.v1';

/** One entry of index.json is under 2 KiB, so this is far more than a vault of many years has. */
export const indexLimits = { maxBytes: 64 << 20, maxDepth: 64 };
const maxEntries = 100_000;

/** What we read of an entry. */
export interface EntryDescriptor {
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly annotations: Readonly<Record<string, string>>;
}

/** One entry of index.json. */
export interface IndexEntry {
  /** The entry as it stands in the file; written back unchanged. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Left out where the entry is not a sha256 descriptor; foreign tools may write such. */
  readonly descriptor?: EntryDescriptor;
}

export interface SnapshotIndex {
  /** Everything of the file but its entries. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly entries: readonly IndexEntry[];
}

/** The index.json of a new vault. */
export const emptyIndex = { schemaVersion: 2, mediaType: ociIndexType, manifests: [] } as const;

const record = z.custom<Record<string, unknown>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  { message: 'not an object' },
);
const file = record.refine((fields) => fields['schemaVersion'] === 2, {
  message: 'its schemaVersion is not 2',
});
/** Some tools write null for an empty list. One that is not there is not empty: it was lost, and so would be all that it named. */
const manifests = z.array(record).max(maxEntries).nullable();
const descriptor = z.object({
  mediaType: z.string().max(255).default(''),
  artifactType: z.string().max(255).optional(),
  digest: z.custom<Digest>((value) => typeof value === 'string' && isDigest(value)),
  size: z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER),
  // One value of a wrong type must not hide a snapshot.
  annotations: z.record(z.string(), z.unknown()).nullish().catch(null),
});

/** Reads an index.json; throws `badJson`. Entries of other tools are kept as they are. */
export function parseSnapshotIndex(bytes: Uint8Array, where: string): SnapshotIndex {
  const { manifests: found, ...fields } = parseJson(bytes, file, where, indexLimits);
  const list = manifests.safeParse(found);
  if (!list.success)
    throw failure('badJson', { where, reason: 'its manifests are no list of descriptors' }, list.error);
  return { fields, entries: (list.data ?? []).map(entryOf) };
}

/** The bytes of an index.json. */
export function snapshotIndexBytes(index: SnapshotIndex): Buffer {
  return Buffer.from(
    JSON.stringify({ ...index.fields, manifests: index.entries.map(({ fields }) => fields) }),
  );
}

/** An entry to be added. */
export function newEntry(of: EntryDescriptor): IndexEntry {
  const { mediaType, artifactType, digest, sizeBytes, annotations: notes } = of;
  return {
    descriptor: of,
    fields: {
      mediaType,
      ...(artifactType !== undefined && { artifactType }),
      digest,
      size: sizeBytes,
      annotations: notes,
    },
  };
}

/** Whether an entry is a snapshot of ours. */
export function isSnapshot(entry: IndexEntry): boolean {
  return entry.descriptor?.artifactType === snapshotType;
}

/** The name by which OCI tools choose an entry. */
export function refNameOf(entry: IndexEntry): string | undefined {
  return entry.descriptor?.annotations[annotations.refName];
}

function entryOf(fields: Record<string, unknown>): IndexEntry {
  const parsed = descriptor.safeParse(fields);
  if (!parsed.success) return { fields };
  const { size, annotations: notes, artifactType, ...rest } = parsed.data;
  return {
    fields,
    descriptor: {
      ...rest,
      ...(artifactType !== undefined && { artifactType }),
      sizeBytes: size,
      annotations: textsOf(notes ?? {}),
    },
  };
}

function textsOf(notes: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(notes).filter((note): note is [string, string] => typeof note[1] === 'string'),
  );
}
