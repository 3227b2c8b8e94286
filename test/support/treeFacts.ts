/** What a tree of files says, and what a file system itself says of a folder, in the same words. */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import { isThere, type TreeNode } from '../../src/core/layers/treeNode.ts';
import { joined } from '../../src/core/snapshotFiles/rootFiles.ts';
import { exactPath } from '../../src/core/layers/entryNames.ts';

export type TreeFacts = Readonly<Record<string, string>>;

/** Every path of a tree but its root. */
export function treeFacts(root: TreeNode<unknown>): TreeFacts {
  const facts: Record<string, string> = {};
  const visit = (node: TreeNode<unknown>, path: string): void => {
    const { file, children } = node;
    if (file !== undefined && path !== '')
      facts[path] = [
        file.type,
        file.type === 'symlink' ? '' : file.mode.toString(8),
        `${file.uid}:${file.gid}`,
        Math.floor(file.mtime),
        file.type === 'file' ? `${file.sizeBytes} ${file.sha256 ?? ''}` : (file.link ?? ''),
      ].join(' ');
    for (const [name, child] of [...(children ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)))
      if (isThere(child)) visit(child, joined(path, name));
  };
  visit(root, '');
  return facts;
}

function typeOf(stat: Stats): string {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isFIFO()) return 'fifo';
  return stat.isCharacterDevice() ? 'char-device' : 'block-device';
}

/** Every path below a folder of this disk. */
export function diskFacts(folder: string): TreeFacts {
  const facts: Record<string, string> = {};
  const visit = (place: Buffer, path: string): void => {
    const stat = lstatSync(place);
    const isLink = stat.isSymbolicLink();
    if (path !== '')
      facts[path] = [
        typeOf(stat),
        isLink ? '' : (stat.mode & 0o7777).toString(8),
        `${stat.uid}:${stat.gid}`,
        Math.floor(stat.mtimeMs / 1000),
        stat.isFile()
          ? `${stat.size} ${createHash('sha256').update(readFileSync(place)).digest('hex')}`
          : isLink
            ? readlinkSync(place)
            : '',
      ].join(' ');
    if (!stat.isDirectory()) return;
    for (const child of readdirSync(place, { encoding: 'buffer' }))
      visit(
        Buffer.concat([place, Buffer.from('/'), child]),
        joined(path, exactPath({ path: '', rawPath: child.toString('base64') })),
      );
  };
  visit(Buffer.from(folder), '');
  return Object.fromEntries(Object.entries(facts).sort(([a], [b]) => (a < b ? -1 : 1)));
}
