import type { Command } from './command.ts';
import { archiveCheck } from './commands/archiveCheck.ts';
import { archiveShow } from './commands/archiveShow.ts';
import { cat } from './commands/cat.ts';
import { commit } from './commands/commit.ts';
import { containers } from './commands/containers.ts';
import { exportFilesystem } from './commands/exportFilesystem.ts';
import { history } from './commands/history.ts';
import { images } from './commands/images.ts';
import { importFilesystem } from './commands/importFilesystem.ts';
import { init } from './commands/init.ts';
import { load } from './commands/load.ts';
import { ls } from './commands/ls.ts';
import { save } from './commands/save.ts';
import { show } from './commands/show.ts';
import { snapshots } from './commands/snapshots.ts';
import { volumes } from './commands/volumes.ts';

/** Every subcommand, in the order of `drydock --help`. */
export const commands: readonly Command[] = [
  images,
  containers,
  volumes,
  history,
  save,
  load,
  exportFilesystem,
  importFilesystem,
  commit,
  archiveShow,
  archiveCheck,
  init,
  snapshots,
  show,
  ls,
  cat,
];
