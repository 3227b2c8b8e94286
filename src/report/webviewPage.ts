import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { pageHtml } from './pageHtml.ts';

export interface WebviewPageInput {
  readonly extensionUri: vscode.Uri;
  readonly panel: vscode.WebviewPanel;
  /** Of the program in src/report/app and, for all but the first page, of a style sheet of its own. */
  readonly name: 'history' | 'analysis' | 'shared' | 'snapshot' | 'diff';
  /** In media/icons. */
  readonly icon: 'layer' | 'repository';
  readonly receive: (message: unknown) => void;
}

/** Puts one of our pages into a panel: its program, its sheets, and what it says to its host. */
export function openPage({ extensionUri, panel, name, icon, receive }: WebviewPageInput): void {
  const { webview } = panel;
  const bundle = vscode.Uri.joinPath(extensionUri, 'dist', 'report');
  const media = vscode.Uri.joinPath(extensionUri, 'media', 'report');
  const icons = vscode.Uri.joinPath(extensionUri, 'media', 'icons');
  const sheet = (of: WebviewPageInput['name']): string =>
    webview.asWebviewUri(vscode.Uri.joinPath(media, `${of}.css`)).toString();
  panel.iconPath = {
    light: vscode.Uri.joinPath(icons, 'light', `${icon}.svg`),
    dark: vscode.Uri.joinPath(icons, 'dark', `${icon}.svg`),
  };
  webview.options = { enableScripts: true, localResourceRoots: [bundle, media] };
  webview.onDidReceiveMessage(receive);
  webview.html = pageHtml({
    nonce: randomBytes(16).toString('base64url'),
    source: webview.cspSource,
    script: webview.asWebviewUri(vscode.Uri.joinPath(bundle, `${name}.js`)).toString(),
    style: sheet('history'),
    ...(name !== 'history' && { moreStyle: sheet(name) }),
    language: vscode.env.language,
  });
}

/** A hidden page gets nothing; it asks when it is shown again. */
export function tellPage(
  { webview }: Pick<vscode.WebviewPanel, 'webview'>,
  message: object,
  failed: (error: unknown) => void,
): void {
  void Promise.resolve(webview.postMessage(message)).catch(failed);
}
