import { basename } from 'node:path/posix';
import * as vscode from 'vscode';
import { liveScheme } from '../contributions.ts';
import { DrydockError } from '../core/errors.ts';
import type { PassingCopies } from '../core/fileTrees/passingCopies.ts';
import { exactName } from '../core/fileTrees/visibleName.ts';
import type { Log } from './log.ts';
import { mostEditorBytes, type ReadOnlyFileSystem } from './readOnlyFileSystem.ts';
import { runOperation } from './runOperation.ts';

/** Of all files of one window that are open in copies. */
const mostCopiedBytes = 4 * 2 ** 30;

export interface FileOpenerDeps {
  /** Where copies of large files lie while they are open. */
  readonly folder: string;
  readonly log: Log;
}

/**
 * Opens read-only documents, whatever their size. An extension hands a document to its editor in one piece, so what is
 * too large for that is streamed into a copy on the disk, which the editor reads by itself and which goes with its tab.
 */
export class FileOpener implements vscode.Disposable {
  readonly #deps: FileOpenerDeps;
  readonly #systems = new Map<string, ReadOnlyFileSystem>();
  /** Copies by what they are of. What lives may be another by the next time, so each opening copies it. */
  readonly #copies = new Map<string, Promise<vscode.Uri | undefined>>();
  readonly #tabs: vscode.Disposable;
  #kept: Promise<PassingCopies> | undefined;
  #loaded: PassingCopies | undefined;

  constructor(deps: FileOpenerDeps) {
    this.#deps = deps;
    this.#tabs = vscode.window.tabGroups.onDidChangeTabs(({ closed }) => {
      for (const { input } of closed) this.#forget(input);
    });
  }

  /** Lets documents of a scheme be opened. */
  register(scheme: string, files: ReadOnlyFileSystem): vscode.Disposable {
    this.#systems.set(scheme, files);
    return vscode.Disposable.from(
      files,
      vscode.workspace.registerFileSystemProvider(scheme, files, { isReadonly: true }),
    );
  }

  /** What was opened: the document, or the copy of a large one. Undefined after a cancel, or a failure that was shown. */
  async open(uri: vscode.Uri, options: vscode.TextDocumentShowOptions = {}): Promise<vscode.Uri | undefined> {
    const sizeBytes = await this.#sizeOf(uri);
    if (sizeBytes <= mostEditorBytes) {
      await vscode.commands.executeCommand('vscode.open', uri, options);
      return uri;
    }
    const copy = await this.#copyOf(uri, sizeBytes);
    if (copy === undefined) return undefined;
    await vscode.commands.executeCommand('vscode.open', copy, options);
    // Its mode keeps the copy from being changed; this says so before somebody types.
    await vscode.commands.executeCommand('workbench.action.files.setActiveEditorReadonlyInSession');
    return copy;
  }

  /** Opens two in the diff editor; where one is too large for that, each by itself. */
  async compare(
    left: vscode.Uri,
    right: vscode.Uri,
    { title, ...options }: vscode.TextDocumentShowOptions & { readonly title: string },
  ): Promise<void> {
    const sizes = [await this.#sizeOf(left), await this.#sizeOf(right)];
    if (Math.max(...sizes) <= mostEditorBytes) {
      await vscode.commands.executeCommand('vscode.diff', left, right, title, options);
      return;
    }
    const opened = await this.open(left, { ...options, viewColumn: vscode.ViewColumn.Active });
    if (opened !== undefined) await this.open(right, { ...options, viewColumn: vscode.ViewColumn.Beside });
  }

  /** Removes copies that windows left which were killed. */
  async sweep(): Promise<void> {
    await (await this.#passing()).sweep();
  }

  dispose(): void {
    this.#tabs.dispose();
    this.#loaded?.dispose();
  }

  /** Why it can't be read comes up when it is opened. */
  async #sizeOf(uri: vscode.Uri): Promise<number> {
    try {
      return (await this.#systems.get(uri.scheme)?.shown.stat(uri))?.sizeBytes ?? 0;
    } catch (error) {
      if (error instanceof DrydockError) return 0;
      throw error;
    }
  }

  async #copyOf(uri: vscode.Uri, sizeBytes: number): Promise<vscode.Uri | undefined> {
    const key = uri.toString();
    const known = this.#copies.get(key);
    if (known !== undefined) return known;
    const making = this.#copy(uri, sizeBytes);
    this.#copies.set(key, making);
    const copy = await making;
    if (copy === undefined || uri.scheme === liveScheme) this.#copies.delete(key);
    return copy;
  }

  #copy(uri: vscode.Uri, sizeBytes: number): Promise<vscode.Uri | undefined> {
    const title = vscode.l10n.t('Reading {name}', { name: uri.path });
    return runOperation(this.#deps.log, title, { reading: [0, 100] }, async (operation) => {
      const files = this.#systems.get(uri.scheme);
      if (files === undefined) return undefined;
      const copies = await this.#passing();
      const quiet = { signal: operation.signal, progress: { report: () => undefined } };
      const bytes = await files.shown.read(uri, quiet);
      const name = exactName(basename(uri.path));
      return vscode.Uri.file(await copies.make({ name, sizeBytes, bytes }, operation));
    });
  }

  #passing(): Promise<PassingCopies> {
    this.#kept ??= import('../core/fileTrees/passingCopies.ts').then(
      ({ PassingCopies: Copies }) => (this.#loaded = new Copies(this.#deps.folder, mostCopiedBytes)),
    );
    return this.#kept;
  }

  /** Removes the copy that a closed tab showed, unless another one shows it too. */
  #forget(input: unknown): void {
    const uri = shownIn(input);
    if (uri === undefined || this.#loaded === undefined) return;
    const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
    if (tabs.some((tab) => shownIn(tab.input)?.toString() === uri.toString())) return;
    for (const [key, copy] of this.#copies)
      void copy.then((made) => {
        if (made?.toString() === uri.toString()) this.#copies.delete(key);
      });
    this.#loaded.remove(uri.fsPath).catch((error: unknown) => {
      this.#deps.log.error(`removing ${uri.fsPath}`, error);
    });
  }
}

function shownIn(input: unknown): vscode.Uri | undefined {
  const { TabInputText, TabInputCustom, TabInputNotebook } = vscode;
  const isOfFile =
    input instanceof TabInputText || input instanceof TabInputCustom || input instanceof TabInputNotebook;
  return isOfFile ? input.uri : undefined;
}
