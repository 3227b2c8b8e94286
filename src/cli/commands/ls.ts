import { formatBytes } from '../../core/quantity.ts';
import type { FileEntry } from '../../core/snapshotFiles/rootFiles.ts';
import { openChosenTree, pathWords, placeIn, snapshotWords } from '../chosenSnapshot.ts';
import type { Command, Report } from '../command.ts';
import { vaultOption } from '../options.ts';
import { modeText } from '../../core/fileTrees/modeText.ts';
import { entryDocument, shownName, timeText } from '../fileEntry.ts';
import { table } from '../table.ts';

export const ls: Command = {
  name: 'ls',
  summary: 'List files in a snapshot',
  usage: 'SNAPSHOT [[ROOT:]PATH]',
  details: [snapshotWords, pathWords],
  takes: { least: 1, most: 2 },
  options: vaultOption,
  async run(context, args) {
    const cancel = { signal: context.operation.signal };
    const { snapshot, tree } = await openChosenTree(context, args);
    const place = placeIn(tree, args.words[1]);
    if (place === undefined) {
      const roots = tree.roots.map(({ root }) => root);
      return {
        document: { snapshot: snapshot.id, roots: roots.map(({ name, kind }) => ({ name, kind })) },
        text: (columns) =>
          table(
            ['ROOT', 'KIND'],
            roots.map(({ name, kind }) => [name, kind]),
            columns,
          ),
        quiet: roots.map(({ name }) => name),
      };
    }
    const { files, path } = place;
    const { entry } = await files.require(path, cancel);
    const entries = entry.type === 'directory' ? await files.list(path, cancel) : [entry];
    return listing({ snapshot: snapshot.id, root: files.root.name, path: `/${entry.path}` }, entries);
  },
};

function listing(of: Readonly<Record<string, string>>, entries: readonly FileEntry[]): Report {
  return {
    document: { ...of, entries: entries.map(entryDocument) },
    text: (columns) =>
      table(
        ['MODE', 'OWNER', 'SIZE', 'CHANGED', 'NAME'],
        entries.map((one) => [
          modeText(one),
          `${one.uid}:${one.gid}`,
          one.type === 'file' ? formatBytes(one.sizeBytes) : '-',
          timeText(one.mtime),
          `${shownName(one.name)}${one.link === undefined ? '' : ` -> ${one.link}`}`,
        ]),
        columns,
      ),
    quiet: entries.map(({ path }) => `/${path}`),
  };
}
