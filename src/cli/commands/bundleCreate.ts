import { resolve } from 'node:path';
import { inventoryFrom } from '../../core/bundle/bundleInventory.ts';
import { bundleSnapshots } from '../../core/bundle/bundleSnapshots.ts';
import { bundleImages } from '../../core/bundle/bundleImages.ts';
import type { MadeBundle } from '../../core/bundle/bundleImages.ts';
import { parsePartSize } from '../../core/bundle/partSize.ts';
import { formatBytes } from '../../core/quantity.ts';
import { findSnapshot, readSnapshots } from '../../core/snapshot/snapshots.ts';
import type { Arguments } from '../arguments.ts';
import type { Command, Report } from '../command.ts';
import { countOf } from '../countOf.ts';
import { usageFailure } from '../failures.ts';
import { findImage } from '../findImage.ts';
import { compressOption, outputOptions } from '../options.ts';
import { outputFile } from '../outputFile.ts';
import { openChosenVault } from '../vaultOption.ts';

export const bundleCreate: Command = {
  name: 'bundle create',
  summary: 'Put images or snapshots into one file to carry, with only what the target lacks',
  usage: 'IMAGE…|SNAPSHOT… -o FILE [--for FILE] [--split SIZE]',
  details: [
    'With --vault they are snapshots of that vault, for another vault; else images of the engine. Without --for everything travels, and the bundle is an archive that plain `docker load` takes as well. With it, layers are left out that the target has: FILE is an inventory that `drydock bundle inventory` made there, or the last bundle for it.',
    'The bundle is read back and compared with the engine before it appears; checksums of it and of every part are in FILE.sha256, which travels along.',
  ],
  takes: { least: 1, most: Number.POSITIVE_INFINITY },
  options: {
    ...outputOptions,
    for: { value: 'FILE', help: 'an inventory of the target, or the last bundle that was made for it' },
    split: {
      value: 'SIZE',
      help: 'cut it into parts of this size, FILE.001 and so on: 4G, 700M, 4GiB',
    },
    ...compressOption,
    vault: { value: 'FOLDER', help: 'bundle snapshots of this vault' },
  },
  async run(context, args) {
    const { operation, now } = context;
    const partBytes = splitSize(args);
    const file = await outputFile(args);
    const about = args.text('for');
    const had = about === undefined ? undefined : await inventoryFrom(resolve(about), operation);
    const input = {
      ...file,
      nowMs: now(),
      ...(partBytes !== undefined && { partBytes }),
      ...(had && { had }),
    };
    if (args.text('vault') !== undefined) {
      const vault = await openChosenVault(context, args, 'read');
      const all = await readSnapshots(vault, operation);
      const snapshots = new Map(
        args.words.map((word) => findSnapshot(all, word)).map((one) => [one.id, one]),
      );
      return madeReport(
        await bundleSnapshots({ vault }, { ...input, snapshots: [...snapshots.values()] }, operation),
      );
    }
    const engine = await context.engine();
    const images = [];
    for (const word of args.words) images.push(await findImage(engine, word, operation.signal));
    return madeReport(await bundleImages({ engine }, { ...input, images }, operation));
  },
};

/** What `--split` says. */
function splitSize(args: Arguments): number | undefined {
  const text = args.text('split');
  const bytes = text === undefined ? undefined : parsePartSize(text);
  if (text !== undefined && bytes === undefined)
    throw usageFailure(`--split ${text} is no size for parts. Write it like 4G or 700M.`);
  return bytes;
}

function madeReport(made: MadeBundle): Report {
  const { items, paths, sizeBytes, digest, checksumPath, leftOut } = made;
  const spared = leftOut.reduce((sum, one) => sum + one.sizeBytes, 0);
  return {
    document: {
      paths,
      checksumPath,
      sizeBytes,
      digest,
      items: items.map(({ id, name, tags }) => ({ id, name, tags })),
      leftOut,
    },
    text: () => [
      `Bundled and verified: ${items.map(({ name }) => name).join(', ')}`,
      `${paths.length === 1 ? (paths[0] ?? '') : `${paths.length} parts, ${paths[0] ?? ''} to ${paths.at(-1) ?? ''}`} (${formatBytes(sizeBytes)}, ${digest})`,
      ...(leftOut.length > 0
        ? [`Left out, since the target has it: ${countOf(leftOut.length, 'blob')}, ${formatBytes(spared)}`]
        : []),
    ],
    quiet: [...paths, checksumPath],
  };
}
