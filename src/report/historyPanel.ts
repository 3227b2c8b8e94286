import * as vscode from 'vscode';
import { historyPanelType } from '../contributions.ts';
import type { Engine } from '../core/engine/engine.ts';
import { DrydockError, failure } from '../core/errors.ts';
import { historyReport, type HistoryReport } from '../core/inspect/historyReport.ts';
import { errorWords } from '../ui/errorWords.ts';
import {
  copiedText,
  pageReport,
  placeInHistory,
  type DockerfileLines,
  type HistoryExtras,
  type RepositoryTag,
} from './historyPage.ts';
import { factWords, pageStrings } from './historyStrings.ts';
import {
  parseFromWebview,
  parseViewState,
  type CopyTarget,
  type PageState,
  type ToWebviewMessage,
} from './protocol.ts';
import { openPage, tellPage } from './webviewPage.ts';

/** What the panels need of the inventory: to hear when an image changed. */
export interface ImageChanges {
  onDidChange(
    listener: (change: { readonly kind: string; readonly touched?: readonly string[] | 'all' }) => void,
  ): { dispose(): void };
}

export interface HistoryPanelsDeps {
  readonly engine: () => { readonly images: Pick<Engine['images'], 'inspect' | 'history'> };
  /** Settles once the engine is chosen; pages that come back after a reload wait for it. */
  readonly ready: Promise<unknown>;
  readonly inventory: ImageChanges;
  readonly log: { error(text: string, error: unknown): void };
  readonly actions: HistoryActions;
}

/** What a page can ask for beyond the engine's history. */
export interface HistoryActions {
  /** What else is known; with `mayRead` the image is read for it, under a notification. */
  extras(
    image: { readonly imageId: string; readonly title: string; readonly tags: readonly string[] },
    options: { readonly mayRead: boolean; readonly signal: AbortSignal },
  ): Promise<HistoryExtras>;
  /** Lines of Dockerfiles that are open. */
  lines(imageId: string): DockerfileLines;
  openLine(imageId: string, step: number): Promise<void>;
  analyze(image: { readonly imageId: string; readonly title: string }): Promise<void>;
  compare(one: RepositoryTag, other: RepositoryTag): Promise<void>;
}

export interface HistoryInput {
  /** An ID; the page is of this image whatever happens to its tags. */
  readonly imageId: string;
  readonly title: string;
  /** Whether the page opens in the group beside the active editor. */
  readonly beside: boolean;
}

/** The history pages of this window, one for each image. */
export class HistoryPanels implements vscode.Disposable {
  readonly #extensionUri: vscode.Uri;
  readonly #deps: HistoryPanelsDeps;
  readonly #pages = new Map<string, HistoryPage>();
  readonly #following: { dispose(): void };

  constructor(extension: Pick<vscode.ExtensionContext, 'extensionUri'>, deps: HistoryPanelsDeps) {
    this.#extensionUri = extension.extensionUri;
    this.#deps = deps;
    this.#following = deps.inventory.onDidChange((change) => {
      if (change.kind !== 'images' && change.kind !== 'state') return;
      const touched = change.touched ?? 'all';
      for (const [imageId, page] of this.#pages)
        if (touched === 'all' || touched.includes(imageId)) page.refresh();
    });
  }

  /** Shows the page of an image, the one that is open already if there is one. Resolves once it has an answer. */
  async show({ imageId, title, beside }: HistoryInput): Promise<void> {
    const open = this.#pages.get(imageId);
    if (open !== undefined) {
      open.reveal();
      return;
    }
    const panel = vscode.window.createWebviewPanel(
      historyPanelType,
      title,
      beside ? vscode.ViewColumn.Beside : vscode.ViewColumn.Active,
    );
    await this.#open(panel, imageId, title).load();
  }

  dispose(): void {
    for (const page of this.#pages.values()) page.dispose();
    this.#following.dispose();
  }

  /** Fills a page that came back with the window. */
  async restore(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const view = parseViewState(state);
    if (view === undefined || this.#pages.has(view.imageId)) {
      panel.dispose();
      return;
    }
    await this.#open(panel, view.imageId, view.title).load();
  }

  #open(panel: vscode.WebviewPanel, imageId: string, title: string): HistoryPage {
    const page = new HistoryPage({ ...this.#deps, extensionUri: this.#extensionUri, panel, imageId, title });
    this.#pages.set(imageId, page);
    panel.onDidDispose(() => {
      this.#pages.delete(imageId);
    });
    return page;
  }
}

interface HistoryPageDeps extends HistoryPanelsDeps {
  readonly extensionUri: vscode.Uri;
  readonly panel: vscode.WebviewPanel;
  readonly imageId: string;
  readonly title: string;
}

/** One page: loads, answers its messages, and ends with its panel. */
class HistoryPage {
  readonly #deps: HistoryPageDeps;
  #report: HistoryReport | undefined;
  #state: PageState = { kind: 'loading' };
  #loading: AbortController | undefined;
  #isStale = false;
  #extras: HistoryExtras | undefined;

  constructor(deps: HistoryPageDeps) {
    this.#deps = deps;
    const { panel, extensionUri, title } = deps;
    panel.title = vscode.l10n.t('History: {0}', title);
    panel.onDidDispose(() => {
      this.#loading?.abort();
    });
    panel.onDidChangeViewState(() => {
      if (panel.visible && this.#isStale) this.refresh();
    });
    openPage({
      extensionUri,
      panel,
      name: 'history',
      icon: 'layer',
      receive: (message: unknown) => {
        this.#receive(message);
      },
    });
  }

  reveal(): void {
    this.#deps.panel.reveal();
  }

  dispose(): void {
    this.#deps.panel.dispose();
  }

  /** Looks again, at once when the page can be seen, else when it is seen next. */
  refresh(): void {
    this.#isStale = !this.#deps.panel.visible;
    if (!this.#isStale) void this.load();
  }

  /** Asks the engine and shows the answer, a failure too. A later call takes the place of one under way. */
  async load(): Promise<void> {
    this.#loading?.abort();
    const loading = new AbortController();
    this.#loading = loading;
    if (this.#state.kind !== 'ready') this.#show({ kind: 'loading' });
    try {
      await this.#deps.ready;
      const report = await historyReport(this.#deps.engine(), this.#deps.imageId, { signal: loading.signal });
      if (loading.signal.aborted) return;
      this.#report = report;
      this.#show(this.#readyState(report));
      await this.#addExtras(report, { mayRead: false, signal: loading.signal });
    } catch (error) {
      if (loading.signal.aborted) return;
      this.#deps.log.error(`history of ${this.#deps.imageId}`, error);
      // An image never changes under its ID, so what is shown stays true while the engine is away.
      const isGone = error instanceof DrydockError && error.code === 'engineNotFound';
      if (this.#report !== undefined && !isGone) return;
      this.#report = undefined;
      this.#show({ kind: 'failed', message: errorWords(error) });
    }
  }

  /** What does not come from the history; the page is whole without it. */
  async #addExtras(
    report: HistoryReport,
    options: { readonly mayRead: boolean; readonly signal: AbortSignal },
  ): Promise<void> {
    const { actions, imageId, title, log } = this.#deps;
    try {
      const extras = await actions.extras({ imageId, title, tags: report.tags }, options);
      // What a person chooses is named by its place among those shown last.
      if (options.signal.aborted) return;
      this.#extras = extras;
      this.#show(this.#readyState(report));
    } catch (error) {
      if (!options.signal.aborted) log.error(`what else is known of ${imageId}`, error);
    }
  }

  #readyState(report: HistoryReport): PageState {
    const wording = { words: factWords(), locale: vscode.env.language, nowMs: Date.now() };
    const lines = this.#deps.actions.lines(this.#deps.imageId);
    const more = { lines, ...(this.#extras && { extras: this.#extras }) };
    return { kind: 'ready', report: pageReport(report, wording, more) };
  }

  /** Runs what the reader asked for; a failure is shown where it happens, and logged here. */
  #act(work: Promise<unknown>): void {
    void work.catch((error: unknown) => {
      this.#deps.log.error('a history page', error);
      void vscode.window.showErrorMessage(errorWords(error));
    });
  }

  #receive(value: unknown): void {
    const message = parseFromWebview(value);
    if (message === undefined) return;
    switch (message.type) {
      case 'ready':
        // The page is new or was hidden for a while: ages are worded anew.
        this.#show(this.#report === undefined ? this.#state : this.#readyState(this.#report));
        break;
      case 'retry':
        void this.load();
        break;
      case 'look':
        if (this.#report !== undefined)
          this.#act(
            this.#addExtras(this.#report, {
              mayRead: true,
              signal: (this.#loading ?? new AbortController()).signal,
            }),
          );
        break;
      case 'analyze':
        this.#act(this.#deps.actions.analyze({ imageId: this.#deps.imageId, title: this.#deps.title }));
        break;
      case 'openLine':
        if (this.#report !== undefined)
          this.#act(
            this.#deps.actions.openLine(this.#deps.imageId, placeInHistory(this.#report, message.layer)),
          );
        break;
      case 'compare': {
        const [one, other] = [this.#extras?.tags[message.one], this.#extras?.tags[message.other]];
        if (one && other) this.#act(this.#deps.actions.compare(one, other));
        break;
      }
      case 'copy':
        void this.#copy(message.request, message.target);
        break;
    }
  }

  async #copy(request: number, target: CopyTarget): Promise<void> {
    try {
      const text = this.#report === undefined ? undefined : copiedText(this.#report, target);
      if (text === undefined || text === '')
        throw failure('nothingSelected', { verb: vscode.l10n.t('copy') });
      await vscode.env.clipboard.writeText(text);
      this.#post({ type: 'answer', request });
    } catch (error) {
      this.#post({ type: 'answer', request, error: errorWords(error) });
    }
  }

  #show(state: PageState): void {
    this.#state = state;
    const { imageId, title } = this.#deps;
    this.#post({
      type: 'show',
      imageId,
      title,
      language: vscode.env.language,
      strings: pageStrings(),
      state,
    });
  }

  /** A hidden page gets nothing; it asks when it is shown again. */
  #post(message: ToWebviewMessage): void {
    tellPage(this.#deps.panel, message, (error) => {
      this.#deps.log.error('telling the history page', error);
    });
  }
}
