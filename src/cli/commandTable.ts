import type { Command } from './command.ts';
import { archiveCheck } from './commands/archiveCheck.ts';
import { archiveShow } from './commands/archiveShow.ts';
import { backupContainer } from './commands/backupContainer.ts';
import { backupImage } from './commands/backupImage.ts';
import { backupProject } from './commands/backupProject.ts';
import { backupVolume } from './commands/backupVolume.ts';
import { cat } from './commands/cat.ts';
import { commit } from './commands/commit.ts';
import { containers } from './commands/containers.ts';
import { exportFilesystem } from './commands/exportFilesystem.ts';
import { extract } from './commands/extract.ts';
import { find } from './commands/find.ts';
import { forget } from './commands/forget.ts';
import { prune } from './commands/prune.ts';
import { verify } from './commands/verify.ts';
import { copy } from './commands/copy.ts';
import { stats } from './commands/stats.ts';
import { history } from './commands/history.ts';
import { images } from './commands/images.ts';
import { importFilesystem } from './commands/importFilesystem.ts';
import { init } from './commands/init.ts';
import { load } from './commands/load.ts';
import { ls } from './commands/ls.ts';
import { repair } from './commands/repair.ts';
import { restore } from './commands/restore.ts';
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
  backupImage,
  backupContainer,
  backupVolume,
  backupProject,
  restore,
  snapshots,
  show,
  ls,
  find,
  cat,
  extract,
  forget,
  prune,
  verify,
  repair,
  copy,
  stats,
];
