import type { Archive, ArchivedImage } from '../../core/archive/archive.ts';
import { readArchiveAt } from '../../core/archive/readArchiveAt.ts';
import { shortDigest } from '../../core/digest.ts';
import { formatBytes } from '../../core/quantity.ts';
import type { Command } from '../command.ts';
import { archiveDocument, platformWords } from '../archiveDocument.ts';
import { onEachFile } from '../onEachFile.ts';
import { table } from '../table.ts';

export const archiveShow: Command = {
  name: 'archive show',
  summary: 'Show the images and layers in archives, checked, without any engine',
  usage: 'FILE…',
  details: ['FILE is an archive, a folder with an OCI layout, or - for standard input.'],
  takes: { least: 1, most: Number.POSITIVE_INFINITY },
  options: {},
  run(context, args) {
    return onEachFile(context, args.words, async (path, name) => {
      const { archive } = await readArchiveAt(path, context.operation);
      return {
        document: archiveDocument(archive),
        text: (columns) => [
          heading(name, archive),
          ...archive.images.flatMap((image) => ['', ...imageLines(image, columns)]),
        ],
        quiet: archive.images.map(({ configDigest }) => configDigest),
        notes: archive.remarks.map(({ text }) => text),
      };
    });
  },
};

function heading(name: string, { form, compression, fileBytes }: Archive): string {
  const wrapped = compression === 'none' ? '' : `, ${compression}`;
  return `${name}: ${form}${wrapped}${fileBytes === undefined ? '' : `, ${formatBytes(fileBytes)}`}`;
}

function imageLines(image: ArchivedImage, columns: number | undefined): readonly string[] {
  return [
    `${image.tags.length > 0 ? image.tags.join(', ') : '<none>'}  ${shortDigest(image.configDigest)}  ${platformWords(image.platform)}`,
    ...table(
      ['LAYER', 'SIZE', 'STORED', 'COMPRESSION'],
      image.layers.map(({ diffId, sizeBytes, storedBytes, compression }) => [
        shortDigest(diffId),
        formatBytes(sizeBytes),
        formatBytes(storedBytes),
        compression,
      ]),
      columns === undefined ? undefined : columns - 2,
    ).map((line) => `  ${line}`),
  ];
}
