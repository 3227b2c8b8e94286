import { countOf } from '../countOf.ts';
import { engineInventory, vaultInventory } from '../../core/bundle/inventory.ts';
import { writeInventory } from '../../core/bundle/writeInventory.ts';
import type { Command } from '../command.ts';
import { outputOptions, vaultOption } from '../options.ts';
import { outputFile } from '../outputFile.ts';
import { openChosenVault } from '../vaultOption.ts';

export const bundleInventory: Command = {
  name: 'bundle inventory',
  summary: 'Write down what this engine, or a vault, has, for bundles that are made for it',
  usage: '-o FILE [--vault FOLDER]',
  details: [
    'The file is small and names digests alone, no files and no settings. Carry it to where bundles are made and give it there with --for.',
  ],
  takes: { least: 0, most: 0 },
  options: { ...outputOptions, ...vaultOption },
  async run(context, args) {
    const { operation, now } = context;
    const { signal } = operation;
    const file = await outputFile(args);
    const inventory =
      args.text('vault') === undefined
        ? await engineInventory(await context.engine(), now(), { signal })
        : await vaultInventory(await openChosenVault(context, args, 'read'), now(), { signal });
    await writeInventory(inventory, file, operation);
    const { target, images, diffIds, blobs } = inventory;
    const count = { images: images.size, layers: diffIds.size, blobs: blobs.size };
    return {
      document: { path: file.path, target, ...count },
      text: () => [
        `${file.path}: what ${target.name} has, ${target.kind === 'vault' ? countOf(count.blobs, 'blob') : `${countOf(count.images, 'image')} with ${countOf(count.layers, 'layer')}`}`,
      ],
      quiet: [file.path],
    };
  },
};
