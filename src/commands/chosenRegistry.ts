import * as vscode from 'vscode';
import type { RemotePlace } from '../core/registry/remoteName.ts';
import type { KnownRegistry } from '../registries/registrySettings.ts';
import type { DrydockNode } from '../views/node.ts';
import { remotePlaceOf } from '../views/remotePlace.ts';
import type { CommandContext } from './context.ts';

/** The first place of a registry among nodes. */
export function remoteAmong(nodes: readonly DrydockNode[]): RemotePlace | undefined {
  return nodes.map(remotePlaceOf).find((place) => place !== undefined);
}

/** The registry of the nodes, the only one, or the one a person picks. Undefined when the person backs out. */
export async function chooseRegistry(
  { registries: { list } }: Pick<CommandContext, 'registries'>,
  nodes: readonly DrydockNode[],
  title: string,
): Promise<KnownRegistry | undefined> {
  const host = remoteAmong(nodes)?.host;
  if (host !== undefined) return list.find(host);
  const { registries } = list;
  if (registries.length === 0) {
    const added: unknown = await vscode.commands.executeCommand('drydock.addRegistry');
    return typeof added === 'string' ? list.find(added) : undefined;
  }
  if (registries.length === 1) return registries[0];
  const chosen = await vscode.window.showQuickPick(
    registries.map((known) => ({ label: known.host, known })),
    { title, placeHolder: vscode.l10n.t('Choose a registry') },
  );
  return chosen?.known;
}
