import * as vscode from 'vscode';
import { pickContainer, pickVolumes } from '../ui/pickers.ts';
import type { ContainerSource, LiveSource } from '../core/fileTrees/liveSource.ts';
import type { DrydockNode, LiveFileNode } from '../views/node.ts';
import type { CommandContext } from './context.ts';

/** A file or a folder of a container or a volume; its root has an empty path. */
export type LiveFolder = Pick<LiveFileNode, 'source' | 'path'>;

/** What a node stands for in a container or a volume; undefined for other nodes. */
export function livePlaceOf(node: DrydockNode): LiveFolder | undefined {
  switch (node.kind) {
    case 'container':
      return { source: { kind: 'container', id: node.id, name: node.name }, path: '' };
    case 'volume':
      return { source: { kind: 'volume', name: node.name }, path: '' };
    case 'liveFiles':
      return { source: node.source, path: '' };
    case 'liveFile':
      return node;
    default:
      return undefined;
  }
}

/** Files among nodes. */
export function liveFilesAmong(nodes: readonly DrydockNode[]): readonly LiveFileNode[] {
  return nodes.filter((node) => node.kind === 'liveFile');
}

/** Asks for a container. */
export async function askContainer(
  { engine }: Pick<CommandContext, 'engine'>,
  title: string,
): Promise<ContainerSource | undefined> {
  return await pickContainer(await engine().containers.list(), title);
}

/** Asks for a container or a volume. */
export async function askSource(
  context: Pick<CommandContext, 'engine'>,
  title: string,
): Promise<LiveSource | undefined> {
  const container = { label: vscode.l10n.t('Container'), subject: 'container' } as const;
  const volume = { label: vscode.l10n.t('Volume'), subject: 'volume' } as const;
  const subject = (await vscode.window.showQuickPick([container, volume], { title }))?.subject;
  if (subject === undefined) return undefined;
  if (subject === 'container') return askContainer(context, title);
  const [chosen] = (await pickVolumes(await context.engine().volumes.list(), title)) ?? [];
  return chosen;
}

/** What people call a file, or what it is all of. */
export function liveName({ source, path }: LiveFolder): string {
  return path === '' ? source.name : path.slice(path.lastIndexOf('/') + 1);
}
