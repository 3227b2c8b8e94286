import { countOf } from '../countOf.ts';
import { commitContainer } from '../../core/backup/commitContainer.ts';
import { requireChange } from '../../core/engine/commitInstructions.ts';
import { formatBytes } from '../../core/quantity.ts';
import type { Command } from '../command.ts';
import { asUsage } from '../failures.ts';
import { containerLabel, findContainer } from '../findContainer.ts';
import { changeOption, moveTagsOption } from '../options.ts';
import { newImageName, requireFreeName } from '../tagsInTheWay.ts';

export const commit: Command = {
  name: 'commit',
  summary: 'Make an image of a container’s files',
  usage: 'CONTAINER NAME',
  details: ['NAME is repository:tag. Volumes are not part of the image.'],
  takes: { least: 2, most: 2 },
  options: {
    message: { short: 'm', value: 'TEXT', mayBeEmpty: true, help: 'what the history says about it' },
    author: { short: 'a', value: 'TEXT', mayBeEmpty: true, help: 'who made it' },
    'no-pause': { help: 'let the container run on meanwhile; files being written may come out half-written' },
    ...changeOption,
    ...moveTagsOption,
  },
  async run({ engine: connected, operation }, args) {
    const name = newImageName(args.words[1] ?? '');
    const message = args.text('message');
    const author = args.text('author');
    const changes = args.texts('change');
    asUsage(() => {
      changes.forEach(requireChange);
    });
    const engine = await connected();
    const container = await findContainer(engine, args.first, operation.signal);
    await requireFreeName(engine, name, args, operation.signal);
    const image = await commitContainer(
      { engine },
      {
        containerId: container.id,
        name,
        pause: !args.isSet('no-pause'),
        changes,
        ...(message === undefined ? {} : { message }),
        ...(author === undefined ? {} : { author }),
      },
      operation,
    );
    const label = containerLabel(container);
    return {
      document: {
        container: { id: container.id, name: label },
        id: image.id,
        name,
        sizeBytes: image.sizeBytes,
        layers: image.layers,
      },
      text: () => [
        `Committed and verified: ${label} as ${name}, ${countOf(image.layers, 'layer')}, ${formatBytes(image.sizeBytes)}, without its volumes`,
        image.id,
      ],
      quiet: [image.id],
    };
  },
};
