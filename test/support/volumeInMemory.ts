/** A volume in memory that reads and unpacks tars as Docker does in a helper container. */
import { Readable } from 'node:stream';
import type { TarEntry } from '../../src/core/archive/tarHeader.ts';
import { TarScanner } from '../../src/core/archive/tarScanner.ts';
import { tarEnd, tarPadding } from '../../src/core/archive/tarWriter.ts';
import { failure } from '../../src/core/errors.ts';
import type { OpenVolume } from '../../src/core/volumes/openVolume.ts';
import { headersOf } from '../../src/core/volumes/renamedTar.ts';

/** What names share when they are hard links. */
export interface Inode {
  type: 'file' | 'directory' | 'symlink' | 'fifo';
  mode: number;
  uid: number;
  mtime: number;
  data: string;
}

const root = 'v/';
const now = 1_900_000_000;

export class VolumeInMemory implements OpenVolume {
  readonly name = 'data';
  readonly kind = 'volume';
  readonly root = root;
  readonly hasRootEntry = true;
  /** By paths below the root, whose own is empty. Names that are not UTF-8 have their bytes as characters. */
  readonly names = new Map<string, Inode>([['', folder()]]);
  /** How often all of it was read, and which paths. */
  readonly reads: string[] = [];

  read = (): Promise<Readable> => {
    this.reads.push('');
    return Promise.resolve(Readable.from(this.#tarOf('', 'v')));
  };

  readPath = (path: string): Promise<Readable> => {
    this.reads.push(path);
    const key = Buffer.from(path).toString('latin1');
    if (!this.names.has(key)) return Promise.reject(failure('engineNotFound', { kind: 'path', name: path }));
    return Promise.resolve(Readable.from(this.#tarOf(key, key.slice(key.lastIndexOf('/') + 1))));
  };

  write = async (tar: AsyncIterable<Uint8Array>): Promise<void> => {
    const scanner = new TarScanner(this.name);
    const folders: (readonly [string, number])[] = [];
    let data = '';
    for await (const chunk of tar)
      for (const event of scanner.push(chunk)) {
        if (event.kind === 'entry') data = '';
        else if (event.kind === 'data') data += Buffer.from(event.bytes).toString('latin1');
        else {
          const key = keyOf(event.entry.rawPath ?? event.entry.path);
          this.#unpack(key, event.entry, data);
          if (event.entry.type === 'directory') folders.push([key, event.entry.mtime]);
        }
      }
    scanner.finish();
    for (const [key, mtime] of folders) this.#at(key).mtime = mtime;
  };

  /** Puts something under a name, in the place of what was there. */
  put(key: string, inode: Inode): void {
    this.remove(key);
    this.names.set(key, inode);
    this.#at(parentOf(key)).mtime = now;
  }

  remove(key: string): void {
    if (!this.names.has(key)) return;
    for (const name of this.names.keys()) if (name.startsWith(`${key}/`)) this.names.delete(name);
    this.names.delete(key);
    this.#at(parentOf(key)).mtime = now;
  }

  /** All that makes it the same as another volume; names of one file have its first name. */
  facts(): readonly string[] {
    const firsts = new Map<Inode, string>();
    return this.#sorted('').map((key) => {
      const inode = this.#at(key);
      if (!firsts.has(inode)) firsts.set(inode, key);
      return JSON.stringify([key, firsts.get(inode), inode]);
    });
  }

  #unpack(key: string, entry: TarEntry, data: string): void {
    const there = this.names.get(key);
    const isMerged = there?.type === 'directory' && entry.type === 'directory';
    if (!isMerged && key !== '') this.remove(key);
    if (entry.type === 'hardlink') {
      const linked = this.names.get(keyOf(entry.rawLinkPath ?? entry.linkPath));
      if (linked === undefined) throw failure('engineRefused', { call: 'write', reason: 'no such file' });
      this.put(key, linked);
      return;
    }
    const { mode, uid, mtime, type, linkPath } = entry;
    const inode = there !== undefined && isMerged ? there : folder();
    Object.assign(inode, { type, mode, uid, mtime, data: type === 'symlink' ? linkPath : data });
    if (!isMerged) this.put(key, inode);
  }

  #at(key: string): Inode {
    const inode = this.names.get(key);
    if (inode === undefined) throw new Error(`no ${key}`);
    return inode;
  }

  #sorted(top: string): readonly string[] {
    const isBelow = (key: string): boolean => key === top || top === '' || key.startsWith(`${top}/`);
    // As a walk goes: a folder, and then what is in it.
    const order = (key: string): string => key.replaceAll('/', '\0');
    return [...this.names.keys()].filter(isBelow).sort((a, b) => (order(a) < order(b) ? -1 : 1));
  }

  *#tarOf(top: string, as: string): Generator<Uint8Array> {
    const firsts = new Map<Inode, string>();
    for (const key of this.#sorted(top)) {
      const inode = this.#at(key);
      const path = key === top ? as : `${as}/${top === '' ? key : key.slice(top.length + 1)}`;
      const first = firsts.get(inode);
      firsts.set(inode, first ?? path);
      const isLink = first !== undefined;
      const data = Buffer.from(!isLink && inode.type === 'file' ? inode.data : '', 'latin1');
      yield headersOf(
        {
          ...namedBytes(inode.type === 'directory' ? `${path}/` : path, first ?? ''),
          ...(inode.type === 'symlink' && { linkPath: inode.data }),
          ...{ type: isLink ? 'hardlink' : inode.type, mode: inode.mode, uid: inode.uid, gid: 0 },
          ...{ sizeBytes: data.length, mtime: inode.mtime, pax: new Map(), isSparse: false },
          ...{ headerOffset: 0, dataOffset: 0 },
        },
        { from: '', to: '' },
        this.name,
      );
      yield data;
      yield tarPadding(data.length);
    }
    yield tarEnd;
  }
}

export function folder(mtime = now): Inode {
  return { type: 'directory', mode: 0o755, uid: 0, mtime, data: '' };
}

export function file(data: string, mtime = 1_700_000_000): Inode {
  return { type: 'file', mode: 0o644, uid: 0, mtime, data };
}

function namedBytes(
  path: string,
  link: string,
): Pick<TarEntry, 'path' | 'rawPath' | 'linkPath' | 'rawLinkPath'> {
  const [rawPath, rawLinkPath] = [path, link].map((name) => Buffer.from(name, 'latin1'));
  return {
    ...{ path, linkPath: link },
    ...(rawPath && { rawPath }),
    ...(link !== '' && rawLinkPath && { rawLinkPath }),
  };
}

function keyOf(path: string | Uint8Array): string {
  return Buffer.from(path).toString('latin1').replace(/\/$/, '').replace(/^v\/?/, '');
}

function parentOf(key: string): string {
  return key.slice(0, Math.max(0, key.lastIndexOf('/')));
}
