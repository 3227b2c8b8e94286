import { Pacer } from '../archive/pacer.ts';
import type { LayerEntry } from '../vault/layerEntry.ts';

/** Entries of a tree, and how they are named: its root folder is `root` itself, for example `v/`; empty for none. */
export interface NamedEntries {
  readonly root: string;
  readonly entries: AsyncIterable<LayerEntry>;
}

/** What is not the same on both sides. */
export interface EntryDifference {
  /** Below the root, without a slash at its end; empty for the root itself. */
  readonly path: string;
  /** The path's bytes, each as a character, where it is not UTF-8. */
  readonly bytes?: string;
  readonly kind: 'missing' | 'added' | 'changed';
  /** For `changed`: what differs, such as `mode`. */
  readonly fields: readonly string[];
}

/**
 * How `found` differs from `expected`: type, mode, owner, size, time to the second, links, devices, extended
 * attributes and data. Their order doesn't matter, but memory is only flat where it is the same.
 */
export async function* entryDifferences(
  expected: NamedEntries,
  found: NamedEntries,
): AsyncGenerator<EntryDifference, void, undefined> {
  const pacer = new Pacer();
  const sides = [new Side(expected), new Side(found)] as const;
  const [wanted, seen] = sides;
  try {
    while (!wanted.hasEnded || !seen.hasEnded) {
      await Promise.all(sides.map((side) => side.read()));
      for (const [side, other] of [sides, [seen, wanted] as const]) {
        const entry = side.takeLatest();
        if (entry === undefined) continue;
        const match = other.take(entry.key);
        if (match === undefined) {
          side.keep(entry);
          continue;
        }
        const fields = side === wanted ? fieldsThatDiffer(entry, match) : fieldsThatDiffer(match, entry);
        if (fields.length > 0) yield { ...namesOf(entry), kind: 'changed', fields };
      }
      if (pacer.isDue) await pacer.pause();
    }
    for (const [side, kind] of [[wanted, 'missing'] as const, [seen, 'added'] as const])
      for (const entry of side.kept()) {
        yield { ...namesOf(entry), kind, fields: [] };
        if (pacer.isDue) await pacer.pause();
      }
  } finally {
    await Promise.all(sides.map((side) => side.close()));
  }
}

/** A path below the root, without a slash at its end. */
export function pathBelow(root: string, { path }: { readonly path: string }): string {
  const bare = path.replace(/^\.\//, '').replace(/\/+$/, '');
  if (bare === root.replace(/\/+$/, '')) return '';
  return bare.startsWith(root) ? bare.slice(root.length) : bare;
}

function namesOf({ path, key }: Compared): Pick<EntryDifference, 'path' | 'bytes'> {
  return { path, ...(key.startsWith('\0') && { bytes: key.slice(1) }) };
}

interface Compared {
  /** Tells entries apart whose names are not UTF-8. */
  readonly key: string;
  readonly path: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What an entry is called below its root, and all that makes it the same as another one, as one text. */
export function entryFacts(
  root: string,
  entry: LayerEntry,
): { readonly key: string; readonly facts: string } {
  const { key, fields } = comparedOf(root, entry);
  return { key, facts: JSON.stringify(fields) };
}

class Side {
  readonly #root: string;
  readonly #iterator: AsyncIterator<LayerEntry>;
  readonly #waiting = new Map<string, Compared>();
  #latest: Compared | undefined;
  hasEnded = false;

  constructor({ root, entries }: NamedEntries) {
    this.#root = root;
    this.#iterator = entries[Symbol.asyncIterator]();
  }

  async read(): Promise<void> {
    if (this.hasEnded) return;
    const next = await this.#iterator.next();
    if (next.done === true) this.hasEnded = true;
    else this.#latest = comparedOf(this.#root, next.value);
  }

  takeLatest(): Compared | undefined {
    const latest = this.#latest;
    this.#latest = undefined;
    return latest;
  }

  /** The entry of that path which was read already. */
  take(key: string): Compared | undefined {
    if (this.#latest?.key === key) return this.takeLatest();
    const found = this.#waiting.get(key);
    this.#waiting.delete(key);
    return found;
  }

  keep(entry: Compared): void {
    this.#waiting.set(entry.key, entry);
  }

  kept(): Iterable<Compared> {
    return this.#waiting.values();
  }

  async close(): Promise<void> {
    await this.#iterator.return?.();
  }
}

function comparedOf(root: string, entry: LayerEntry): Compared {
  const { type, mode, uid, gid, size, mtime, device, xattrs = {}, sha256 = '' } = entry;
  const common = { type, owner: `${uid}:${gid}`, mode, 'modification time': Math.floor(mtime) };
  const path = pathBelow(root, entry);
  return {
    path,
    // No path has the zero byte that stands before the others.
    key: entry.rawPath === undefined ? path : `\0${belowRaw(root, entry.rawPath)}`,
    fields: {
      ...common,
      // Nothing but its target is a hard link's own, and the mode of a symlink means nothing.
      ...(type === 'symlink' && { mode: 0 }),
      size,
      link: linkOf(root, entry),
      device: device?.join(':') ?? '',
      'extended attributes': Object.entries(xattrs)
        .map((pair) => pair.join('='))
        .sort()
        .join(','),
      content: sha256,
    },
  };
}

function fieldsThatDiffer(one: Compared, other: Compared): readonly string[] {
  return Object.keys(one.fields).filter((name) => one.fields[name] !== other.fields[name]);
}

/** A hard link's target is an entry, and named like one. */
function linkOf(root: string, { type, link = '', rawLink }: LayerEntry): string {
  if (rawLink !== undefined) return type === 'hardlink' ? `\0${belowRaw(root, rawLink)}` : `\0${rawLink}`;
  return type === 'hardlink' ? pathBelow(root, { path: link }) : link;
}

function belowRaw(root: string, rawPath: string): string {
  return pathBelow(root, { path: Buffer.from(rawPath, 'base64').toString('latin1') });
}
