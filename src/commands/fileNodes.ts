import type { NodeArgs } from '../contributions.ts';
import { visibleName } from '../core/fileTrees/visibleName.ts';
import type { FileNode } from '../views/node.ts';
import { chosenNodes } from './chosenNodes.ts';

/** The files and folders of images that a command was started on, each once. */
export function filesAmong(args: NodeArgs): readonly FileNode[] {
  const files = chosenNodes(args).filter((node) => node.kind === 'file');
  return [...new Map(files.map((file) => [JSON.stringify(file.place), file])).values()];
}

/** `/etc/passwd`, so that no name in it can pose as another. */
export function shownPath({ path }: { readonly path: string }): string {
  return `/${visibleName(path)}`;
}
