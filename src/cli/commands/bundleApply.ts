import { resolve } from 'node:path';
import { applyImages } from '../../core/bundle/applyImages.ts';
import { applySnapshots } from '../../core/bundle/applySnapshots.ts';
import { planApply } from '../../core/bundle/planApply.ts';
import { shortDigest } from '../../core/digest.ts';
import { formatBytes } from '../../core/quantity.ts';
import { currentProcess } from '../../core/vault/processIdentity.ts';
import type { Arguments } from '../arguments.ts';
import type { Command, CommandContext, Report } from '../command.ts';
import { countOf } from '../countOf.ts';
import { usageFailure } from '../failures.ts';
import { movedTags, movedTagsDocument, requireOneWay } from '../movedTags.ts';
import { moveTagsOption } from '../options.ts';
import { snapshotDocument } from '../snapshotDocument.ts';
import { openChosenVault } from '../vaultOption.ts';

export const bundleApply: Command = {
  name: 'bundle apply',
  summary: 'Load a bundle into the engine, or into a vault',
  usage: 'FILE [--vault FOLDER | --keep-old | --move-tags]',
  details: [
    'FILE is the bundle, or any of its parts. All of it is read and checked first, and the engine is asked for every layer that did not travel: nothing is loaded when one is missing. Names that another image has now are not taken away unless you say how.',
    'With --vault it goes into that vault: snapshots have the IDs that they had, and each image becomes a snapshot as a backup of it would. A bundle of snapshots goes there alone; restore from there.',
  ],
  takes: { least: 1, most: 1 },
  options: {
    'keep-old': { help: 'keep images that lose a name under NAME-before-TIME' },
    ...moveTagsOption,
    vault: { value: 'FOLDER', help: 'the vault that takes the bundle' },
  },
  async run(context, args) {
    requireOneWay(args);
    if (args.text('vault') !== undefined) return applyToVault(context, args);
    const { operation, temporaryFolder, now } = context;
    const engine = await context.engine();
    const plan = await planApply({ engine }, { path: resolve(args.first) }, operation);
    const { signal } = operation;
    const { moving, keepAs } = await movedTags(engine, { name: plan.bundle.name, plan }, args, {
      now,
      signal,
    });
    const { images, remarks } = await applyImages({ engine, temporaryFolder }, { plan, keepAs }, operation);
    return {
      document: {
        images: images.map(({ id, tags, wasThere }) => ({ id, tags, wasThere })),
        movedTags: movedTagsDocument(moving, keepAs),
        layersThere: plan.omitted.size + plan.fetched.size,
        remarks,
      },
      text: () => [
        ...images.map(({ id, tags, wasThere }) => {
          const what = wasThere ? 'Verified, the engine had it already' : 'Loaded and verified';
          return `${what}: ${[...tags, `(${shortDigest(id)})`].join(' ')}`;
        }),
        ...moving.map(({ tag, currentId }) => {
          const kept = keepAs.get(tag);
          const where = kept === undefined ? '' : `, which is kept as ${kept}`;
          return `Moved ${tag} from ${shortDigest(currentId)}${where}`;
        }),
      ],
      quiet: images.map(({ id }) => id),
      notes: [
        ...plan.leftOut.map(
          ({ configDigest, tags }) =>
            `${tags[0] ?? shortDigest(configDigest)} of another platform was left out: the engine keeps one platform of an image only`,
        ),
        ...remarks,
      ],
    };
  },
};

async function applyToVault(context: CommandContext, args: Arguments): Promise<Report> {
  if (args.isSet('keep-old') || args.isSet('move-tags'))
    throw usageFailure('--keep-old and --move-tags are for engines; a vault has room for every snapshot.');
  const vault = await openChosenVault(context, args, 'write');
  const owner = await currentProcess();
  const { snapshots, stored } = await applySnapshots(
    { vault, owner },
    { path: resolve(args.first) },
    context.operation,
  );
  return {
    document: {
      vault: vault.paths.root,
      snapshots: snapshots.map(({ snapshot, wasThere }) => ({ ...snapshotDocument(snapshot), wasThere })),
      stored,
    },
    text: () => [
      ...snapshots.map(({ snapshot: { refName, id }, wasThere }) => {
        const what = wasThere ? 'Verified, the vault had it already' : 'Stored and verified';
        return `${what}: ${refName} (${shortDigest(id)})`;
      }),
      `${countOf(stored.blobs, 'blob')}, ${formatBytes(stored.bytes)} stored`,
    ],
    quiet: snapshots.map(({ snapshot: { id } }) => id),
  };
}
