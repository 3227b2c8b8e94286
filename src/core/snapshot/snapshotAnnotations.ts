import { isDigest } from '../digest.ts';
import { annotations as ociNames } from '../oci/mediaTypes.ts';
import { fullName, tryParseImageName } from '../oci/imageName.ts';
import { isSnapshot, newEntry, type IndexEntry } from '../vault/snapshotIndex.ts';
import { sourceInRef, timeInRef } from './refNames.ts';
import type { Snapshot, SnapshotKind, VerifyDepth } from './snapshot.ts';

/** What index.json says of a snapshot; README.md of the vault describes each. */
const names = {
  created: 'org.opencontainers.image.created',
  kind: 'dev.drydock.kind',
  source: 'dev.drydock.source',
  engineId: 'dev.drydock.engine.id',
  engineName: 'dev.drydock.engine.name',
  imageIds: 'dev.drydock.image.ids',
  plainBytes: 'dev.drydock.size',
  newBytes: 'dev.drydock.new',
  tags: 'dev.drydock.tags',
  pinned: 'dev.drydock.pinned',
  verified: 'dev.drydock.verified',
  verifiedDepth: 'dev.drydock.verified.depth',
  damaged: 'dev.drydock.damaged',
  damagedReason: 'dev.drydock.damaged.reason',
  remarks: 'dev.drydock.remarks',
} as const;

const kinds: readonly SnapshotKind[] = ['image', 'container', 'volume', 'project'];
const depths: readonly VerifyDepth[] = ['structure', 'digests', 'contents'];
const maxTextLength = 10_000;
const maxListLength = 1 << 20;
const maxItems = 10_000;

type Notes = Readonly<Record<string, string>>;

/**
 * The snapshot that an entry of index.json stands for, or undefined for an entry of another tool. Whoever edits a
 * vault by hand may leave anything in the annotations: what can't be read is replaced by what does least harm and
 * named in `unreadable`, so that one bad entry hides no other.
 */
export function snapshotOf(entry: IndexEntry): Snapshot | undefined {
  const { descriptor } = entry;
  if (descriptor === undefined || !isSnapshot(entry)) return undefined;
  const notes = descriptor.annotations;
  const unreadable: string[] = [];
  const reader = new NoteReader(notes, unreadable);
  const refName = reader.text(ociNames.refName, descriptor.digest);
  const createdMs = reader.time(names.created) ?? timeInRef(refName);
  if (createdMs === undefined && !unreadable.includes(names.created)) unreadable.push(names.created);
  const verifiedMs = reader.time(names.verified);
  const damagedMs = reader.time(names.damaged);
  const base = {
    id: descriptor.digest,
    sizeBytes: descriptor.sizeBytes,
    refName,
    source: {
      kind: reader.oneOf(names.kind, kinds, kinds[0] ?? 'image'),
      name: reader.text(names.source, sourceInRef(refName)),
      engineId: reader.text(names.engineId, ''),
      engineName: reader.text(names.engineName, ''),
    },
    createdMs: createdMs ?? 0,
    plainBytes: reader.count(names.plainBytes),
    newBytes: reader.count(names.newBytes),
    imageIds: reader.words(names.imageIds, ',').filter(isDigest),
    tags: reader.list(names.tags),
    isPinned: notes[names.pinned] !== undefined && notes[names.pinned] !== 'false',
    remarkCount: notes[names.remarks] === undefined ? 0 : reader.count(names.remarks),
    ...(verifiedMs !== undefined && {
      verified: { atMs: verifiedMs, depth: reader.oneOf(names.verifiedDepth, depths, 'structure') },
    }),
    // A mark of damage that can't be read is still one.
    ...(notes[names.damaged] !== undefined && {
      damaged: { atMs: damagedMs ?? 0, reason: (notes[names.damagedReason] ?? '').slice(0, maxTextLength) },
    }),
  };
  return { ...base, ...(unreadable.length > 0 && { unreadable }) };
}

/** The entry of index.json for a snapshot. `before` is the entry it had: what others wrote into that is kept. */
export function entryOf(snapshot: Snapshot, before: IndexEntry): IndexEntry {
  const { descriptor, fields } = before;
  if (descriptor === undefined) return before;
  const ours = new Set<string>([...Object.values(names), ociNames.refName, ociNames.containerdName]);
  const foreign = Object.entries(descriptor.annotations).filter(([name]) => !ours.has(name));
  const annotations = { ...Object.fromEntries(foreign), ...annotationsOf(snapshot) };
  const entry = newEntry({ ...descriptor, annotations });
  return { ...entry, fields: { ...fields, ...entry.fields } };
}

/** What is known of a snapshot before its own document is stored. */
export type DraftedSnapshot = Omit<Snapshot, 'id' | 'sizeBytes' | 'newBytes'> & {
  readonly newBytes?: number;
};

/** All annotations of ours for a snapshot. */
export function annotationsOf(snapshot: DraftedSnapshot): Notes {
  const { source, verified, damaged } = snapshot;
  const imageName = source.kind === 'image' ? tryParseImageName(source.name) : undefined;
  return {
    [ociNames.refName]: snapshot.refName,
    ...(imageName && !isDigest(source.name) && { [ociNames.containerdName]: fullName(imageName) }),
    [names.created]: isoTime(snapshot.createdMs),
    [names.kind]: source.kind,
    [names.source]: source.name,
    [names.engineId]: source.engineId,
    [names.engineName]: source.engineName,
    ...(snapshot.imageIds.length > 0 && { [names.imageIds]: snapshot.imageIds.join(',') }),
    [names.plainBytes]: String(snapshot.plainBytes),
    ...(snapshot.newBytes !== undefined && { [names.newBytes]: String(snapshot.newBytes) }),
    ...(snapshot.tags.length > 0 && { [names.tags]: JSON.stringify(snapshot.tags) }),
    ...(snapshot.isPinned && { [names.pinned]: 'true' }),
    ...(verified && {
      [names.verified]: isoTime(verified.atMs),
      [names.verifiedDepth]: verified.depth,
    }),
    ...(damaged && {
      [names.damaged]: isoTime(damaged.atMs),
      [names.damagedReason]: damaged.reason.slice(0, maxTextLength),
    }),
    ...(snapshot.remarkCount > 0 && { [names.remarks]: String(snapshot.remarkCount) }),
  };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** Reads annotations one by one, and notes which of them were not what they should be. */
class NoteReader {
  readonly #notes: Notes;
  readonly #unreadable: string[];

  constructor(notes: Notes, unreadable: string[]) {
    this.#notes = notes;
    this.#unreadable = unreadable;
  }

  text(name: string, otherwise: string): string {
    const found = this.#notes[name];
    if (found !== undefined && found.length <= maxTextLength) return found;
    return this.#bad(name, otherwise);
  }

  oneOf<T extends string>(name: string, allowed: readonly T[], otherwise: T): T {
    return allowed.find((one) => one === this.#notes[name]) ?? this.#bad(name, otherwise);
  }

  count(name: string): number {
    const found = this.#notes[name] ?? '';
    const count = Number(found);
    return /^\d{1,16}$/.test(found) && Number.isSafeInteger(count) ? count : this.#bad(name, 0);
  }

  /** Milliseconds since 1970; nothing where there is no such annotation. */
  time(name: string): number | undefined {
    const found = this.#notes[name];
    if (found === undefined) return undefined;
    const time = found.length < 100 && /^\d{4}-\d\d-\d\dT/.test(found) ? Date.parse(found) : Number.NaN;
    if (!Number.isNaN(time)) return time;
    this.#bad(name, undefined);
    return undefined;
  }

  words(name: string, separator: string): readonly string[] {
    const found = this.#notes[name] ?? '';
    return found === '' ? [] : found.split(separator, maxItems);
  }

  list(name: string): readonly string[] {
    const found = this.#notes[name];
    if (found === undefined) return [];
    if (found.length > maxListLength) return this.#bad(name, []);
    try {
      const parsed: unknown = JSON.parse(found);
      if (Array.isArray(parsed) && parsed.length <= maxItems)
        return parsed.filter((item) => typeof item === 'string').map((item) => item.slice(0, maxTextLength));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    return this.#bad(name, []);
  }

  #bad<T>(name: string, otherwise: T): T {
    this.#unreadable.push(name);
    return otherwise;
  }
}
