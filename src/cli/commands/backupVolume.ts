import { backupVolume as backUp } from '../../core/backup/backupVolume.ts';
import {
  backupOptions,
  chosenConsistency,
  chosenTags,
  consistencyOption,
  consistencyWords,
  eachOnce,
} from '../backupOptions.ts';
import { backUpEach } from '../backupReport.ts';
import type { Command } from '../command.ts';
import { openEngineAndVault } from '../engineAndVault.ts';

export const backupVolume: Command = {
  name: 'backup volume',
  summary: 'Back up volumes into a vault',
  usage: 'VOLUME… [--vault FOLDER] [--consistency none|pause|stop] [--tag TAG]',
  details: [
    'Each volume becomes a snapshot of its own. The containers that may write to it are the ones that stand still.',
    consistencyWords,
  ],
  takes: { least: 1, most: Number.POSITIVE_INFINITY },
  options: { ...backupOptions, ...consistencyOption },
  async run(context, args) {
    const { operation } = context;
    const input = { consistency: chosenConsistency(args), ...chosenTags(args) };
    const { notes, ...deps } = await openEngineAndVault(context, args);
    const names = eachOnce(args.words);
    for (const name of names) await deps.engine.volumes.inspect(name, operation);
    return backUpEach(names, notes, (name) => backUp(deps, { name, ...input }, operation));
  },
};
