/** Random stacks of layers, and their merged tree in the words of the reference. */
import { isThere, type TreeFile, type TreeNode } from '../../src/core/layers/treeNode.ts';
import { seededRandom } from './archives/seededRandom.ts';
import type { Given, Told } from './overlayReference.ts';

/** Every name of a tree, in the words of the reference. */
export function toldTree(root: TreeNode<unknown>): Told {
  const found: [string, TreeNode<unknown>][] = [];
  const visit = (node: TreeNode<unknown>, path: string): void => {
    if (!isThere(node)) return;
    if (path !== '') found.push([path, node]);
    for (const [name, child] of node.children ?? []) visit(child, path === '' ? name : `${path}/${name}`);
  };
  visit(root, '');
  const first = new Map<TreeFile<unknown>, string>();
  const names = new Map<string, string>();
  for (const [path, { file, children }] of found.toSorted(byName)) {
    if (children !== undefined || file === undefined)
      names.set(path, file ? `directory ${file.mode.toString(8)}` : 'directory');
    else {
      first.set(file, first.get(file) ?? path);
      const one = first.get(file) ?? '';
      if (file.type === 'symlink') names.set(path, `symlink ${file.link ?? ''} ${one}`);
      else
        names.set(
          path,
          `${file.type} ${file.mode.toString(8)} ${file.sizeBytes} ${file.sha256 ?? ''} ${one}`,
        );
    }
  }
  return names;
}

function byName([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1;
}

/** Names of few letters, so that layers meet: files, folders, links of both kinds, whiteouts, types that change. */
export function randomStack(from: number): readonly (readonly Given[])[] {
  const random = seededRandom(from);
  const pick = <T>(some: readonly T[]): T => some[random.below(some.length)] as T;
  const contents = [0, 1, 511, 512, 700, 3000].map((length) => random.bytes(length));
  const somePath = (): string =>
    Array.from({ length: 1 + random.below(3) }, () => pick(['a', 'b', 'c', '+x'])).join('/');
  return Array.from({ length: 2 + random.below(4) }, () => {
    const given: Given[] = [];
    /** What this layer has by now, whiteouts left out. */
    const own = new Map<string, 'directory' | 'file' | 'symlink'>();
    const parentsOf = (path: string): readonly string[] =>
      path.split('/').flatMap((_, at, parts) => (at === 0 ? [] : [parts.slice(0, at).join('/')]));
    const enter = (path: string): boolean => {
      const parents = parentsOf(path);
      if (parents.some((parent) => (own.get(parent) ?? 'directory') !== 'directory')) return false;
      for (const parent of parents) {
        if (own.has(parent)) continue;
        own.set(parent, 'directory');
        if (random.below(4) > 0) given.push({ path: `${parent}/`, type: 'directory', mode: 0o755 });
      }
      return true;
    };
    for (let count = 4 + random.below(10); count > 0; count--) {
      const path = somePath();
      if (!enter(path)) continue;
      const [parent, name] = [path.slice(0, path.lastIndexOf('/') + 1), path.split('/').at(-1) ?? ''];
      const kind = pick([
        'file',
        'file',
        'file',
        'directory',
        'symlink',
        'hardlink',
        'whiteout',
        'whiteout',
        'opaque',
      ]);
      const isFolder = own.get(path) === 'directory';
      const mode = pick([0o644, 0o600, 0o4755]);
      if (kind === 'whiteout') given.push({ path: `${parent}.wh.${name}`, data: Buffer.alloc(0) });
      else if (kind === 'directory' || kind === 'opaque') {
        if (own.has(path) && !isFolder) continue;
        own.set(path, 'directory');
        given.push({ path: `${path}/`, type: 'directory', mode: pick([0o755, 0o700, 0o711]) });
        if (kind === 'opaque') given.push({ path: `${path}/.wh..wh..opq`, data: Buffer.alloc(0) });
      } else if (isFolder) continue;
      else if (kind === 'file') {
        own.set(path, 'file');
        given.push({ path, mode, mtime: random.below(1000), data: pick(contents) });
      } else if (kind === 'symlink') {
        own.set(path, 'symlink');
        given.push({ path, type: 'symlink', linkPath: pick(['a', '../b', 'c/a', 'nowhere']) });
      } else {
        const targets = [...own].filter(([other, type]) => type === 'file' && other !== path);
        if (targets.length === 0) continue;
        own.set(path, 'file');
        given.push({ path, type: 'hardlink', linkPath: pick(targets)[0] });
      }
    }
    return given;
  });
}

/**
 * The same as engines themselves write layers: no name twice, none together with its whiteout, and on a hard link the
 * mode of its file. An engine on overlay2 loads no others.
 */
export function engineStack(from: number): readonly (readonly Given[])[] {
  return randomStack(from).map((given) => {
    const own = new Set<string>();
    const modes = new Map<string, number | undefined>();
    const once = given.flatMap((entry) => {
      const path = entry.path.replace(/\/$/, '');
      if (modes.has(path)) return [];
      const mode = entry.type === 'hardlink' ? modes.get(entry.linkPath ?? '') : entry.mode;
      modes.set(path, mode);
      path.split('/').forEach((_, at, parts) => own.add(parts.slice(0, at + 1).join('/')));
      return [{ ...entry, ...(mode !== undefined && { mode }) }];
    });
    return once.filter(
      ({ path }) => !own.has(path.replace(/\.wh\.([^/]+)$/, '$1')) || !path.includes('.wh.'),
    );
  });
}
