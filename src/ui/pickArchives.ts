import * as vscode from 'vscode';

/** Endings of files that are offered as archives. The content decides, not the ending. */
const endings = ['tar', 'gz', 'tgz', 'zst', 'xz', 'bz2'];

/** Asks for archives on disk; undefined when the person backs out. */
export async function pickArchives(title: string): Promise<readonly string[] | undefined> {
  const uris = await vscode.window.showOpenDialog({
    title,
    openLabel: vscode.l10n.t('Choose'),
    canSelectMany: true,
    filters: { [vscode.l10n.t('Archives')]: endings, [vscode.l10n.t('All Files')]: ['*'] },
  });
  return uris === undefined || uris.length === 0 ? undefined : uris.map(({ fsPath }) => fsPath);
}
