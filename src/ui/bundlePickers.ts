import * as vscode from 'vscode';
import { parsePartSize } from '../core/bundle/partSize.ts';
import { formatBytes } from '../core/quantity.ts';

/** What travels in a bundle: all, or what a file about the target says that it lacks. Undefined when the person backs out. */
export async function pickBasis(
  title: string,
): Promise<{ readonly kind: 'full' } | { readonly kind: 'delta'; readonly path: string } | undefined> {
  const full = {
    label: vscode.l10n.t('Everything'),
    detail: vscode.l10n.t('A bundle of images is then an archive that plain docker load takes, too'),
  };
  const delta = {
    label: vscode.l10n.t('Only what the target lacks…'),
    detail: vscode.l10n.t('By an inventory that was made there, or by the last bundle for it'),
  };
  const chosen = await vscode.window.showQuickPick([full, delta], {
    title,
    placeHolder: vscode.l10n.t('What travels'),
    ignoreFocusOut: true,
  });
  if (chosen === undefined) return undefined;
  if (chosen === full) return { kind: 'full' };
  const [file] =
    (await vscode.window.showOpenDialog({
      title: vscode.l10n.t('Inventory or Last Bundle'),
      openLabel: vscode.l10n.t('Choose'),
    })) ?? [];
  return file && { kind: 'delta', path: file.fsPath };
}

/** Sizes that are offered: for FAT, and for a CD. */
const usualSizes = [4e9, 7e8];

/** How large parts are to be; `whole` for one file. Undefined when the person backs out. */
export async function pickPartBytes(title: string): Promise<number | 'whole' | undefined> {
  const other = 'other' as const;
  const choices: readonly (vscode.QuickPickItem & { readonly value: number | 'whole' | typeof other })[] = [
    { label: vscode.l10n.t('One file'), value: 'whole' },
    ...usualSizes.map((value) => ({
      label: vscode.l10n.t('Parts of {size}', { size: formatBytes(value) }),
      ...(value === 4e9 && { description: vscode.l10n.t('fit where no file may have 4 GiB') }),
      value,
    })),
    { label: vscode.l10n.t('Parts of another size…'), value: other },
  ];
  const chosen = await vscode.window.showQuickPick(choices, {
    title,
    placeHolder: vscode.l10n.t('One file or parts'),
    ignoreFocusOut: true,
  });
  if (chosen === undefined) return undefined;
  if (chosen.value !== other) return chosen.value;
  const text = await vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t('Size of each part, such as 4G or 700M'),
    ignoreFocusOut: true,
    validateInput: (typed) =>
      parsePartSize(typed) === undefined
        ? vscode.l10n.t('This is no size for parts. Write it like 4G or 700M.')
        : undefined,
  });
  return text === undefined ? undefined : parsePartSize(text);
}
