import { safePath } from '../archive/entryPath.ts';
import type { TarEntryType } from '../archive/tarHeader.ts';
import { failure } from '../errors.ts';
import { pathBelow } from './compareEntries.ts';

/** An entry's names: as text and, where that is not all, as the bytes they are in the tar. */
export interface GuardedEntry {
  readonly path: string;
  readonly pathBytes?: Uint8Array | undefined;
  readonly type: TarEntryType;
  readonly link: string;
  readonly linkBytes?: Uint8Array | undefined;
}

/**
 * Lets through what the tar of a volume may hold, entry by entry: nothing that leads out of it, and nothing below a
 * symlink, which an engine might follow when it unpacks. No tar that was made of a volume has such. `name` is the
 * volume's, `root` what its root folder is called.
 */
export class EntryGuard {
  readonly #name: string;
  readonly #root: string;
  readonly #symlinks = new Set<string>();

  constructor(name: string, root: string) {
    this.#name = name;
    this.#root = root;
  }

  /** Throws `archiveUnsafePath`. */
  check({ path, pathBytes, type, link, linkBytes }: GuardedEntry): void {
    this.#requireInside(path);
    const isLinked = this.#symlinks.size > 0 || type === 'symlink';
    const own = isLinked ? bytesOf(path, pathBytes) : '';
    if (isLinked && this.#isBelowSymlink(own)) throw this.#unsafe(path);
    if (type === 'symlink') this.#symlinks.add(own);
    if (type !== 'hardlink') return;
    this.#requireInside(link);
    if (this.#symlinks.size > 0 && this.#isBelowSymlink(bytesOf(link, linkBytes))) throw this.#unsafe(link);
  }

  #requireInside(path: string): void {
    const isInside = path.startsWith(this.#root) || pathBelow(this.#root, { path }) === '';
    if (!isInside || safePath(path) === undefined) throw this.#unsafe(path);
  }

  #isBelowSymlink(path: string): boolean {
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1))
      if (this.#symlinks.has(path.slice(0, slash))) return true;
    return false;
  }

  #unsafe(path: string): Error {
    return failure('archiveUnsafePath', { name: this.#name, path });
  }
}

/** A path's bytes, each as a character, without doubled slashes: names that are not UTF-8 are told apart. */
function bytesOf(path: string, raw: Uint8Array | undefined): string {
  return safePath(Buffer.from(raw ?? Buffer.from(path)).toString('latin1')) ?? '';
}
