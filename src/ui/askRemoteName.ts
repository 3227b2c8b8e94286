import * as vscode from 'vscode';
import { isTag, parseRemoteName, remoteNameText, type RemoteName } from '../core/registry/remoteName.ts';

export interface RemoteNameQuestion {
  readonly title: string;
  readonly prompt: string;
  /** What stands in the field at first. */
  readonly value?: string;
  /** Whether a tag has to be given, may be, or can't be. */
  readonly tag: 'needed' | 'optional' | 'none';
  /** Whether a digest may stand in its place. */
  readonly takesDigest?: boolean;
  /** What is not to be chosen again. */
  readonly except?: string;
}

/** Asks for a place in a registry, written as in names of images. Undefined when the person backs out. */
export async function askRemoteName(question: RemoteNameQuestion): Promise<RemoteName | undefined> {
  const { title, prompt, value } = question;
  const text = await vscode.window.showInputBox({
    title,
    prompt,
    ...(value === undefined ? {} : { value }),
    placeHolder:
      question.tag === 'none' ? 'registry.example.com/team/app' : 'registry.example.com/team/app:1.2',
    ignoreFocusOut: true,
    validateInput: (typed) => wrongIn(typed.trim(), question),
  });
  return text === undefined ? undefined : parseRemoteName(text.trim());
}

function wrongIn(text: string, { tag, takesDigest = false, except }: RemoteNameQuestion): string | undefined {
  const name = tryParse(text);
  if (name === undefined)
    return tag === 'none'
      ? vscode.l10n.t('Write it like HOST/REPOSITORY, in lower case')
      : vscode.l10n.t('Write it like HOST/REPOSITORY:TAG, in lower case');
  const isFound = name.tag !== undefined || (takesDigest && name.digest !== undefined);
  if (name.digest !== undefined && !takesDigest) return vscode.l10n.t('A digest can’t be chosen');
  if (tag === 'needed' && !isFound) return vscode.l10n.t('Add a tag, as :1.2');
  if (tag === 'none' && name.tag !== undefined) return vscode.l10n.t('Leave out the tag');
  if (remoteNameText(name) === except) return vscode.l10n.t('That is where it is already');
  return undefined;
}

function tryParse(text: string): RemoteName | undefined {
  try {
    return parseRemoteName(text);
  } catch {
    // Half of what a person types is no name yet.
    return undefined;
  }
}

/** The nearest that a path of a repository can be to any text. */
export function pathFor(text: string): string {
  const parts = text
    .toLowerCase()
    .split('/')
    .map((part) =>
      part
        .replace(/[^a-z0-9._-]+/g, '-')
        .replace(/[._-]{2,}/g, '-')
        .replace(/^[._-]+|[._-]+$/g, ''),
    )
    .filter((part) => part !== '');
  return parts.length === 0
    ? 'unnamed'
    : parts
        .join('/')
        .slice(0, 200)
        .replace(/[._/-]+$/, '');
}

/** A place to begin with: on the host, under the path and the tag that something has elsewhere. */
export function placeOn(host: string, path: string, tag: string | undefined): string {
  return `${host}/${path}${tag !== undefined && isTag(tag) ? `:${tag}` : ''}`;
}
