import type { Command } from '../command.ts';
import { afterwardsOptions, chosenAfterwards, moveOptions, moveWords, runMove } from '../moveCommand.ts';

export const moveProject: Command = {
  name: 'move project',
  summary: 'Move a whole Compose project to another engine',
  usage: 'PROJECT --to NAME [--keep|--remove] [--replace|--skip-existing] [--dry-run] [--yes]',
  details: [
    'All containers, volumes and networks of the project. Volumes are sent while it runs. Then its containers are stopped, what changed since is sent, and they are started there in the order in which they need each other. When all stand there they stay here, stopped; with --remove they, their volumes and networks are removed here, with --keep they go on here. Compose files are not moved.',
    moveWords,
  ],
  takes: { least: 1, most: 1 },
  options: { ...moveOptions, ...afterwardsOptions },
  run: (context, args) =>
    runMove(context, args, chosenAfterwards(args), () =>
      Promise.resolve({ kind: 'project', name: args.first }),
    ),
};
