import { formatBytes } from '../../core/quantity.ts';
import type { FileEntry } from '../../core/snapshotFiles/rootFiles.ts';
import type { Arguments } from '../arguments.ts';
import { findChosenTree, pathWords, placeIn, snapshotWords, wordWords } from '../chosenSnapshot.ts';
import type { Command, CommandContext, Report } from '../command.ts';
import { cacheOption, layerOption, vaultOption } from '../options.ts';
import { modeText } from '../../core/fileTrees/modeText.ts';
import { entryDocument, shownName, timeText } from '../fileEntry.ts';
import { table } from '../table.ts';

export const ls: Command = {
  name: 'ls',
  summary: 'List files in a snapshot, an image or an archive',
  usage: 'WORD [[ROOT:]PATH]',
  details: [
    wordWords,
    snapshotWords,
    pathWords,
    'With --layer, names that the layer takes away are listed as removed.',
  ],
  takes: { least: 1, most: 2 },
  options: { ...vaultOption, ...cacheOption, ...layerOption },
  async run(context, args) {
    const cancel = { signal: context.operation.signal };
    const chosen = await findChosenTree(context, args);
    if (chosen === undefined) return listImage(context, args);
    const { snapshot, tree } = chosen;
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

/** Loaded on its own: a file of a snapshot is found before all of this would be. */
async function listImage(context: CommandContext, args: Arguments): Promise<Report> {
  const [{ placeInImage, layerNumber }, { entryOf, joined }, { isThere }] = await Promise.all([
    import('../imageFiles.ts'),
    import('../../core/snapshotFiles/rootFiles.ts'),
    import('../../core/layers/treeNode.ts'),
  ]);
  const { found, image, path, node } = await placeInImage(context, args);
  const named = [...(node.children ?? [['', node] as const])]
    .map(([name, child]) => ({ path: joined(path, name), child }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  const there = named.filter(({ child }) => isThere(child));
  const gone = named.filter(({ child }) => !isThere(child)).map((one) => one.path);
  const layer = layerNumber(args);
  const of = {
    source: { kind: found.source, name: found.where },
    image: image.name,
    ...(layer !== undefined && { layer, removed: gone.map((one) => `/${shownName(one)}`) }),
    path: `/${shownName(path)}`,
  };
  return listing(
    of,
    there.map((one) => entryOf(one.child, one.path)),
    gone,
  );
}

function listing(
  of: Readonly<Record<string, unknown>>,
  entries: readonly FileEntry[],
  gone: readonly string[] = [],
): Report {
  return {
    document: { ...of, entries: entries.map(entryDocument) },
    text: (columns) =>
      table(
        ['MODE', 'OWNER', 'SIZE', 'CHANGED', 'NAME'],
        [
          ...entries.map((one) => [
            modeText(one),
            `${one.uid}:${one.gid}`,
            one.type === 'file' ? formatBytes(one.sizeBytes) : '-',
            timeText(one.mtime),
            `${shownName(one.name)}${one.link === undefined ? '' : ` -> ${one.link}`}`,
          ]),
          ...gone.map((path) => ['removed', '-', '-', '-', shownName(path.slice(path.lastIndexOf('/') + 1))]),
        ],
        columns,
      ),
    quiet: entries.map(({ path }) => `/${path}`),
  };
}
