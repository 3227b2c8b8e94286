import { backupImages } from '../../core/backup/backupImages.ts';
import { backupOptions, chosenTags, chosenTransport, transportOption } from '../backupOptions.ts';
import { backupReport } from '../backupReport.ts';
import type { Command } from '../command.ts';
import { openEngineAndVault } from '../engineAndVault.ts';
import { findImage, type FoundImage } from '../findImage.ts';

export const backupImage: Command = {
  name: 'backup image',
  summary: 'Back up images into a vault',
  usage: 'IMAGE… [--vault FOLDER] [--tag TAG] [--transport KIND]',
  details: [
    'Each image becomes a snapshot of its own, read back before it counts. Layers that the vault has are not stored again, and all images are asked for at once: either all become snapshots or none. An image given by name is kept with that name, one given by ID with all its names.',
  ],
  takes: { least: 1, most: Number.POSITIVE_INFINITY },
  options: { ...backupOptions, ...transportOption },
  async run(context, args) {
    const chosen = { ...chosenTags(args), ...chosenTransport(args) };
    const { notes, ...deps } = await openEngineAndVault(context, args);
    const images: FoundImage[] = [];
    for (const word of args.words) images.push(await findImage(deps.engine, word, context.operation.signal));
    return backupReport(await backupImages(deps, { images, ...chosen }, context.operation), notes);
  },
};
