import { shortDigest } from '../../core/digest.ts';
import { failure } from '../../core/errors.ts';
import { formatBytes } from '../../core/quantity.ts';
import { findSnapshot, readSnapshots } from '../../core/snapshot/snapshots.ts';
import { findInSnapshots } from '../../core/snapshotFiles/findInSnapshots.ts';
import type { Command } from '../command.ts';
import { cacheOption, vaultOption } from '../options.ts';
import { exitCodes } from '../exitCode.ts';
import { entryDocument, shownName, timeText } from '../fileEntry.ts';
import { toldFailure } from '../failures.ts';
import { table } from '../table.ts';
import { noneNote } from '../snapshotFilter.ts';
import { openChosenVault } from '../vaultOption.ts';

export const find: Command = {
  name: 'find',
  summary: 'Find files over all snapshots, newest first, or in images',
  usage: 'PATTERN [--snapshot SNAPSHOT] [--source NAME] [--in WORD]… [--all-images]',
  details: [
    'PATTERN means names anywhere (nginx.conf, *.sql), paths anywhere when it has a slash in it (conf.d/*.conf), and paths from the root when it starts with one (/etc/**). * is any part of a name, ** any part of a path, ? one character, [a-z] one of these.',
    'With --in or --all-images images are searched and no snapshots, the layers of each as a container would see them. WORD is an archive or a folder with an OCI layout on this disk, a snapshot of the vault, or an image of the engine, which sends each image the first time.',
  ],
  takes: { least: 1, most: 1 },
  options: {
    ...vaultOption,
    snapshot: { value: 'SNAPSHOT', isRepeatable: true, help: 'only in this snapshot' },
    source: { value: 'NAME', help: 'only in snapshots of this image, container, volume or project' },
    in: { value: 'WORD', isRepeatable: true, help: 'in the images that WORD names' },
    'all-images': { help: 'in all images of the engine' },
    hidden: { help: 'of images also what later layers replaced or deleted' },
    ...cacheOption,
  },
  async run(context, args) {
    if (args.isSet('all-images') || args.texts('in').length > 0)
      return (await import('../findInWords.ts')).findInWords(context, args);
    const vault = await openChosenVault(context, args, 'read');
    const all = await readSnapshots(vault, context.operation);
    const chosen = args.texts('snapshot').map((text) => findSnapshot(all, text));
    const source = args.text('source');
    const snapshots = (chosen.length > 0 ? chosen : all).filter(
      (one) => source === undefined || one.source.name === source,
    );
    const { found, failed } = await findInSnapshots(
      { vault },
      { snapshots, pattern: args.first },
      context.operation,
    );
    const failures = failed.map(({ snapshot, error }) => ({ item: snapshot.refName, error }));
    const exitCode =
      failed.length === 0
        ? exitCodes.done
        : failed.length === snapshots.length
          ? exitCodes.failed
          : exitCodes.partly;
    return {
      document: {
        pattern: args.first,
        files: found.map(({ snapshot, root, entry }) => ({
          snapshot: snapshot.id,
          name: snapshot.refName,
          root: root.name,
          ...entryDocument(entry),
        })),
        failed: failures.map(({ item, error }) => ({ snapshot: item, error: toldFailure(error) })),
        ...(failed.length === 0
          ? {}
          : {
              error: toldFailure(failure('partlyFailed', { failed: failed.length, total: snapshots.length })),
            }),
      },
      text: (columns) =>
        table(
          ['SNAPSHOT', 'SIZE', 'CHANGED', 'SHA256', 'PATH'],
          found.map(({ snapshot, root, entry }) => [
            snapshot.refName,
            entry.type === 'file' ? formatBytes(entry.sizeBytes) : entry.type,
            timeText(entry.mtime),
            entry.sha256 === undefined ? '-' : shortDigest(entry.sha256),
            `${root.name}:/${shownName(entry.path)}`,
          ]),
          columns,
        ),
      quiet: found.map(
        ({ snapshot, root, entry }) => `${snapshot.refName} ${root.name}:/${shownName(entry.path)}`,
      ),
      notes: noneNote(snapshots, all, source),
      failures,
      exitCode,
    };
  },
};
