import * as vscode from 'vscode';
import { shortDigest } from '../core/digest.ts';
import type { ImageSummary } from '../core/engine/records.ts';
import { formatAge, formatBytes } from '../core/quantity.ts';
import type { ChosenImage } from '../lens/chosenImages.ts';
import type { Command } from './context.ts';

interface Choice extends vscode.QuickPickItem {
  /** Absent to have it found. */
  readonly image?: ChosenImage;
}

/** Asks which image a Dockerfile is compared with, and remembers it. */
export const chooseLensImage: Command<'drydock.chooseLensImage'> = async (context, file) => {
  const document = await documentOf(file);
  if (document === undefined) {
    void vscode.window.showInformationMessage(vscode.l10n.t('Open a Dockerfile first.'));
    return undefined;
  }
  const lens = await context.lens();
  const fitting = new Set((lens.reading(document)?.candidates ?? []).map(({ id }) => id));
  const images = [...context.inventory.images.values()].sort(
    (a, b) => Number(fitting.has(b.id)) - Number(fitting.has(a.id)) || b.createdAtMs - a.createdAtMs,
  );
  const known = lens.chosenFor(document.uri);
  const byItself: Choice = {
    label: vscode.l10n.t('Find It by Its History'),
    ...(known === undefined ? { description: vscode.l10n.t('as now') } : {}),
  };
  const choices = [byItself, ...images.flatMap((image) => choicesOf(image, fitting.has(image.id), known))];
  const chosen = await vscode.window.showQuickPick(choices, {
    title: vscode.l10n.t('Image of {name}', { name: vscode.workspace.asRelativePath(document.uri) }),
    placeHolder: vscode.l10n.t('Type to search'),
    matchOnDescription: true,
  });
  if (chosen === undefined) return undefined;
  await lens.choose(document.uri, chosen.image);
  return chosen.image?.id ?? 'found';
};

function choicesOf(
  image: ImageSummary,
  isFitting: boolean,
  known: ChosenImage | undefined,
): readonly Choice[] {
  const { id, tags, sizeBytes, createdAtMs } = image;
  const names = tags.length > 0 ? tags : [undefined];
  return names.map((tag) => {
    const isKnown = known !== undefined && (tag === undefined ? known.id === id : known.tag === tag);
    const parts = [
      formatBytes(sizeBytes),
      formatAge(createdAtMs, Date.now(), vscode.env.language),
      isFitting ? vscode.l10n.t('fits this file') : '',
      isKnown ? vscode.l10n.t('as now') : '',
    ];
    return {
      label: tag ?? vscode.l10n.t('(no tag)'),
      description: shortDigest(id),
      detail: parts.filter((part) => part !== '').join(' · '),
      image: { id, ...(tag === undefined ? {} : { tag }) },
    };
  });
}

/** The document that the lens was clicked in, else the one in the active editor. */
async function documentOf(
  file: { readonly scheme: string; readonly fsPath: string } | undefined,
): Promise<vscode.TextDocument | undefined> {
  const active = vscode.window.activeTextEditor?.document;
  if (file === undefined) return active?.languageId === 'dockerfile' ? active : undefined;
  const open = vscode.workspace.textDocuments.find(
    ({ uri }) => uri.scheme === file.scheme && uri.fsPath === file.fsPath,
  );
  return open ?? vscode.workspace.openTextDocument(file.fsPath);
}
