import * as vscode from 'vscode';
import { commitContainer as commit } from '../core/backup/commitContainer.ts';
import { requireChange } from '../core/engine/commitInstructions.ts';
import { fileTimestamp, formatBytes } from '../core/quantity.ts';
import { askImageName } from '../ui/askImageName.ts';
import { errorWords } from '../ui/errorWords.ts';
import { pickContainer } from '../ui/pickers.ts';
import { runOperation } from '../ui/runOperation.ts';
import { readSetting } from '../ui/settings.ts';
import { chosenNodes, containersAmong } from './chosenNodes.ts';
import type { Command } from './context.ts';

/** Makes an image of a container's file system: name, message, author, pause and changes are asked one by one. */
export const commitContainer: Command<'drydock.commitContainer'> = async (context, ...args) => {
  const title = vscode.l10n.t('Commit Container');
  const container =
    containersAmong(chosenNodes(args))[0] ??
    (await pickContainer(await context.engine().containers.list(), title));
  if (container === undefined) return undefined;
  const stamp = fileTimestamp(Date.now()).toLowerCase();
  const name = await askImageName(context.engine(), {
    title,
    value: `${container.name.toLowerCase()}:${stamp}`,
  });
  if (name === undefined) return undefined;
  const message = await askText(title, vscode.l10n.t('Message (optional)'));
  if (message === undefined) return undefined;
  const author = await askText(title, vscode.l10n.t('Author (optional)'));
  if (author === undefined) return undefined;
  const changes = await askChanges(title);
  if (changes === undefined) return undefined;
  const pause = await askPause(title);
  if (pause === undefined) return undefined;

  const committed = await runOperation(
    context.log,
    vscode.l10n.t('Committing {name}', { name: container.name }),
    {},
    (operation) =>
      commit(
        { engine: context.engine() },
        {
          containerId: container.id,
          name,
          pause,
          changes,
          ...(message === '' ? {} : { message }),
          ...(author === '' ? {} : { author }),
        },
        operation,
      ),
  );
  if (committed !== undefined) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t('Committed and verified: {name} ({layers} layers, {size}). Volumes are not part of it.', {
        name,
        layers: committed.layers,
        size: formatBytes(committed.sizeBytes),
      }),
    );
  }
  return committed;
};

async function askText(title: string, prompt: string): Promise<string | undefined> {
  return (await vscode.window.showInputBox({ title, prompt }))?.trim();
}

/** Dockerfile instructions, separated by semicolons at their ends. */
async function askChanges(title: string): Promise<readonly string[] | undefined> {
  const text = await vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t('Changes (optional): Dockerfile instructions with “; ” between them'),
    placeHolder: 'CMD ["serve"]; ENV MODE=production',
    validateInput: (value) => {
      try {
        splitChanges(value).forEach(requireChange);
        return undefined;
      } catch (error) {
        return errorWords(error);
      }
    },
  });
  return text === undefined ? undefined : splitChanges(text);
}

function splitChanges(text: string): readonly string[] {
  return text
    .split(/;\s+/)
    .map((change) => change.trim())
    .filter((change) => change !== '');
}

async function askPause(title: string): Promise<boolean | undefined> {
  const choices = [
    {
      label: vscode.l10n.t('Pause while committing'),
      detail: vscode.l10n.t('The container stands still for a moment, so its files agree with one another.'),
      pause: true,
    },
    {
      label: vscode.l10n.t('Do not pause'),
      detail: vscode.l10n.t('Files that are being written may come out half-written.'),
      pause: false,
    },
  ];
  if (!readSetting('commit.pause')) choices.reverse();
  return (await vscode.window.showQuickPick(choices, { title }))?.pause;
}
