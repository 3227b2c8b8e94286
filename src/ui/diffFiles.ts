import * as vscode from 'vscode';
import { diffScheme } from '../contributions.ts';
import type { FileChange } from '../core/diff/diffReport.ts';
import { failure } from '../core/errors.ts';
import { visibleName } from '../core/fileTrees/visibleName.ts';
import { fileAt } from '../core/layers/treeNode.ts';
import type { Operation } from '../core/progress.ts';
import type { Compared } from '../inside/comparing.ts';
import type { ShownFile, ShownFiles } from './readOnlyFileSystem.ts';

export type SideName = 'left' | 'right';

/** Comparisons whose files can still be opened, beside those that pages show. */
const mostKept = 4;
/** Files that were read to see whether they are text, and are about to be shown. */
const mostRead = 4;

interface Found {
  readonly compared: Compared;
  readonly change: FileChange;
  readonly side: SideName;
}

/** The files of both sides of comparisons. An address names a row of a report, since names of files may be no text. */
export class DiffFiles implements ShownFiles {
  readonly refusal = vscode.l10n.t('What was compared is read-only.');
  readonly #kept = new Map<string, Compared>();
  readonly #ids = new WeakMap<Compared, string>();
  readonly #read = new Map<string, Uint8Array>();
  #lastId = 0;

  /** The address of a side of a changed file; its path is what the tab shows. */
  uri(compared: Compared, change: FileChange, side: SideName): vscode.Uri {
    const id = this.#ids.get(compared) ?? String((this.#lastId += 1));
    this.#ids.set(compared, id);
    this.#kept.delete(id);
    this.#kept.set(id, compared);
    for (const oldest of [...this.#kept.keys()].slice(0, -mostKept)) this.#kept.delete(oldest);
    const row = compared.report.files.indexOf(change);
    return vscode.Uri.from({
      scheme: diffScheme,
      path: `/${visibleName(pathOn({ change, side }))}`,
      query: new URLSearchParams({ id, row: String(row), side }).toString(),
    });
  }

  /** Bytes that were read already, for the editor that is about to ask for them. */
  keep(uri: vscode.Uri, bytes: Uint8Array): void {
    this.#read.set(uri.toString(), bytes);
    for (const oldest of [...this.#read.keys()].slice(0, -mostRead)) this.#read.delete(oldest);
  }

  stat(uri: vscode.Uri): Promise<ShownFile> {
    const { change, side } = this.#find(uri);
    const facts = change[side];
    if (facts === undefined) throw failure('pathMissing', { path: uri.path, name: side });
    return Promise.resolve({ type: facts.type, sizeBytes: facts.sizeBytes, mtime: facts.mtime });
  }

  list(uri: vscode.Uri): Promise<never> {
    throw failure('pathIsNot', { path: uri.path, name: diffScheme, kind: 'folder' });
  }

  read(uri: vscode.Uri, operation: Operation): Promise<AsyncIterable<Uint8Array>> {
    const key = uri.toString();
    const bytes = this.#read.get(key);
    this.#read.delete(key);
    return Promise.resolve(bytes === undefined ? this.#stream(this.#find(uri), operation) : once(bytes));
  }

  #stream({ compared, change, side }: Found, operation: Operation): AsyncIterable<Uint8Array> {
    const tree = compared[side];
    const path = pathOn({ change, side });
    const file = fileAt(tree.root, path.split('/'));
    if (file === undefined) throw failure('pathMissing', { path: `/${path}`, name: tree.name });
    return tree.read(path, file, operation);
  }

  #find(uri: vscode.Uri): Found {
    const query = new URLSearchParams(uri.query);
    const compared = this.#kept.get(query.get('id') ?? '');
    const change = compared?.report.files[Number(query.get('row'))];
    if (compared === undefined || change === undefined)
      throw failure('pathMissing', { path: uri.path, name: diffScheme });
    return { compared, change, side: query.get('side') === 'left' ? 'left' : 'right' };
  }
}

function pathOn({ change, side }: Pick<Found, 'change' | 'side'>): string {
  return side === 'left' ? (change.from ?? change.path) : change.path;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield await Promise.resolve(bytes);
}
