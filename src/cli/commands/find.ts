import { shortDigest } from '../../core/digest.ts';
import { failure } from '../../core/errors.ts';
import { formatBytes } from '../../core/quantity.ts';
import { findSnapshot, readSnapshots } from '../../core/snapshot/snapshots.ts';
import { findInSnapshots } from '../../core/snapshotFiles/findInSnapshots.ts';
import type { Command } from '../command.ts';
import { vaultOption } from '../options.ts';
import { exitCodes } from '../exitCode.ts';
import { entryDocument, shownName, timeText } from '../fileEntry.ts';
import { toldFailure } from '../failures.ts';
import { table } from '../table.ts';
import { noneNote } from '../snapshotFilter.ts';
import { openChosenVault } from '../vaultOption.ts';

export const find: Command = {
  name: 'find',
  summary: 'Find files over all snapshots, newest first',
  usage: 'PATTERN [--snapshot SNAPSHOT] [--source NAME]',
  details: [
    'PATTERN means names anywhere (nginx.conf, *.sql), paths anywhere when it has a slash in it (conf.d/*.conf), and paths from the root when it starts with one (/etc/**). * is any part of a name, ** any part of a path, ? one character, [a-z] one of these.',
  ],
  takes: { least: 1, most: 1 },
  options: {
    ...vaultOption,
    snapshot: { value: 'SNAPSHOT', isRepeatable: true, help: 'only in this snapshot' },
    source: { value: 'NAME', help: 'only in snapshots of this image, container, volume or project' },
  },
  async run(context, args) {
    const vault = await openChosenVault(context, args, 'read');
    const all = await readSnapshots(vault);
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
