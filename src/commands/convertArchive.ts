import { basename, dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { compressionByName } from '../core/archive/compressionByName.ts';
import type { ConvertedArchive } from '../core/bundle/convertArchive.ts';
import type { ConvertedForm } from '../core/bundle/convertedForm.ts';
import { hostPlatform } from '../core/bundle/hostPlatform.ts';
import { pickArchives } from '../ui/pickArchives.ts';
import { runOperation } from '../ui/runOperation.ts';
import type { Command } from './context.ts';

/** Makes another form of an archive, without any engine; every image keeps its ID. */
export const convertArchive: Command<'drydock.convertArchive'> = async (context, file) => {
  const title = vscode.l10n.t('Convert Archive');
  const path = file?.fsPath ?? (await pickArchives(title))?.[0];
  const form = path === undefined ? undefined : await pickForm(title);
  if (path === undefined || form === undefined) return undefined;
  const target = await vscode.window.showSaveDialog({
    title,
    defaultUri: vscode.Uri.file(join(dirname(path), proposedName(path, form))),
    saveLabel: vscode.l10n.t('Save'),
  });
  if (target === undefined) return undefined;
  const output = target.fsPath;
  const converted = await runOperation(
    context.log,
    vscode.l10n.t('Converting {name}', { name: basename(path) }),
    { checking: [0, 40], writing: [40, 100] },
    async (operation) => {
      const { convertArchive: convert } = await import('../core/bundle/convertArchive.ts');
      const compression = compressionByName(output);
      const replace = true; // the dialog has asked
      const platform = hostPlatform();
      return convert({ path, output, form, compression, replace, isPortable: false, platform }, operation);
    },
  );
  if (converted !== undefined) void tellConverted(converted, context.log);
  return converted;
};

async function tellConverted(
  { path, remarks, leftOut, hasZstdLayers, form }: ConvertedArchive,
  log: { info: (text: string) => void },
): Promise<void> {
  for (const remark of remarks) log.info(`${path}: ${remark}`);
  const platforms = leftOut.map(({ platform }) => `${platform.os}/${platform.architecture}`).join(', ');
  const sentences = [
    vscode.l10n.t('Converted and verified: {path}.', { path }),
    ...(platforms === ''
      ? []
      : [vscode.l10n.t('Left out, since this form has room for one platform: {platforms}.', { platforms })]),
    ...(hasZstdLayers && form === 'docker-archive'
      ? [vscode.l10n.t('Docker before 23 can’t read its zstd layers.')]
      : []),
  ];
  const copyPath = vscode.l10n.t('Copy Path');
  const chosen = await vscode.window.showInformationMessage(sentences.join(' '), copyPath);
  if (chosen === copyPath) await vscode.env.clipboard.writeText(path);
}

async function pickForm(title: string): Promise<ConvertedForm | undefined> {
  const forms: readonly (vscode.QuickPickItem & { readonly label: ConvertedForm })[] = [
    { label: 'docker-archive', detail: vscode.l10n.t('Read by every engine and every OCI tool') },
    { label: 'docker-archive-old', detail: vscode.l10n.t('As Docker before 25 writes it, for old tools') },
    { label: 'oci-archive', detail: vscode.l10n.t('A plain OCI image layout in a tar') },
    { label: 'oci-layout', detail: vscode.l10n.t('A folder with an OCI image layout') },
  ];
  const placeHolder = vscode.l10n.t('What to make of it');
  return (await vscode.window.showQuickPick(forms, { title, placeHolder }))?.label;
}

/** `app.tar.xz` ⇒ `app-oci-archive.tar` */
function proposedName(path: string, form: ConvertedForm): string {
  const name = basename(path).replace(/(?:\.tar)?(?:\.(?:tar|tgz|gz|zst|xz|bz2))?$/i, '');
  return form === 'oci-layout' ? `${name}-oci` : `${name}-${form}.tar`;
}
