import { posix, resolve } from 'node:path';
import { formatBytes } from '../../core/quantity.ts';
import { extractTree } from '../../core/snapshotFiles/extractTree.ts';
import type { LeftOut } from '../../core/snapshotFiles/extractPlan.ts';
import { pathInSnapshot } from '../../core/snapshotFiles/snapshotTree.ts';
import { openChosenTree, pathWords, snapshotWords } from '../chosenSnapshot.ts';
import type { Command } from '../command.ts';
import { countOf } from '../countOf.ts';
import { vaultOption } from '../options.ts';
import { shownName } from '../fileEntry.ts';

export const extract: Command = {
  name: 'extract',
  summary: 'Bring files of a snapshot to this disk',
  usage: 'SNAPSHOT [ROOT:]PATH [-o FOLDER]',
  details: [
    snapshotWords,
    pathWords,
    'A file or a folder is put into FOLDER under its own name; / is all, put into FOLDER itself. Every file is compared with the digest that was noted when it was backed up, and names appear only when all of them are right. Files belong to you, without setuid bits, unless --owners is given.',
  ],
  takes: { least: 2, most: 2 },
  options: {
    ...vaultOption,
    output: { short: 'o', value: 'FOLDER', help: 'where to; the current folder if not given' },
    force: { help: 'replace a file of the same name; a folder is never replaced' },
    owners: { help: 'give files the owners that they had; only as root' },
  },
  async run(context, args) {
    const { tree } = await openChosenTree(context, args);
    const { files, path } = pathInSnapshot(tree, args.words[1] ?? '');
    const result = await extractTree(
      files,
      {
        path,
        into: resolve(args.text('output') ?? '.'),
        replace: args.isSet('force'),
        owners: args.isSet('owners'),
      },
      context.operation,
    );
    const left = result.left.map((one) => ({ ...one, path: shownName(one.path) }));
    return {
      document: {
        paths: result.paths,
        files: result.fileCount,
        sizeBytes: result.sizeBytes,
        left,
      },
      text: () => [
        `Extracted and verified: ${countOf(result.fileCount, 'file')}, ${formatBytes(result.sizeBytes)}`,
        ...result.paths,
      ],
      quiet: result.paths,
      notes: left.map(({ path: at, reason }) => `${posix.join('/', path, at)}: ${leftWords[reason]}`),
    };
  },
};

const leftWords: Readonly<Record<LeftOut['reason'], string>> = {
  device: 'a device was left out',
  fifo: 'a named pipe was left out',
  sparse: 'a sparse file was left out: its bytes can’t be read on their own; restore the whole instead',
  linkless: 'a hard link was left out, since the file that it names is not there',
  name: 'was left out, since this system can’t have such a name',
  symlink: 'a link was left out, since Windows does not let you make it',
  attributes: 'was made without its extended attributes',
  copied: 'a hard link became a file of its own, since this disk has none',
  other: 'was left out, since nothing here knows its kind',
};
