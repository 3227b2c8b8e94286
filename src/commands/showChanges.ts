import * as vscode from 'vscode';
import type { LiveSource } from '../core/fileTrees/liveSource.ts';
import { chosenNodes, containersAmong } from './chosenNodes.ts';
import type { Command, CommandContext } from './context.ts';
import { askContainer, askSource, livePlaceOf } from './liveNodes.ts';

/** Opens what a container changed against its image, found anew. */
export const showChanges: Command<'drydock.showChanges'> = async (context, ...args) => {
  const [chosen] = containersAmong(chosenNodes(args));
  const container = chosen ?? (await askContainer(context, vscode.l10n.t('Show Changes')));
  if (container === undefined) return undefined;
  const source = { kind: 'container', id: container.id, name: container.name } as const;
  context.live.refresh(source);
  return reveal(context, 'changes', source);
};

/** Opens the files of a container or a volume. */
export const browseFiles: Command<'drydock.browseFiles'> = async (context, ...args) => {
  const [chosen] = chosenNodes(args).flatMap((node) => livePlaceOf(node)?.source ?? []);
  const source = chosen ?? (await askSource(context, vscode.l10n.t('Browse Files')));
  return source === undefined ? undefined : reveal(context, 'liveFiles', source);
};

/** Looks again at what was listed. */
export const refreshFiles: Command<'drydock.refreshFiles'> = ({ live }, ...args) => {
  const sources = chosenNodes(args).flatMap((node) =>
    node.kind === 'changes' ? node.source : (livePlaceOf(node)?.source ?? []),
  );
  for (const source of sources) live.refresh(source);
  return Promise.resolve(sources.length);
};

async function reveal(
  { views }: CommandContext,
  what: 'changes' | 'liveFiles',
  source: LiveSource,
): Promise<boolean> {
  const isShown = await views.revealLive(what, source);
  if (!isShown)
    void vscode.window.showInformationMessage(
      vscode.l10n.t('{name} is hidden by the filter of its view. Clear the filter first.', {
        name: source.name,
      }),
    );
  return isShown;
}
