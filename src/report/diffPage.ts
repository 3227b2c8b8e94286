import * as vscode from 'vscode';
import { diffPageHead, diffPageRows } from '../core/diff/diffPageOf.ts';
import { diffPageStrings } from '../core/diff/diffPageStrings.ts';
import type { FileChange } from '../core/diff/diffReport.ts';
import type { Worded } from '../core/diffRemark.ts';
import { visibleName } from '../core/fileTrees/visibleName.ts';
import type { Compared, Comparing } from '../inside/comparing.ts';
import { keyText, type DiffKey } from '../inside/diffSide.ts';
import {
  parseFromDiffPage,
  type DiffPageState,
  type DiffSideName,
  type FromDiffPage,
  type ToDiffPage,
} from './diffProtocol.ts';
import { openPage, tellPage } from './webviewPage.ts';

/** What a page has done for it. Each shows its own failures. */
export interface DiffPageActions {
  readonly compareFile: (compared: Compared, change: FileChange) => Promise<void>;
  readonly openFile: (compared: Compared, change: FileChange, side: DiffSideName) => Promise<void>;
  readonly exportReport: (compared: Compared) => Promise<void>;
}

export interface DiffPageDeps extends DiffPageActions {
  readonly comparing: Pick<Comparing, 'compare' | 'again' | 'swapped'>;
  readonly log: { error(text: string, error: unknown): void };
  readonly extensionUri: vscode.Uri;
  readonly panel: vscode.WebviewPanel;
  readonly key: DiffKey;
}

const inLanguage: Worded = (template, args) => vscode.l10n.t(template, args);

/** One page: compares, hands out the rows as the page asks for them, and does what a person asks for. */
export class DiffPage {
  readonly #deps: DiffPageDeps;
  #key: DiffKey;
  #compared: Compared | undefined;
  #generation = 0;
  /** Ends the comparison that is being made. */
  #stop = new AbortController();
  #state: DiffPageState = { kind: 'loading' };

  constructor(deps: DiffPageDeps) {
    this.#deps = deps;
    this.#key = deps.key;
    const { panel, extensionUri } = deps;
    this.#showTitle();
    panel.onDidDispose(() => {
      this.#generation += 1;
      this.#compared = undefined;
      this.#stop.abort();
    });
    openPage({
      extensionUri,
      panel,
      name: 'diff',
      icon: 'layer',
      receive: (value: unknown) => {
        const message = parseFromDiffPage(value);
        if (message !== undefined) void this.#receive(message);
      },
    });
  }

  get key(): DiffKey {
    return this.#key;
  }

  /** Reads both sides and compares them. */
  load(): Promise<Compared | undefined> {
    return this.#compare((stop) => this.#deps.comparing.compare(this.#key, stop));
  }

  /** Says what could be compared, and waits to be told. */
  askAgain(reason: 'reloaded' | 'stopped'): void {
    const { left, right } = this.#key;
    this.#show({ kind: 'asking', reason, left: left.title, right: right.title });
  }

  /** Shows what `work` resolves with, unless something else was asked for meanwhile or the page is gone. */
  async #compare(work: (stop: AbortSignal) => Promise<Compared | undefined>): Promise<Compared | undefined> {
    this.#generation += 1;
    this.#stop.abort();
    this.#stop = new AbortController();
    const generation = this.#generation;
    const before = this.#compared;
    this.#show({ kind: 'loading' });
    const compared = await work(this.#stop.signal);
    if (generation !== this.#generation) return undefined;
    const shown = compared ?? before;
    if (shown === undefined) this.askAgain('stopped');
    else {
      this.#compared = shown;
      this.#key = shown.key;
      this.#showTitle();
      this.#show({ kind: 'ready', generation, head: diffPageHead(shown.report, inLanguage) });
    }
    return compared;
  }

  async #receive(message: FromDiffPage): Promise<void> {
    const { comparing, compareFile, openFile, exportReport } = this.#deps;
    const compared = this.#compared;
    switch (message.type) {
      case 'ready':
        this.#post(this.#shown());
        return;
      case 'retry':
        await this.load();
        return;
      case 'rows':
        if (compared !== undefined && message.generation === this.#generation)
          this.#post({ ...message, rows: diffPageRows(compared.report, message.start) });
        return;
      case 'swap':
        if (compared !== undefined) await this.#compare((stop) => comparing.swapped(compared, stop));
        return;
      case 'strictness':
        if (compared !== undefined) await this.#compare((stop) => comparing.again(compared, message, stop));
        return;
      case 'export':
        if (compared !== undefined) await exportReport(compared);
        return;
      default:
        break;
    }
    const change = message.generation === this.#generation && compared?.report.files[message.row];
    if (compared === undefined || !change) return;
    if (message.type === 'compare') await compareFile(compared, change);
    else if (message.type === 'open') await openFile(compared, change, message.side);
    else {
      await vscode.env.clipboard.writeText(`/${change.path}`);
      this.#post({ type: 'copied' });
    }
  }

  #showTitle(): void {
    const { left, right } = this.#key;
    this.#deps.panel.title = vscode.l10n.t('Compare: {left} ↔ {right}', {
      left: visibleName(left.title),
      right: visibleName(right.title),
    });
  }

  #show(state: DiffPageState): void {
    this.#state = state;
    this.#post(this.#shown());
  }

  #shown(): ToDiffPage {
    return {
      type: 'show',
      key: keyText(this.#key),
      language: vscode.env.language,
      strings: diffPageStrings(vscode.l10n),
      state: this.#state,
    };
  }

  #post(message: ToDiffPage): void {
    tellPage(this.#deps.panel, message, (error) => {
      this.#deps.log.error('telling the page of a comparison', error);
    });
  }
}
