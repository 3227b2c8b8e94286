import * as vscode from 'vscode';
import { diffPanelType } from '../contributions.ts';
import type { Compared } from '../inside/comparing.ts';
import { keyText, parseKeyText, type DiffKey } from '../inside/diffSide.ts';
import { DiffPage, type DiffPageDeps } from './diffPage.ts';
import { parseDiffViewState } from './diffProtocol.ts';

export type DiffPanelsDeps = Omit<DiffPageDeps, 'extensionUri' | 'panel' | 'key'>;

/** The pages of comparisons in this window, one for each pair of sides. */
export class DiffPanels implements vscode.Disposable {
  readonly #extensionUri: vscode.Uri;
  readonly #deps: DiffPanelsDeps;
  readonly #pages = new Map<DiffPage, vscode.WebviewPanel>();

  constructor(extension: Pick<vscode.ExtensionContext, 'extensionUri'>, deps: DiffPanelsDeps) {
    this.#extensionUri = extension.extensionUri;
    this.#deps = deps;
  }

  /** Fills a page that came back with the window. */
  restore(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const kept = parseDiffViewState(state);
    const key = kept && parseKeyText(kept.key);
    if (key === undefined) panel.dispose();
    else this.#open(panel, key).askAgain('reloaded');
    return Promise.resolve();
  }

  /** Shows what differs between two sides: the page that is open already, if there is one, compares anew. */
  async show(key: DiffKey): Promise<Compared | undefined> {
    const open = [...this.#pages].find(([page]) => isOfSameSides(page.key, key));
    if (open !== undefined) {
      open[1].reveal();
      return open[0].load();
    }
    const panel = vscode.window.createWebviewPanel(diffPanelType, '', vscode.ViewColumn.Active);
    return this.#open(panel, key).load();
  }

  dispose(): void {
    for (const panel of [...this.#pages.values()]) panel.dispose();
  }

  #open(panel: vscode.WebviewPanel, key: DiffKey): DiffPage {
    const page = new DiffPage({ ...this.#deps, extensionUri: this.#extensionUri, panel, key });
    this.#pages.set(page, panel);
    panel.onDidDispose(() => {
      this.#pages.delete(page);
    });
    return page;
  }
}

function isOfSameSides(a: DiffKey, b: DiffKey): boolean {
  return keyText({ ...a, strictness: b.strictness }) === keyText(b);
}
