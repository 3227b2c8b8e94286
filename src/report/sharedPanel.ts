import * as vscode from 'vscode';
import { sharedPanelType } from '../contributions.ts';
import type { Inventory, InventoryChange } from '../core/inspect/inventory.ts';
import type { LayerSharing } from '../core/waste/sharedLayers.ts';
import { errorWords } from '../ui/errorWords.ts';
import { pageSharing } from './sharedPage.ts';
import { parseFromSharedPage, type SharedPageState, type ToSharedPage } from './sharedProtocol.ts';
import { sharedStrings } from './sharedStrings.ts';
import { openPage, tellPage } from './webviewPage.ts';

export interface SharedPanelDeps {
  /** Asks the engine in use which of its images share layers. */
  readonly read: (signal: AbortSignal) => Promise<LayerSharing>;
  readonly inventory: Pick<Inventory, 'onDidChange'>;
  readonly log: { error(text: string, error: unknown): void };
}

/** The one page of shared layers of this window. */
export class SharedPanel implements vscode.Disposable {
  readonly #extensionUri: vscode.Uri;
  readonly #deps: SharedPanelDeps;
  #open: vscode.WebviewPanel | undefined;

  constructor(extension: Pick<vscode.ExtensionContext, 'extensionUri'>, deps: SharedPanelDeps) {
    this.#extensionUri = extension.extensionUri;
    this.#deps = deps;
  }

  /** Fills a page that came back with the window. */
  async restore(panel: vscode.WebviewPanel): Promise<void> {
    if (this.#open === undefined) await this.#fill(panel);
    else panel.dispose();
  }

  /** Shows the page, the one that is open already if there is one. Resolves once it has an answer. */
  async show(): Promise<void> {
    if (this.#open === undefined)
      await this.#fill(vscode.window.createWebviewPanel(sharedPanelType, '', vscode.ViewColumn.Active));
    else this.#open.reveal();
  }

  dispose(): void {
    this.#open?.dispose();
  }

  #fill(panel: vscode.WebviewPanel): Promise<void> {
    this.#open = panel;
    panel.onDidDispose(() => {
      this.#open = undefined;
    });
    return new SharedPage({ ...this.#deps, extensionUri: this.#extensionUri, panel }).load();
  }
}

interface SharedPageDeps extends SharedPanelDeps {
  readonly extensionUri: vscode.Uri;
  readonly panel: vscode.WebviewPanel;
}

/** The page's host: asks again when images come or go, and ends with its panel. */
class SharedPage {
  readonly #deps: SharedPageDeps;
  readonly #ended = new AbortController();
  #state: SharedPageState = { kind: 'loading' };
  #isLoading = false;
  /** Whether what is shown, or being read, was true before something changed. */
  #isStale = false;

  constructor(deps: SharedPageDeps) {
    this.#deps = deps;
    const { panel, extensionUri, inventory } = deps;
    panel.title = vscode.l10n.t('Shared layers');
    const following = inventory.onDidChange((change) => {
      if (isOfImages(change)) this.#refresh();
    });
    panel.onDidChangeViewState(() => {
      if (this.#isStale) this.#refresh();
    });
    panel.onDidDispose(() => {
      following.dispose();
      this.#ended.abort();
    });
    openPage({
      extensionUri,
      panel,
      name: 'shared',
      icon: 'layer',
      receive: (message: unknown) => {
        this.#receive(message);
      },
    });
  }

  /** Reads until what was read is still true; what was shown stays until then. */
  async load(): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    do {
      this.#isStale = false;
      const state = await this.#read(this.#ended.signal);
      if (state === undefined) return;
      this.#show(state);
    } while (this.#isToBeReadAgain());
    this.#isLoading = false;
  }

  /** Undefined once the panel is gone. */
  async #read(signal: AbortSignal): Promise<SharedPageState | undefined> {
    try {
      const sharing = await this.#deps.read(signal);
      if (signal.aborted) return undefined;
      const wording = { l10n: vscode.l10n, language: vscode.env.language };
      return { kind: 'ready', sharing: pageSharing(sharing, wording) };
    } catch (error) {
      if (signal.aborted) return undefined;
      this.#deps.log.error('the layers that images share', error);
      return { kind: 'failed', message: errorWords(error) };
    }
  }

  #refresh(): void {
    this.#isStale = true;
    if (this.#isToBeReadAgain()) void this.load();
  }

  /** A hidden page waits until it is looked at. */
  #isToBeReadAgain(): boolean {
    return this.#isStale && this.#deps.panel.visible;
  }

  #receive(value: unknown): void {
    switch (parseFromSharedPage(value)?.type) {
      case 'ready':
        this.#post();
        break;
      case 'retry':
        this.#show({ kind: 'loading' });
        this.#refresh();
        break;
      case undefined:
        break;
    }
  }

  #show(state: SharedPageState): void {
    this.#state = state;
    this.#post();
  }

  /** A hidden page gets nothing; it asks when it is shown again. */
  #post(): void {
    const { panel, log } = this.#deps;
    const message: ToSharedPage = {
      type: 'show',
      language: vscode.env.language,
      strings: sharedStrings(),
      state: this.#state,
    };
    tellPage(panel, message, (error) => {
      log.error('telling the page of shared layers', error);
    });
  }
}

function isOfImages(change: InventoryChange): boolean {
  return (
    change.kind === 'state' ||
    change.kind === 'images' ||
    (change.kind === 'containers' && change.isMembership)
  );
}
