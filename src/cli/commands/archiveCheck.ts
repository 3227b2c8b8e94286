import { readArchiveAt } from '../../core/archive/readArchiveAt.ts';
import type { Command } from '../command.ts';
import { archiveDocument, distinctLayers } from '../archiveDocument.ts';
import { countOf } from '../countOf.ts';
import { onEachFile } from '../onEachFile.ts';

export const archiveCheck: Command = {
  name: 'archive check',
  summary: 'Read archives to their end and check every digest, without any engine',
  usage: 'FILE…',
  details: ['FILE is an archive, a folder with an OCI layout, or - for standard input.'],
  takes: { least: 1, most: Number.POSITIVE_INFINITY },
  options: {},
  run(context, args) {
    return onEachFile(context, args.words, async (path, name) => {
      const { archive } = await readArchiveAt(path, context.operation);
      const layers = distinctLayers(archive);
      return {
        document: archiveDocument(archive),
        text: () => [
          `${name} is whole: ${countOf(archive.images.length, 'image')}, ${countOf(layers, 'layer')}, every digest right`,
        ],
        quiet: [],
        notes: archive.remarks.map(({ text }) => text),
      };
    });
  },
};
