import * as vscode from 'vscode';
import { analysisPanelType } from '../contributions.ts';
import type { ImageAnalysis } from '../core/inspect/imageAnalysis.ts';
import { errorWords } from '../ui/errorWords.ts';
import { pageAnalysis } from './analysisPage.ts';
import {
  parseAnalysisKey,
  parseFromAnalysisPage,
  type AnalysisKey,
  type AnalysisPageState,
} from './analysisProtocol.ts';
import { analysisStrings } from './analysisStrings.ts';
import { openPage, tellPage } from './webviewPage.ts';

export interface AnalysisPanelsDeps {
  /**
   * Works out what the page shows. Without `mayRead` only where nothing has to be transferred for it; undefined where it
   * has to be, and where the person cancelled that.
   */
  readonly analyze: (
    key: AnalysisKey,
    options: {
      readonly mayRead: boolean;
      readonly withContents: boolean;
      readonly signal: AbortSignal;
    },
  ) => Promise<ImageAnalysis | undefined>;
  readonly showHistory: (key: AnalysisKey) => void;
  readonly log: { error(text: string, error: unknown): void };
}

/** The pages of analyses in this window, one for each image. */
export class AnalysisPanels implements vscode.Disposable {
  readonly #extensionUri: vscode.Uri;
  readonly #deps: AnalysisPanelsDeps;
  readonly #pages = new Map<string, vscode.WebviewPanel>();

  constructor(extension: Pick<vscode.ExtensionContext, 'extensionUri'>, deps: AnalysisPanelsDeps) {
    this.#extensionUri = extension.extensionUri;
    this.#deps = deps;
  }

  /** Fills a page that came back with the window. Nobody has asked for a transfer then. */
  async restore(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const key = parseAnalysisKey(state);
    if (key === undefined || this.#pages.has(key.imageId)) panel.dispose();
    else await this.#fill(panel, key).load({ mayRead: false });
  }

  /** Shows the page of an image, the one that is open already if there is one. Resolves once it has an answer. */
  async show(key: AnalysisKey): Promise<void> {
    const open = this.#pages.get(key.imageId);
    if (open !== undefined) {
      open.reveal();
      return;
    }
    const panel = vscode.window.createWebviewPanel(analysisPanelType, key.title, vscode.ViewColumn.Active);
    await this.#fill(panel, key).load({ mayRead: true });
  }

  dispose(): void {
    for (const panel of [...this.#pages.values()]) panel.dispose();
  }

  #fill(panel: vscode.WebviewPanel, key: AnalysisKey): AnalysisPage {
    this.#pages.set(key.imageId, panel);
    panel.onDidDispose(() => {
      this.#pages.delete(key.imageId);
    });
    return new AnalysisPage({ ...this.#deps, extensionUri: this.#extensionUri, panel, key });
  }
}

interface AnalysisPageDeps extends AnalysisPanelsDeps {
  readonly extensionUri: vscode.Uri;
  readonly panel: vscode.WebviewPanel;
  readonly key: AnalysisKey;
}

/** One page: works out what it shows, and ends with its panel. */
class AnalysisPage {
  readonly #deps: AnalysisPageDeps;
  #state: AnalysisPageState = { kind: 'loading' };
  #loading: AbortController | undefined;

  constructor(deps: AnalysisPageDeps) {
    this.#deps = deps;
    const { panel, extensionUri, key } = deps;
    panel.title = vscode.l10n.t('Analysis: {0}', key.title);
    panel.onDidDispose(() => {
      this.#loading?.abort();
    });
    openPage({
      extensionUri,
      panel,
      name: 'analysis',
      icon: 'layer',
      receive: (message: unknown) => {
        this.#receive(message);
      },
    });
  }

  /** A later call takes the place of one under way. */
  async load({
    mayRead,
    withContents = false,
  }: {
    readonly mayRead: boolean;
    readonly withContents?: boolean;
  }): Promise<void> {
    this.#loading?.abort();
    const loading = new AbortController();
    this.#loading = loading;
    this.#show({ kind: 'loading' });
    const { key, analyze, log } = this.#deps;
    try {
      const analysis = await analyze(key, { mayRead, withContents, signal: loading.signal });
      if (loading.signal.aborted) return;
      const wording = { l10n: vscode.l10n, language: vscode.env.language };
      this.#show(
        analysis === undefined
          ? { kind: 'unread' }
          : { kind: 'ready', analysis: pageAnalysis(analysis, wording) },
      );
    } catch (error) {
      if (loading.signal.aborted) return;
      log.error(`analysis of ${key.imageId}`, error);
      this.#show({ kind: 'failed', message: errorWords(error) });
    }
  }

  #receive(value: unknown): void {
    switch (parseFromAnalysisPage(value)?.type) {
      case 'ready':
        this.#post();
        break;
      case 'retry':
        void this.load({ mayRead: true });
        break;
      case 'contents':
        void this.load({ mayRead: true, withContents: true });
        break;
      case 'history':
        this.#deps.showHistory(this.#deps.key);
        break;
      case undefined:
        break;
    }
  }

  #show(state: AnalysisPageState): void {
    this.#state = state;
    this.#post();
  }

  /** A hidden page gets nothing; it asks when it is shown again. */
  #post(): void {
    const { key, panel, log } = this.#deps;
    const message = {
      type: 'show',
      key,
      language: vscode.env.language,
      strings: analysisStrings(),
      state: this.#state,
    };
    tellPage(panel, message, (error) => {
      log.error('telling the page of an analysis', error);
    });
  }
}
