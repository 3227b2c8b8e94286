import * as vscode from 'vscode';
import { inspectUri } from '../ui/inspectDocuments.ts';
import { pickContainer, pickImage, pickVolumes } from '../ui/pickers.ts';
import type { DrydockNode } from '../views/node.ts';
import { chosenNodes } from './chosenNodes.ts';
import type { Command, CommandContext } from './context.ts';

/** Opens the engine's own JSON about images, containers and volumes, read-only. */
export const inspect: Command<'drydock.inspect'> = async (context, ...args) => {
  const chosen = chosenNodes(args);
  const nodes = chosen.length > 0 ? chosen : await pickAny(context);
  const uris = nodes.flatMap((node) => inspectUri(node) ?? []);
  for (const uri of uris) await context.showInspect(uri, { preview: uris.length === 1 });
  return uris.map(String);
};

async function pickAny(context: CommandContext): Promise<readonly DrydockNode[]> {
  const title = vscode.l10n.t('Inspect');
  const subjects = [
    { label: vscode.l10n.t('Image'), subject: 'image' },
    { label: vscode.l10n.t('Container'), subject: 'container' },
    { label: vscode.l10n.t('Volume'), subject: 'volume' },
  ] as const;
  const engine = context.engine();
  switch ((await vscode.window.showQuickPick(subjects, { title }))?.subject) {
    case 'image':
      return [await pickImage(await engine.images.list(), title)].filter((node) => node !== undefined);
    case 'container':
      return [await pickContainer(await engine.containers.list(), title)].filter(
        (node) => node !== undefined,
      );
    case 'volume':
      return (await pickVolumes(await engine.volumes.list(), title)) ?? [];
    case undefined:
      return [];
  }
}
