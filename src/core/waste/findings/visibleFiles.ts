import { Pacer } from '../../archive/pacer.ts';
import type { Origin } from '../../layers/mergeLayers.ts';
import type { TreeFile, TreeNode } from '../../layers/treeNode.ts';
import type { FileGroups, GroupKey } from './fileGroups.ts';
import { folderKind, toolOfFolder, toolOfProgram, type PathKind } from './pathKinds.ts';
import { secretFileName } from './secretFiles.ts';

/** A file that its name alone does not tell to be a secret. */
export interface SeenFile {
  readonly path: string;
  readonly file: TreeFile<Origin>;
}

interface Ahead {
  readonly node: TreeNode<Origin>;
  readonly path: string;
  readonly name: string;
  readonly folder: string;
  readonly kind: PathKind | undefined;
  readonly tool: string | undefined;
}

/** Looks at every file of an image once, and puts those that findings are about into `groups`. */
export async function groupVisibleFiles(
  root: TreeNode<Origin>,
  groups: FileGroups,
  onFile: (seen: SeenFile) => void,
  signal: AbortSignal,
): Promise<void> {
  const pacer = new Pacer();
  const ahead: Ahead[] = [{ node: root, path: '', name: '', folder: '', kind: undefined, tool: undefined }];
  for (let one = ahead.pop(); one; one = ahead.pop()) {
    if (pacer.isDue) {
      await pacer.pause();
      signal.throwIfAborted();
    }
    const { node, path, kind, tool } = one;
    if (node.children !== undefined) {
      const inside = path === '' ? undefined : (kind ?? folderKind(path));
      const toolInside = path === '' ? undefined : (tool ?? toolOfFolder(path));
      for (const [name, child] of node.children)
        ahead.push({
          node: child,
          path: path === '' ? name : `${path}/${name}`,
          name,
          folder: path,
          kind: inside,
          tool: toolInside,
        });
    } else if (node.file !== undefined) {
      for (const key of keysOf(one, node.file)) groups.addVisible(key, path, node.file);
      if (node.file.type === 'file') onFile({ path, file: node.file });
    }
  }
}

/** The findings that a file belongs to. */
function* keysOf({ path, name, folder, kind, tool }: Ahead, file: TreeFile<Origin>): Generator<GroupKey> {
  const { place } = file.layer;
  if (kind !== undefined) yield keyOf(kind, place);
  const builds = kind === undefined ? (tool ?? toolOfProgram(folder, name)) : undefined;
  if (builds !== undefined) yield { code: 'buildTools', args: { tool: builds }, place };
  if (file.type !== 'file') return;
  // Setgid without the right to run it only asks for locks.
  if ((file.mode & 0o4000) !== 0 || ((file.mode & 0o2000) !== 0 && (file.mode & 0o010) !== 0))
    yield { code: 'setuidFiles', args: {}, place };
  if (file.sizeBytes > 0 && secretFileName(path)?.isCertain === true)
    yield { code: 'secretFile', args: { kind: secretFileName(path)?.kind ?? '' }, place };
}

export function keyOf(kind: PathKind, place: number): GroupKey {
  return { code: kind.code, args: kind.code === 'packageCache' ? { ...kind.cache } : {}, place };
}
