import * as vscode from 'vscode';
import { itemScheme } from '../contributions.ts';
import type { ItemFace, Wording } from './viewItem.ts';
import { changeWords } from './fileItem.ts';

/** Names a row that is a file: the icon goes by the end of its name, the colour by what a layer did to it. */
export function fileItemUri({ name, change = 'within' }: NonNullable<ItemFace['file']>): vscode.Uri {
  return vscode.Uri.from({ scheme: itemScheme, path: `/file/${name}`, query: change });
}

/** The letter and the colour of files that a layer added, changed or removed. */
export class FileDecorations implements vscode.FileDecorationProvider {
  readonly #wording: Wording;

  constructor(wording: Wording) {
    this.#wording = wording;
  }

  provideFileDecoration({ scheme, path, query }: vscode.Uri): vscode.FileDecoration | undefined {
    if (scheme !== itemScheme || !path.startsWith('/file/')) return undefined;
    switch (query) {
      case 'added':
        return this.#decoration('A', query, 'gitDecoration.addedResourceForeground');
      case 'changed':
        return this.#decoration('M', query, 'gitDecoration.modifiedResourceForeground');
      case 'metadata':
        return this.#decoration('m', query, 'gitDecoration.modifiedResourceForeground');
      case 'removed':
        return this.#decoration('D', query, 'gitDecoration.deletedResourceForeground');
      case 'same':
        return this.#decoration('=', query, 'gitDecoration.ignoredResourceForeground');
      default:
        return undefined;
    }
  }

  #decoration(
    badge: string,
    change: 'added' | 'changed' | 'metadata' | 'removed' | 'same',
    color: string,
  ): vscode.FileDecoration {
    return new vscode.FileDecoration(badge, changeWords(change, this.#wording), new vscode.ThemeColor(color));
  }
}
