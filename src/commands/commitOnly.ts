import * as vscode from 'vscode';
import { visibleName } from '../core/fileTrees/visibleName.ts';
import { fileTimestamp, formatBytes } from '../core/quantity.ts';
import { askImageName } from '../ui/askImageName.ts';
import { runOperation } from '../ui/runOperation.ts';
import { chosenNodes } from './chosenNodes.ts';
import type { Command } from './context.ts';
import { liveFilesAmong } from './liveNodes.ts';

/** Makes an image of a container's image and the chosen ones of its changes alone. */
export const commitOnly: Command<'drydock.commitOnly'> = async (context, ...args) => {
  const [first, ...others] = liveFilesAmong(chosenNodes(args));
  if (first?.source.kind !== 'container') return undefined;
  const { id, name: container } = first.source;
  // A selection may reach over several containers; what was clicked says which is meant.
  const paths = [first, ...others].flatMap(({ source, path }) =>
    source.kind === 'container' && source.id === id ? path : [],
  );
  const title = vscode.l10n.t('Commit Only This');
  const stamp = fileTimestamp(Date.now()).toLowerCase();
  const name = await askImageName(context.engine(), { title, value: `${container.toLowerCase()}:${stamp}` });
  if (name === undefined) return undefined;
  const { imageId } = await context.engine().containers.inspect(id);
  const image = await context.inside.open(imageId, container);
  if (image === undefined) return undefined;
  const committed = await runOperation(
    context.log,
    vscode.l10n.t('Committing {name}', { name: container }),
    {},
    async (operation) => {
      const { commitOnly: commit } = await import('../core/fileTrees/commitOnly.ts');
      const message = `${container}: ${paths.map((path) => `/${visibleName(path)}`).join(', ')}`;
      const input = { container: id, paths, name, message: message.slice(0, 1000), image };
      return commit({ engine: context.engine() }, input, operation);
    },
  );
  if (committed === undefined) return undefined;
  void vscode.window.showInformationMessage(
    vscode.l10n.t(
      'Committed and verified: {name}, the image with one more layer of {count} changes ({size}).',
      {
        name,
        count: paths.length,
        size: formatBytes(committed.layerBytes),
      },
    ),
  );
  return committed.id;
};
