import type { Command } from '../command.ts';
import { findContainer } from '../findContainer.ts';
import { afterwardsOptions, chosenAfterwards, moveOptions, moveWords, runMove } from '../moveCommand.ts';

export const moveContainer: Command = {
  name: 'move container',
  summary: 'Move a container with its volumes and networks to another engine',
  usage: 'CONTAINER --to NAME [--keep|--remove] [--replace|--skip-existing] [--dry-run] [--yes]',
  details: [
    'Its volumes are sent while it runs. Then it is stopped, what changed since is sent, and it is started there with its own changes, its networks and its settings. When it stands there it stays here, stopped; with --remove it and its volumes are removed here, with --keep it goes on here.',
    moveWords,
  ],
  takes: { least: 1, most: 1 },
  options: { ...moveOptions, ...afterwardsOptions },
  async run(context, args) {
    return await runMove(context, args, chosenAfterwards(args), async (engine) => {
      const { id } = await findContainer(engine, args.first, context.operation.signal);
      return { kind: 'container', id };
    });
  },
};
