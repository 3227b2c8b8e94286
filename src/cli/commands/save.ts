import { saveImages } from '../../core/backup/saveImages.ts';
import { formatBytes } from '../../core/quantity.ts';
import type { Command } from '../command.ts';
import { findImage, imageLabel, type FoundImage } from '../findImage.ts';
import { compressOption, outputOptions } from '../options.ts';
import { outputFile } from '../outputFile.ts';

const forms = ['docker-archive', 'oci-archive'] as const;

export const save: Command = {
  name: 'save',
  summary: 'Save images into one archive and read it back',
  usage: 'IMAGE… -o FILE',
  details: [
    'An image given by name is saved with that name, one given by ID with all its names. The archive is compared with the engine, digest by digest, before FILE appears; its SHA-256 is put beside it in FILE.sha256.',
  ],
  takes: { least: 1, most: Number.POSITIVE_INFINITY },
  options: {
    ...outputOptions,
    format: { value: 'FORM', choices: forms, help: 'form of the archive; docker-archive if not given' },
    ...compressOption,
  },
  async run({ engine: connected, operation }, args) {
    const file = await outputFile(args);
    const engine = await connected();
    const chosen: FoundImage[] = [];
    for (const word of args.words) chosen.push(await findImage(engine, word, operation.signal));
    const saved = await saveImages(
      { engine },
      { ...file, images: chosen, form: args.choice('format', forms) ?? 'docker-archive' },
      operation,
    );
    return {
      document: {
        path: saved.path,
        sizeBytes: saved.sizeBytes,
        digest: saved.digest,
        checksumPath: saved.checksumPath,
        images: saved.images.map(({ id, tags }) => ({ id, tags })),
      },
      text: () => [
        `Saved and verified: ${saved.images.map(imageLabel).join(', ')}`,
        `${saved.path} (${formatBytes(saved.sizeBytes)}, ${saved.digest})`,
      ],
      quiet: [saved.path],
    };
  },
};
