import { join } from 'node:path';
import * as vscode from 'vscode';
import type { ArchiveForm } from '../core/archive/archive.ts';
import { saveImages as save, type SavedArchive } from '../core/backup/saveImages.ts';
import { shortDigest } from '../core/digest.ts';
import { fileTimestamp, formatBytes } from '../core/quantity.ts';
import { archiveFolder } from '../ui/archiveFolder.ts';
import { pickImages } from '../ui/pickers.ts';
import { runOperation } from '../ui/runOperation.ts';
import { readSetting } from '../ui/settings.ts';
import type { ImageNode } from '../views/node.ts';
import { chosenNodes, imagesAmong } from './chosenNodes.ts';
import type { Command } from './context.ts';

type SaveCompression = 'none' | 'gzip' | 'zstd';

const endings: Readonly<Record<SaveCompression, string>> = {
  none: '.tar',
  gzip: '.tar.gz',
  zstd: '.tar.zst',
};

/** Saves the chosen images into one archive, reads it back, and only then says so. */
export const saveImages: Command<'drydock.saveImages'> = async (context, ...args) => {
  const title = vscode.l10n.t('Save Image as Archive');
  const nodes = imagesAmong(chosenNodes(args));
  const images = nodes.length > 0 ? nodes : await pickImages(await context.engine().images.list(), title);
  if (images === undefined) return undefined;
  const format = await pickFormat(title);
  if (format === undefined) return undefined;
  const target = await vscode.window.showSaveDialog({
    title,
    defaultUri: vscode.Uri.file(join(archiveFolder(), proposedName(images) + endings[format.compression])),
    saveLabel: vscode.l10n.t('Save'),
  });
  if (target === undefined) return undefined;

  const saved = await runOperation(
    context.log,
    images.length === 1
      ? vscode.l10n.t('Saving {name}', { name: nameOf(images[0]) })
      : vscode.l10n.t('Saving {count} images', { count: images.length }),
    { reading: [0, 75], checking: [75, 100] },
    (operation) =>
      save(
        { engine: context.engine() },
        {
          ...format,
          images: images.map(({ id, tag }) => ({ id, tags: tag === undefined ? [] : [tag] })),
          path: target.fsPath,
          replace: true, // the dialog has asked
        },
        operation,
      ),
  );
  if (saved !== undefined) void tellSaved(saved);
  return saved;
};

async function tellSaved(saved: SavedArchive): Promise<void> {
  const copyPath = vscode.l10n.t('Copy Path');
  const chosen = await vscode.window.showInformationMessage(
    vscode.l10n.t('Saved and verified: {path} ({size}).', {
      path: saved.path,
      size: formatBytes(saved.sizeBytes),
    }),
    copyPath,
  );
  if (chosen === copyPath) await vscode.env.clipboard.writeText(saved.path);
}

interface Format {
  readonly form: ArchiveForm;
  readonly compression: SaveCompression;
}

async function pickFormat(title: string): Promise<Format | undefined> {
  const preferred = { form: readSetting('archive.form'), compression: readSetting('archive.compression') };
  const forms: readonly ArchiveForm[] = ['docker-archive', 'oci-archive'];
  const compressions: readonly SaveCompression[] = ['gzip', 'zstd', 'none'];
  const choices = forms.flatMap((form) =>
    compressions.map((compression) => ({
      label: `${form} · ${compressionWord(compression)}`,
      description: endings[compression],
      detail: form === 'docker-archive' ? dockerDetail(compression) : ociDetail(),
      form,
      compression,
    })),
  );
  const isPreferred = (choice: Format): boolean =>
    choice.form === preferred.form && choice.compression === preferred.compression;
  choices.sort((a, b) => Number(isPreferred(b)) - Number(isPreferred(a)));
  return vscode.window.showQuickPick(choices, {
    title,
    placeHolder: vscode.l10n.t('Form and compression of the archive'),
  });
}

function compressionWord(compression: SaveCompression): string {
  return compression === 'none' ? vscode.l10n.t('uncompressed') : compression;
}

function dockerDetail(compression: SaveCompression): string {
  return compression === 'zstd'
    ? vscode.l10n.t('For docker load 23 or newer, Podman and Drydock')
    : vscode.l10n.t('For every docker load, Podman and Drydock');
}

function ociDetail(): string {
  return vscode.l10n.t('A plain OCI image layout for skopeo, Podman and other OCI tools');
}

function nameOf(image: ImageNode | undefined): string {
  return image?.tag ?? shortDigest(image?.id ?? '');
}

/** `app_1.2_20261121T074500Z`; several images are counted. */
function proposedName(images: readonly ImageNode[]): string {
  const first = nameOf(images[0]).split('/').at(-1) ?? '';
  const more = images.length > 1 ? `_and_${images.length - 1}_more` : '';
  return `${first.replace(/[^\w.-]+/g, '_')}${more}_${fileTimestamp(Date.now())}`;
}
