import { requireChange } from '../../core/engine/commitInstructions.ts';
import { formatBytes } from '../../core/quantity.ts';
import { importRootfs } from '../../core/restore/importRootfs.ts';
import type { Command } from '../command.ts';
import { asUsage } from '../failures.ts';
import { withInputFile } from '../inputFile.ts';
import { changeOption, moveTagsOption } from '../options.ts';
import { newImageName, requireFreeName } from '../tagsInTheWay.ts';

export const importFilesystem: Command = {
  name: 'import',
  summary: 'Make an image of one layer out of a file system’s tar',
  usage: 'FILE [NAME]',
  details: ['FILE is a tar, plain or compressed, or - for standard input. NAME is repository:tag.'],
  takes: { least: 1, most: 2 },
  options: {
    message: { short: 'm', value: 'TEXT', mayBeEmpty: true, help: 'what the history says about it' },
    ...changeOption,
    ...moveTagsOption,
  },
  async run(context, args) {
    const { operation } = context;
    const given = args.words[1];
    const name = given === undefined ? undefined : newImageName(given);
    const message = args.text('message');
    const changes = args.texts('change');
    asUsage(() => {
      changes.forEach(requireChange);
    });
    const engine = await context.engine();
    if (name !== undefined) await requireFreeName(engine, name, args, operation.signal);
    const image = await withInputFile(context, args.first, (path) =>
      importRootfs(
        { engine },
        {
          path,
          changes,
          ...(name === undefined ? {} : { name }),
          ...(message === undefined ? {} : { message }),
        },
        operation,
      ),
    );
    return {
      document: {
        id: image.id,
        name: image.name ?? null,
        entries: image.entries,
        tarBytes: image.plainBytes,
      },
      text: () => [
        `Imported and verified: ${image.name === undefined ? '' : `${image.name}, `}${image.entries} entries, ${formatBytes(image.plainBytes)}`,
        image.id,
      ],
      quiet: [image.id],
    };
  },
};
