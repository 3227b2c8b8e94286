import { pathInSnapshot } from '../../core/snapshotFiles/snapshotTree.ts';
import { openChosenTree, pathWords, snapshotWords } from '../chosenSnapshot.ts';
import type { Command } from '../command.ts';
import { vaultOption } from '../options.ts';
import { entryDocument } from '../fileEntry.ts';
import { usageFailure } from '../failures.ts';

export const cat: Command = {
  name: 'cat',
  summary: 'Write a file of a snapshot to standard output',
  usage: 'SNAPSHOT [ROOT:]PATH',
  details: [
    snapshotWords,
    pathWords,
    'Links are followed within the snapshot. The bytes are compared with the digest that was noted when they were backed up; that is known at their end, so look at the exit code.',
  ],
  takes: { least: 2, most: 2 },
  options: vaultOption,
  async run(context, args) {
    if (args.isSet('json')) throw usageFailure('cat prints a file as it is, not as JSON. Leave out --json.');
    const { tree } = await openChosenTree(context, args);
    const { files, path } = pathInSnapshot(tree, args.words[1] ?? '');
    const { entry, bytes } = await files.open(path, { signal: context.operation.signal });
    return { document: entryDocument(entry), text: () => [], quiet: [], bytes };
  },
};
