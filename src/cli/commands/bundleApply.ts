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
import { restoreFromBundle } from '../restoreFromBundle.ts';
import { restoreOptions } from '../restoring.ts';
import { snapshotDocument } from '../snapshotDocument.ts';
import { openChosenVault } from '../vaultOption.ts';

export const bundleApply: Command = {
  name: 'bundle apply',
  summary: 'Load a bundle into the engine, or into a vault, or restore a snapshot out of it',
  usage: 'FILE [--vault FOLDER | --restore | --keep-old | --move-tags]',
  details: [
    'FILE is the bundle, or any of its parts. All of it is read and checked first, and the engine is asked for every layer that did not travel: nothing is loaded when one is missing. Names that another image has now are not taken away unless you say how.',
    'With --vault it goes into that vault: snapshots have the IDs that they had, and each image becomes a snapshot as a backup of it would. ',
    'With --restore a snapshot of it is restored straight onto the engine, as `drydock restore` does it and with the options of that; --snapshot says which where there are several. What was made for this engine, without the layers that it has, is refused before anything is made when it has them no more.',
  ],
  takes: { least: 1, most: 1 },
  options: {
    'keep-old': { help: 'keep images that lose a name under NAME-before-TIME' },
    ...moveTagsOption,
    vault: { value: 'FOLDER', help: 'the vault that takes the bundle' },
    restore: { help: 'restore a snapshot of it onto the engine' },
    snapshot: { value: 'SNAPSHOT', help: 'with --restore: which one, as for `drydock restore`' },
    ...restoreOptions,
  },
  async run(context, args) {
    requireOneWay(args);
    requireOneTarget(args);
    if (args.isSet('restore')) return restoreFromBundle(context, args);
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

/** What is for restores alone means nothing without one, and nobody shall believe that it did. */
function requireOneTarget(args: Arguments): void {
  const isRestore = args.isSet('restore');
  const others = isRestore
    ? ['vault', 'keep-old', 'move-tags']
    : ['snapshot', ...Object.keys(restoreOptions)];
  const other = others.find(
    (name) => args.isSet(name) || args.text(name) !== undefined || args.texts(name).length > 0,
  );
  if (other === undefined) return;
  throw usageFailure(
    isRestore ? `--restore and --${other} exclude each other.` : `--${other} is for --restore.`,
  );
}

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
