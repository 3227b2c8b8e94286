import { backupContainer as backUp } from '../../core/backup/backupContainer.ts';
import {
  backupOptions,
  bindsOption,
  chosenConsistency,
  chosenTags,
  chosenTransport,
  consistencyOption,
  consistencyWords,
  eachOnce,
  transportOption,
} from '../backupOptions.ts';
import { backUpEach } from '../backupReport.ts';
import type { Command } from '../command.ts';
import { openEngineAndVault } from '../engineAndVault.ts';
import { containerLabel, findContainer } from '../findContainer.ts';

export const backupContainer: Command = {
  name: 'backup container',
  summary: 'Back up containers with their volumes into a vault',
  usage:
    'CONTAINER… [--vault FOLDER] [--consistency none|pause|stop] [--include-binds] [--tag TAG] [--transport KIND]',
  details: [
    'Each container becomes a snapshot of its own: its image, its own changes, how it was made, its networks and the data of all its volumes. Folders of the engine’s host that it mounts are named and left out, unless --include-binds is given.',
    consistencyWords,
  ],
  takes: { least: 1, most: Number.POSITIVE_INFINITY },
  options: { ...backupOptions, ...consistencyOption, ...bindsOption, ...transportOption },
  async run(context, args) {
    const { operation } = context;
    const input = {
      consistency: chosenConsistency(args),
      includeBinds: args.isSet('include-binds'),
      ...chosenTags(args),
      ...chosenTransport(args),
    };
    const { notes, ...deps } = await openEngineAndVault(context, args);
    // All are looked up first: a wrong name leaves everything undone.
    const names: string[] = [];
    for (const word of args.words)
      names.push(containerLabel(await findContainer(deps.engine, word, operation.signal)));
    return backUpEach(eachOnce(names), notes, (container) =>
      backUp(deps, { container, ...input }, operation),
    );
  },
};
