import { backupProject as backUp } from '../../core/backup/backupProject.ts';
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

export const backupProject: Command = {
  name: 'backup project',
  summary: 'Back up whole Compose projects into a vault',
  usage:
    'PROJECT… [--vault FOLDER] [--consistency none|pause|stop] [--include-binds] [--tag TAG] [--transport KIND]',
  details: [
    'All containers, networks and volumes of a project become one snapshot of one moment, with the compose files where they can be read.',
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
    return backUpEach(eachOnce(args.words), notes, (project) =>
      backUp(deps, { project, ...input }, operation),
    );
  },
};
