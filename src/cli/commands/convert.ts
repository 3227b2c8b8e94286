import { resolve } from 'node:path';
import { convertArchive, type ConvertedArchive } from '../../core/bundle/convertArchive.ts';
import { shortDigest } from '../../core/digest.ts';
import { formatBytes } from '../../core/quantity.ts';
import { platformWords } from '../archiveDocument.ts';
import type { Arguments } from '../arguments.ts';
import type { Command } from '../command.ts';
import { usageFailure } from '../failures.ts';
import { imageLabel } from '../findImage.ts';
import { withInputFile } from '../inputFile.ts';
import { hostPlatform } from '../../core/bundle/hostPlatform.ts';
import { compressOption, outputOptions } from '../options.ts';
import { outputFile, type OutputFile } from '../outputFile.ts';

const forms = ['docker-archive', 'docker-archive-old', 'oci-archive', 'oci-layout'] as const;

export const convert: Command = {
  name: 'convert',
  summary: 'Convert an archive into another form, with every image’s ID kept',
  usage: 'FILE --to FORM -o OUTPUT',
  details: [
    'FILE is an archive of any form and compression, a folder with an OCI layout, or - for standard input. No engine is needed. docker-archive is read by every engine and every OCI tool, docker-archive-old is as Docker before 25 writes it, oci-archive is a tar of an OCI layout, and oci-layout a folder with one.',
    'Configs and layers are taken over as they are, and OUTPUT is read back before it appears. With --portable layers go unpacked that Docker before 23 can’t read.',
  ],
  takes: { least: 1, most: 1 },
  options: {
    to: { value: 'FORM', choices: forms, help: 'what to make of it' },
    ...outputOptions,
    ...compressOption,
    portable: {
      help: 'unpack zstd layers, for Docker before 23; the image has another ID on a containerd store then',
    },
  },
  async run(context, args) {
    const form = args.choice('to', forms);
    if (form === undefined) throw usageFailure(`Say with --to what to make of it: ${forms.join(', ')}.`);
    const output = form === 'oci-layout' ? outputFolder(args) : await outputFile(args);
    const converted = await withInputFile(context, args.first, (path) =>
      convertArchive(
        {
          path,
          form,
          output: output.path,
          compression: output.compression,
          replace: output.replace,
          isPortable: args.isSet('portable'),
          platform: hostPlatform(),
        },
        context.operation,
      ),
    );
    return {
      document: {
        path: converted.path,
        form,
        sizeBytes: converted.sizeBytes ?? null,
        digest: converted.digest ?? null,
        checksumPath: converted.checksumPath ?? null,
        images: converted.images.map(({ configDigest, tags, platform }, at) => ({
          configDigest,
          targetDigest: converted.targets[at] ?? null,
          tags,
          platform: platformWords(platform),
        })),
        leftOut: converted.leftOut.map(({ configDigest, tags, platform }) => ({
          configDigest,
          tags,
          platform: platformWords(platform),
        })),
        remarks: converted.remarks,
      },
      text: () => [
        `Converted and verified: ${converted.images.map(({ configDigest: id, tags }) => imageLabel({ id, tags })).join(', ')}`,
        converted.digest === undefined || converted.sizeBytes === undefined
          ? converted.path
          : `${converted.path} (${formatBytes(converted.sizeBytes)}, ${converted.digest})`,
      ],
      quiet: [converted.path],
      notes: [...converted.leftOut.map(leftOutWords), ...zstdWords(converted), ...converted.remarks],
    };
  },
};

function outputFolder(args: Arguments): OutputFile {
  const name = args.text('output');
  if (name === undefined || name === '') throw usageFailure('Say where to write with -o FOLDER.');
  if (name === '-') throw usageFailure('-o needs a folder for an OCI layout.');
  if (args.isSet('force') || args.text('compress') !== undefined)
    throw usageFailure('A folder is neither replaced nor compressed: leave out --force and --compress.');
  return { path: resolve(name), replace: false, compression: 'none' };
}

function leftOutWords({ configDigest, tags, platform }: ConvertedArchive['leftOut'][number]): string {
  return `${tags[0] ?? shortDigest(configDigest)} for ${platformWords(platform)} was left out: this form has room for one platform of an image`;
}

function zstdWords({ form, hasZstdLayers }: ConvertedArchive): readonly string[] {
  return hasZstdLayers && form === 'docker-archive'
    ? ['Its layers are packed with zstd, which Docker before 23 can’t read; --portable unpacks them.']
    : [];
}
