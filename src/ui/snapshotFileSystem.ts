import * as vscode from 'vscode';
import { snapshotScheme } from '../contributions.ts';
import { failure } from '../core/errors.ts';
import { exactName, visibleName } from '../core/fileTrees/visibleName.ts';
import type { RootFiles } from '../core/snapshotFiles/rootFiles.ts';
import { ReadOnlyFileSystem } from './readOnlyFileSystem.ts';

/** A file or folder inside a snapshot. */
export interface SnapshotPlace {
  readonly vaultPath: string;
  readonly id: string;
  /** Name of the file system in the snapshot. */
  readonly root: string;
  readonly path: string;
}

/** The address of a file in a snapshot; its path is what the tab shows, each name so that it stays what it is. */
export function snapshotUri({ vaultPath, id, root, path }: SnapshotPlace): vscode.Uri {
  return vscode.Uri.from({
    scheme: snapshotScheme,
    path: `/${visibleName(path)}`,
    query: new URLSearchParams({ vault: vaultPath, id, root }).toString(),
  });
}

type OpenRoots = (vaultPath: string, id: string) => Promise<{ readonly roots: readonly RootFiles[] }>;

/** Shows files of snapshots as read-only documents. */
export class SnapshotFileSystem extends ReadOnlyFileSystem {
  constructor(open: OpenRoots) {
    super({
      stat: async (uri) => (await (await rootOf(open, uri)).require(exactName(uri.path))).entry,
      list: async (uri) =>
        (await (await rootOf(open, uri)).list(exactName(uri.path))).map(({ name, type }) => [
          visibleName(name),
          type,
        ]),
      read: async (uri, { signal }) =>
        (await (await rootOf(open, uri)).open(exactName(uri.path), { signal })).bytes,
      refusal: vscode.l10n.t('Snapshots are read-only.'),
    });
  }
}

async function rootOf(open: OpenRoots, uri: vscode.Uri): Promise<RootFiles> {
  const query = new URLSearchParams(uri.query);
  const opened = await open(query.get('vault') ?? '', query.get('id') ?? '');
  const root = query.get('root') ?? '';
  const files = opened.roots.find((one) => one.root.name === root);
  if (files === undefined) throw failure('pathMissing', { path: uri.path, name: root });
  return files;
}
