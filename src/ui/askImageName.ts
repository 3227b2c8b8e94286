import * as vscode from 'vscode';
import { shortDigest, type Digest } from '../core/digest.ts';
import type { Engine } from '../core/engine/engine.ts';
import { isSameName, tryParseImageName } from '../core/oci/imageName.ts';

/**
 * Asks for `repository:tag`. A name that another image than `imageId` has is only taken after a second look. Undefined
 * when the person backs out.
 */
export async function askImageName(
  engine: Engine,
  input: { readonly title: string; readonly value: string; readonly imageId?: Digest },
): Promise<string | undefined> {
  const name = await vscode.window.showInputBox({
    title: input.title,
    value: input.value,
    prompt: vscode.l10n.t('Name of the image, as repository:tag'),
    validateInput: (text) =>
      tryParseImageName(text.trim()) === undefined
        ? vscode.l10n.t('Use repository:tag in lower case, for example team/app:1.2')
        : undefined,
  });
  if (name === undefined) return undefined;
  const wanted = name.trim();
  const owner = (await engine.images.list()).find(({ tags }) => tags.some((tag) => isSameName(tag, wanted)));
  if (owner === undefined || owner.id === input.imageId) return wanted;
  const move = vscode.l10n.t('Move Tag');
  const chosen = await vscode.window.showWarningMessage(
    vscode.l10n.t('{name} points to another image.', { name: wanted }),
    {
      modal: true,
      detail: vscode.l10n.t('The tag will move away from {id}, which stays as it is otherwise.', {
        id: shortDigest(owner.id),
      }),
    },
    move,
  );
  return chosen === move ? wanted : undefined;
}
