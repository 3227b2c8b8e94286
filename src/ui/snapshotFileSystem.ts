import * as vscode from 'vscode';
import { snapshotScheme } from '../contributions.ts';
import { DrydockError } from '../core/errors.ts';
import { formatBytes } from '../core/quantity.ts';
import type { FileEntry, RootFiles } from '../core/snapshotFiles/rootFiles.ts';
import { errorWords } from './errorWords.ts';

/** A file or folder inside a snapshot. */
export interface SnapshotPlace {
  readonly vaultPath: string;
  readonly id: string;
  /** Name of the file system in the snapshot. */
  readonly root: string;
  readonly path: string;
}

/** An editor holds a file as a whole. */
const mostBytes = 50 << 20;

/** The address of a file in a snapshot; its path is what the tab shows. */
export function snapshotUri({ vaultPath, id, root, path }: SnapshotPlace): vscode.Uri {
  return vscode.Uri.from({
    scheme: snapshotScheme,
    path: `/${path}`,
    query: new URLSearchParams({ vault: vaultPath, id, root }).toString(),
  });
}

/** Shows files of snapshots as read-only documents. Snapshots never change, so nothing is watched. */
export class SnapshotFileSystem implements vscode.FileSystemProvider {
  readonly #open: (vaultPath: string, id: string) => Promise<{ readonly roots: readonly RootFiles[] }>;
  readonly #changes = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly onDidChangeFile = this.#changes.event;

  constructor(open: (vaultPath: string, id: string) => Promise<{ readonly roots: readonly RootFiles[] }>) {
    this.#open = open;
  }

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined);
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const files = await this.#files(uri);
    const { entry } = await wording(uri, () => files.require(uri.path));
    return {
      type: typeOf(entry),
      ctime: 0,
      mtime: Math.round((entry.mtime ?? 0) * 1000),
      size: entry.sizeBytes,
      permissions: vscode.FilePermission.Readonly,
    };
  }

  async readDirectory(uri: vscode.Uri): Promise<[string, vscode.FileType][]> {
    const files = await this.#files(uri);
    const entries = await wording(uri, () => files.list(uri.path));
    return entries.map((entry) => [entry.name, typeOf(entry)]);
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    const files = await this.#files(uri);
    return wording(uri, async () => {
      const { entry, bytes } = await files.open(uri.path);
      if (entry.sizeBytes > mostBytes)
        throw new vscode.FileSystemError(
          vscode.l10n.t('{path} has {size}, more than an editor can show. Extract it instead.', {
            path: uri.path,
            size: formatBytes(entry.sizeBytes),
          }),
        );
      const chunks: Uint8Array[] = [];
      for await (const chunk of bytes) chunks.push(chunk);
      return Buffer.concat(chunks);
    });
  }

  writeFile(): never {
    throw readOnly();
  }

  createDirectory(): never {
    throw readOnly();
  }

  delete(): never {
    throw readOnly();
  }

  rename(): never {
    throw readOnly();
  }

  dispose(): void {
    this.#changes.dispose();
  }

  async #files(uri: vscode.Uri): Promise<RootFiles> {
    const query = new URLSearchParams(uri.query);
    const opened = await wording(uri, () => this.#open(query.get('vault') ?? '', query.get('id') ?? ''));
    const files = opened.roots.find(({ root }) => root.name === query.get('root'));
    if (files === undefined) throw vscode.FileSystemError.FileNotFound(uri);
    return files;
  }
}

function readOnly(): Error {
  return vscode.FileSystemError.NoPermissions(vscode.l10n.t('Snapshots are read-only.'));
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

function typeOf({ type }: FileEntry): vscode.FileType {
  if (type === 'directory') return vscode.FileType.Directory;
  return type === 'symlink' ? vscode.FileType.SymbolicLink : vscode.FileType.File;
}
