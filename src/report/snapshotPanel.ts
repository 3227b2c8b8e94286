import * as vscode from 'vscode';
import { snapshotPanelType } from '../contributions.ts';
import { failure } from '../core/errors.ts';
import { errorWords } from '../ui/errorWords.ts';
import type { OpenedSnapshot } from '../vaults/openedSnapshots.ts';
import { pageFiles, pageSnapshot, type PageAbilities } from './snapshotPage.ts';
import {
  parseFromSnapshotPage,
  parseSnapshotPageKey,
  type FromSnapshotPage,
  type SnapshotPageKey,
  type SnapshotPageState,
  type SnapshotPageStrings,
  type ToSnapshotPage,
} from './snapshotProtocol.ts';
import { openPage, tellPage } from './webviewPage.ts';

/** What a person can have done with a file or folder on the page. */
export interface FilePlace extends SnapshotPageKey {
  readonly root: string;
  /** From the root, without a slash before it; empty for all of it. */
  readonly path: string;
}

export interface SnapshotPanelsDeps {
  readonly open: (vaultPath: string, id: string) => Promise<OpenedSnapshot>;
  readonly restore: (key: SnapshotPageKey) => void;
  readonly openFile: (place: FilePlace) => Promise<void>;
  /** Left out where it can't be done. */
  readonly extract?: (place: FilePlace) => Promise<void>;
  readonly putBack?: (place: FilePlace) => Promise<void>;
  readonly log: { error(text: string, error: unknown): void };
}

/** A folder of more entries is cut: a page of a hundred thousand rows would stand still. */
const mostFiles = 2_000;

/** The pages of snapshots in this window, one for each. */
export class SnapshotPanels implements vscode.Disposable {
  readonly #extensionUri: vscode.Uri;
  readonly #deps: SnapshotPanelsDeps;
  readonly #pages = new Map<string, vscode.WebviewPanel>();

  constructor(extension: Pick<vscode.ExtensionContext, 'extensionUri'>, deps: SnapshotPanelsDeps) {
    this.#extensionUri = extension.extensionUri;
    this.#deps = deps;
  }

  /** Fills a page that came back with the window. */
  async restore(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const key = parseSnapshotPageKey(state);
    if (key === undefined || this.#pages.has(pageId(key))) panel.dispose();
    else await this.#fill(panel, key);
  }

  /** Shows the page of a snapshot, the one that is open already if there is one. Resolves once it has an answer. */
  async show(key: SnapshotPageKey): Promise<void> {
    const open = this.#pages.get(pageId(key));
    if (open !== undefined) {
      open.reveal();
      return;
    }
    await this.#fill(
      vscode.window.createWebviewPanel(snapshotPanelType, key.title, vscode.ViewColumn.Active),
      key,
    );
  }

  dispose(): void {
    for (const panel of [...this.#pages.values()]) panel.dispose();
  }

  async #fill(panel: vscode.WebviewPanel, key: SnapshotPageKey): Promise<void> {
    this.#pages.set(pageId(key), panel);
    panel.onDidDispose(() => {
      this.#pages.delete(pageId(key));
    });
    await new SnapshotPage({ ...this.#deps, extensionUri: this.#extensionUri, panel, key }).load();
  }
}

function pageId({ vaultPath, id }: SnapshotPageKey): string {
  return `${vaultPath}\n${id}`;
}

interface SnapshotPageDeps extends SnapshotPanelsDeps {
  readonly extensionUri: vscode.Uri;
  readonly panel: vscode.WebviewPanel;
  readonly key: SnapshotPageKey;
}

/** One page: loads, lists folders, and hands on what a person asks for. */
class SnapshotPage {
  readonly #deps: SnapshotPageDeps;
  #opened: OpenedSnapshot | undefined;
  #state: SnapshotPageState = { kind: 'loading' };

  constructor(deps: SnapshotPageDeps) {
    this.#deps = deps;
    const { panel, extensionUri, key } = deps;
    panel.title = vscode.l10n.t('Snapshot: {0}', key.title);
    openPage({
      extensionUri,
      panel,
      name: 'snapshot',
      icon: 'repository',
      receive: (value: unknown) => {
        const message = parseFromSnapshotPage(value);
        if (message !== undefined) void this.#receive(message);
      },
    });
  }

  async load(): Promise<void> {
    const { key, log } = this.#deps;
    this.#show({ kind: 'loading' });
    try {
      this.#opened = await this.#deps.open(key.vaultPath, key.id);
      const wording = { l10n: vscode.l10n, language: vscode.env.language, nowMs: () => Date.now() };
      const { contents, roots } = this.#opened;
      this.#show({ kind: 'ready', snapshot: pageSnapshot(contents, roots, this.#abilities(), wording) });
    } catch (error) {
      log.error(`the page of ${key.title}`, error);
      this.#show({ kind: 'failed', message: errorWords(error) });
    }
  }

  #abilities(): PageAbilities {
    return { extract: this.#deps.extract !== undefined, putBack: this.#deps.putBack !== undefined };
  }

  async #receive(message: FromSnapshotPage): Promise<void> {
    const { key, log } = this.#deps;
    switch (message.type) {
      case 'ready':
        this.#show(this.#state);
        break;
      case 'retry':
        await this.load();
        break;
      case 'restore':
        this.#deps.restore(key);
        break;
      case 'list':
        try {
          this.#post({ type: 'files', request: message.request, ...(await this.#list(message)) });
        } catch (error) {
          log.error(`listing ${message.path} of ${key.title}`, error);
          this.#post({ type: 'failed', request: message.request, message: errorWords(error) });
        }
        break;
      case 'open':
        await this.#deps.openFile({ ...key, root: message.root, path: message.path });
        break;
      case 'extract':
        await this.#deps.extract?.({ ...key, root: message.root, path: message.path });
        break;
      case 'putBack':
        await this.#deps.putBack?.({ ...key, root: message.root, path: message.path });
        break;
    }
  }

  async #list({ root, path }: { readonly root: string; readonly path: string }): Promise<{
    readonly files: ReturnType<typeof pageFiles>;
    readonly left: number;
  }> {
    const found = this.#opened?.roots.find((one) => one.root.name === root);
    if (found === undefined) throw failure('unexpected', { reason: `no file system ${root}` });
    const files = pageFiles(await found.list(path));
    return { files: files.slice(0, mostFiles), left: Math.max(0, files.length - mostFiles) };
  }

  #show(state: SnapshotPageState): void {
    this.#state = state;
    const { key } = this.#deps;
    this.#post({ type: 'show', key, language: vscode.env.language, strings: pageStrings(), state });
  }

  #post(message: ToSnapshotPage): void {
    tellPage(this.#deps.panel, message, (error) => {
      this.#deps.log.error('telling the page of a snapshot', error);
    });
  }
}

function pageStrings(): SnapshotPageStrings {
  return {
    loading: vscode.l10n.t('Reading the snapshot…'),
    failedTitle: vscode.l10n.t('The snapshot can’t be shown'),
    retry: vscode.l10n.t('Try Again'),
    restore: vscode.l10n.t('Restore…'),
    remarks: vscode.l10n.t('Remarks'),
    files: vscode.l10n.t('Files'),
    open: vscode.l10n.t('Open {name}'),
    extract: vscode.l10n.t('Extract {name}…'),
    putBack: vscode.l10n.t('Put {name} back…'),
    empty: vscode.l10n.t('empty'),
    more: vscode.l10n.t('and {count} more'),
  };
}
