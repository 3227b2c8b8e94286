/** A plain reference for layers: unpacked for real by GNU tar, and laid over one another with lstat, rm and cp. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tarEnd, tarHeader, tarPadding, type TarEntryToWrite } from '../../src/core/archive/tarWriter.ts';

const run = promisify(execFile);

/** An entry of a layer; `data` makes it a file. */
export type Given = Omit<TarEntryToWrite, 'sizeBytes'> & { readonly data?: Buffer };

export function layerTar(given: readonly Given[]): Buffer {
  return Buffer.concat([
    ...given.flatMap(({ data = Buffer.alloc(0), ...entry }) => [
      tarHeader({ ...entry, sizeBytes: data.length }),
      data,
      tarPadding(data.length),
    ]),
    tarEnd,
  ]);
}

/** What there is at a path: type, mode (not of a symlink), size, hash, target, and the first of its hard links. */
export type Told = ReadonlyMap<string, string>;

export interface Merged {
  readonly names: Told;
  /** Of regular files, each counted once however many names it has; after each layer. */
  readonly visibleBytes: readonly number[];
}

/** Unpacks `layers`, the bottom one first, below `folder`, and looks at what there is after each. */
export async function mergeForReal(folder: string, layers: readonly (readonly Given[])[]): Promise<Merged> {
  let names: Told = new Map();
  const visibleBytes: number[] = [];
  await unpackForReal(folder, layers, async (merged) => {
    const seen = await look(merged);
    names = seen.names;
    visibleBytes.push(seen.visibleBytes);
  });
  return { names, visibleBytes };
}

/** Unpacks `layers`, the bottom one first, below `folder`. Resolves with the folder that they make together. */
export async function unpackForReal(
  folder: string,
  layers: readonly (readonly Given[])[],
  afterEach?: (merged: string) => Promise<void>,
): Promise<string> {
  const merged = join(folder, 'merged');
  await mkdir(merged);
  for (const [place, given] of layers.entries()) {
    const own = join(folder, `layer${place}`);
    const tar = join(folder, `${place}.tar`);
    await mkdir(own);
    await writeFile(tar, layerTar(given));
    // Without --absolute-names GNU tar puts links that lead up last, over later entries of their name.
    await run('tar', [
      '--absolute-names',
      '--extract',
      '--preserve-permissions',
      '--no-same-owner',
      '--file',
      tar,
      '--directory',
      own,
    ]);
    const markers = (await namesIn(own)).filter((path) => nameOf(path).startsWith('.wh.'));
    for (const marker of markers) {
      await rm(join(own, marker));
      const inside = marker.slice(0, -nameOf(marker).length);
      if (nameOf(marker) !== '.wh..wh..opq')
        await removeIn(merged, inside + nameOf(marker).slice('.wh.'.length));
      else if ((await statIn(merged, inside))?.isDirectory() === true)
        for (const child of await readdir(join(merged, inside))) await removeIn(merged, inside + child);
    }
    const named = new Set(given.map(({ path }) => path.replace(/\/$/, '')));
    for (const path of await namesIn(own)) {
      const [above, below] = [await lstat(join(own, path)), await statIn(merged, path)];
      if (below === undefined) continue;
      if (!above.isDirectory() || !below.isDirectory()) await removeIn(merged, path);
      // A folder that the layer does not name stays as it is.
      else if (!named.has(path)) await chmod(join(own, path), below.mode & 0o7777);
    }
    await run('cp', ['-a', '--remove-destination', `${own}/.`, merged]);
    await afterEach?.(merged);
  }
  return merged;
}

function nameOf(path: string): string {
  return path.split('/').at(-1) ?? '';
}

/** All names below `root`, folders before what is in them. */
async function namesIn(root: string, inside = ''): Promise<readonly string[]> {
  const names: string[] = [];
  for (const entry of await readdir(join(root, inside), { withFileTypes: true })) {
    const path = inside + entry.name;
    names.push(path);
    if (entry.isDirectory()) names.push(...(await namesIn(root, `${path}/`)));
  }
  return names;
}

/** Undefined also where a part on the way is a symlink: nothing is looked for behind it. */
async function statIn(root: string, path: string): Promise<Stats | undefined> {
  const parts = path.split('/').filter((part) => part !== '');
  let at = root;
  let found = await lstat(root);
  for (const part of parts) {
    if (!found.isDirectory()) return undefined;
    at = join(at, part);
    const next = await lstat(at).catch(() => undefined);
    if (next === undefined) return undefined;
    found = next;
  }
  return found;
}

async function removeIn(root: string, path: string): Promise<void> {
  if ((await statIn(root, path)) !== undefined) await rm(join(root, path), { recursive: true });
}

/** What there is below a folder. */
export async function look(root: string): Promise<{ readonly names: Told; readonly visibleBytes: number }> {
  const paths = (await namesIn(root)).toSorted();
  const first = new Map<number, string>();
  const names = new Map<string, string>();
  let visibleBytes = 0;
  for (const path of paths) {
    const found = await lstat(join(root, path));
    const mode = (found.mode & 0o7777).toString(8);
    if (found.isDirectory()) names.set(path, `directory ${mode}`);
    else {
      if (!first.has(found.ino) && found.isFile()) visibleBytes += found.size;
      first.set(found.ino, first.get(found.ino) ?? path);
      const one = first.get(found.ino) ?? '';
      if (found.isSymbolicLink()) names.set(path, `symlink ${await readlink(join(root, path))} ${one}`);
      else {
        const sha256 = createHash('sha256')
          .update(await readFile(join(root, path)))
          .digest('hex');
        names.set(path, `file ${mode} ${found.size} ${sha256} ${one}`);
      }
    }
  }
  return { names, visibleBytes };
}
