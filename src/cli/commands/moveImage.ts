import type { Command } from '../command.ts';
import { findImage } from '../findImage.ts';
import { moveOptions, moveWords, runMove } from '../moveCommand.ts';

export const moveImage: Command = {
  name: 'move image',
  summary: 'Copy or move images to another engine',
  usage: 'IMAGE… --to NAME [--remove] [--replace|--skip-existing] [--dry-run] [--yes]',
  details: [
    'Images keep their IDs between engines that keep images in the same way. An image given by name arrives with that name, one given by ID with all its names. They stay here, unless --remove is given.',
    moveWords,
  ],
  takes: { least: 1, most: Number.POSITIVE_INFINITY },
  options: { ...moveOptions, remove: { help: 'remove them here once they are there' } },
  async run(context, args) {
    const { signal } = context.operation;
    return await runMove(context, args, args.isSet('remove') ? 'remove' : 'keep', async (engine) => {
      const images = [];
      for (const word of args.words) images.push(await findImage(engine, word, signal));
      const byId = Map.groupBy(images, ({ id }) => id);
      return {
        kind: 'image',
        images: [...byId].map(([id, same]) => ({ id, tags: [...new Set(same.flatMap(({ tags }) => tags))] })),
      };
    });
  },
};
