import * as vscode from 'vscode';
import { shortDigest } from '../core/digest.ts';
import { layerInstructions } from '../core/dockerfile/layerInstructions.ts';
import type { FilePlace } from '../core/fileTrees/filePlace.ts';
import type { PathEvent } from '../core/fileTrees/pathHistory.ts';
import { visibleName } from '../core/fileTrees/visibleName.ts';
import { formatBytes } from '../core/quantity.ts';
import { pickWithButtons } from '../ui/pickWithButtons.ts';
import type { Command } from './context.ts';
import { filesAmong, shownPath } from './fileNodes.ts';
import { openPlace } from './openFile.ts';

/** Tells which layers wrote, replaced and removed a path, newest first; choosing one shows it in that layer. */
export const whoWrote: Command<'drydock.whoWrote'> = async (context, ...args) => {
  const [node] = filesAmong(args);
  if (node === undefined) return undefined;
  const { imageId, tag, path } = node.place;
  const name = tag ?? shortDigest(imageId);
  const image = await context.inside.open(imageId, name);
  if (image === undefined) return undefined;
  const { pathHistory } = await import('../core/fileTrees/pathHistory.ts');
  const events = await pathHistory(image, path, new AbortController().signal);
  const instructions = layerInstructions(image.config);
  const placeOf = ({ place }: PathEvent): FilePlace => ({ ...node.place, layer: place });
  const chosen = await pickWithButtons(
    context.log,
    vscode.l10n.t('{path} in {name}', { path: shownPath(node.place), name }),
    events.toReversed().map((event) => ({
      label: `$(${icons[event.kind]}) ${vscode.l10n.t('Layer {place} of {count}', {
        place: event.place + 1,
        count: image.layers.length,
      })}`,
      description: eventWords(event),
      detail: (instructions[event.place]?.text ?? '').replace(/\s+/g, ' '),
      value: event,
    })),
    {
      placeHolder: vscode.l10n.t('Choose a layer to see the path in it'),
      buttons: [
        {
          icon: 'go-to-file',
          title: vscode.l10n.t('Open as This Layer Has It'),
          isFor: ({ file }) => file?.type === 'file',
          run: (event) => openPlace(context, placeOf(event)),
        },
      ],
    },
  );
  if (chosen !== undefined) await context.views.files.reveal(placeOf(chosen));
  return events;
};

const icons = {
  added: 'diff-added',
  changed: 'diff-modified',
  metadata: 'diff-modified',
  same: 'diff-ignored',
  removed: 'diff-removed',
} as const;

function eventWords({ kind, file, before, with: folder }: PathEvent): string {
  const size = file?.type === 'file' ? formatBytes(file.sizeBytes) : '';
  const words = {
    added: vscode.l10n.t('wrote it'),
    changed: vscode.l10n.t('replaced it'),
    metadata: vscode.l10n.t('changed its mode, owner, time or attributes'),
    same: vscode.l10n.t('wrote it again as it was'),
    removed:
      folder === undefined
        ? vscode.l10n.t('removed it')
        : vscode.l10n.t('removed it with {folder}', { folder: `/${visibleName(folder)}` }),
  };
  const was = before?.type === 'file' && kind === 'changed' ? formatBytes(before.sizeBytes) : '';
  return [words[kind], was === '' || size === '' ? size : `${was} → ${size}`]
    .filter((part) => part !== '')
    .join(' · ');
}
