import { pathInSnapshot } from '../../core/snapshotFiles/snapshotTree.ts';
import type { Arguments } from '../arguments.ts';
import { findChosenTree, pathWords, snapshotWords, wordWords } from '../chosenSnapshot.ts';
import type { Command, CommandContext, Report } from '../command.ts';
import { cacheOption, layerOption, vaultOption } from '../options.ts';
import { entryDocument } from '../fileEntry.ts';
import { usageFailure } from '../failures.ts';

export const cat: Command = {
  name: 'cat',
  summary: 'Write a file of a snapshot, an image or an archive to standard output',
  usage: 'WORD [ROOT:]PATH',
  details: [
    wordWords,
    snapshotWords,
    pathWords,
    'Links are followed within the snapshot or image. The bytes are compared with the digest that was noted when they were backed up or listed; that is known at their end, so look at the exit code. A file of an image comes out of a container that is made for it and never started, one that later layers hide (--layer) out of what the engine saves.',
  ],
  takes: { least: 2, most: 2 },
  options: { ...vaultOption, ...cacheOption, ...layerOption },
  async run(context, args) {
    if (args.isSet('json')) throw usageFailure('cat prints a file as it is, not as JSON. Leave out --json.');
    const chosen = await findChosenTree(context, args);
    if (chosen === undefined) return await imageFile(context, args);
    const { tree } = chosen;
    const { files, path } = pathInSnapshot(tree, args.words[1] ?? '');
    const { entry, bytes } = await files.open(path, { signal: context.operation.signal });
    return { document: entryDocument(entry), text: () => [], quiet: [], bytes };
  },
};

/** Loaded on its own: a file of a snapshot is read before all of this would be. */
async function imageFile(context: CommandContext, args: Arguments): Promise<Report> {
  const [{ placeInImage }, { entryOf }, { failure }] = await Promise.all([
    import('../imageFiles.ts'),
    import('../../core/snapshotFiles/rootFiles.ts'),
    import('../../core/errors.ts'),
  ]);
  const { tree, path, node } = await placeInImage(context, args);
  if (node.file?.type !== 'file')
    throw failure('pathIsNot', { path: `/${path}`, name: tree.name, kind: 'file' });
  // The line of progress is gone by the time that the bytes come.
  const quiet = { signal: context.operation.signal, progress: { report: () => undefined } };
  const bytes = tree.read(path, node.file, quiet);
  return { document: entryDocument(entryOf(node, path)), text: () => [], quiet: [], bytes };
}
