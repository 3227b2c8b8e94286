import * as vscode from 'vscode';
import { DrydockError } from '../core/errors.ts';
import type { TreeFile } from '../core/layers/treeNode.ts';
import type { Operation } from '../core/progress.ts';
import { formatBytes } from '../core/quantity.ts';
import { errorWords } from './errorWords.ts';
import { runWhenSlow } from './runWhenSlow.ts';

/** A file as an editor is told of it. */
export interface ShownFile {
  readonly type: TreeFile['type'];
  readonly sizeBytes: number;
  /** Seconds since 1970. */
  readonly mtime?: number | undefined;
}

/** Where a read-only file system has its files from. Failures are worded by who shows them. */
export interface ShownFiles {
  /** What is at an address, links followed. Rejects with `pathMissing`. */
  stat(uri: vscode.Uri): Promise<ShownFile>;
  list(uri: vscode.Uri): Promise<readonly (readonly [name: string, type: TreeFile['type']])[]>;
  /** Rejects with `pathMissing`, `pathIsNot`. */
  read(uri: vscode.Uri, operation: Operation): Promise<AsyncIterable<Uint8Array>>;
  /** Says that nothing can be changed. */
  readonly refusal: string;
}

/** An editor is given a document as a whole; a larger one is opened by `FileOpener`. */
export const mostEditorBytes = 50 << 20;

/** Shows files as read-only documents. What is shown never changes, so nothing is watched. */
export class ReadOnlyFileSystem implements vscode.FileSystemProvider {
  readonly shown: ShownFiles;
  readonly #changes = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly onDidChangeFile = this.#changes.event;

  constructor(files: ShownFiles) {
    this.shown = files;
  }

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined);
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const { type, sizeBytes, mtime = 0 } = await wording(uri, () => this.shown.stat(uri));
    return {
      type: typeOf(type),
      ctime: 0,
      mtime: Math.round(mtime * 1000),
      size: sizeBytes,
      permissions: vscode.FilePermission.Readonly,
    };
  }

  async readDirectory(uri: vscode.Uri): Promise<[string, vscode.FileType][]> {
    const entries = await wording(uri, () => this.shown.list(uri));
    return entries.map(([name, type]) => [name, typeOf(type)]);
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    const read = async (): Promise<Uint8Array> => {
      const { sizeBytes } = await this.shown.stat(uri);
      if (sizeBytes > mostEditorBytes) throw tooLarge(uri, sizeBytes);
      const title = vscode.l10n.t('Reading {name}', { name: uri.path });
      return runWhenSlow(title, async (operation) => {
        const chunks: Uint8Array[] = [];
        let doneBytes = 0;
        for await (const chunk of await this.shown.read(uri, operation)) {
          doneBytes += chunk.length;
          // A live file may have grown since it was looked at.
          if (doneBytes > mostEditorBytes) throw tooLarge(uri, doneBytes);
          chunks.push(chunk);
        }
        return Buffer.concat(chunks);
      });
    };
    try {
      return await wording(uri, read);
    } catch (error) {
      // The editor itself tells of a file that is not there, and of nothing else but that something failed.
      if (error instanceof vscode.FileSystemError && error.code === 'Unknown')
        void vscode.window.showErrorMessage(error.message);
      throw error;
    }
  }

  writeFile(): never {
    throw this.#readOnly();
  }

  createDirectory(): never {
    throw this.#readOnly();
  }

  delete(): never {
    throw this.#readOnly();
  }

  rename(): never {
    throw this.#readOnly();
  }

  dispose(): void {
    this.#changes.dispose();
  }

  #readOnly(): Error {
    return vscode.FileSystemError.NoPermissions(this.shown.refusal);
  }
}

function tooLarge({ path }: vscode.Uri, sizeBytes: number): Error {
  return new vscode.FileSystemError(
    vscode.l10n.t('{path} has {size}, more than an editor can show. Extract it instead.', {
      path,
      size: formatBytes(sizeBytes),
    }),
  );
}

/** Gives VS Code the failures it knows, and words the others. */
async function wording<T>(uri: vscode.Uri, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DrydockError)) throw error;
    if (error.code === 'pathMissing') throw vscode.FileSystemError.FileNotFound(uri);
    if (error.code === 'pathIsNot') throw vscode.FileSystemError.FileIsADirectory(uri);
    throw new vscode.FileSystemError(errorWords(error));
  }
}

function typeOf(type: TreeFile['type']): vscode.FileType {
  if (type === 'directory') return vscode.FileType.Directory;
  return type === 'symlink' ? vscode.FileType.SymbolicLink : vscode.FileType.File;
}
