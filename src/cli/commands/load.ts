import type { ArchivedImage } from '../../core/archive/archive.ts';
import { shortDigest } from '../../core/digest.ts';
import type { Engine } from '../../core/engine/engine.ts';
import { loadArchive } from '../../core/restore/loadArchive.ts';
import type { LoadedImage } from '../../core/loading/loadChecked.ts';
import { planLoad } from '../../core/restore/planLoad.ts';
import type { Arguments } from '../arguments.ts';
import type { Command, CommandContext } from '../command.ts';
import { usageFailure } from '../failures.ts';
import { movedTags, movedTagsDocument, requireOneWay } from '../movedTags.ts';
import { imageLabel } from '../findImage.ts';
import { onEachFile, type FileReport } from '../onEachFile.ts';
import { moveTagsOption } from '../options.ts';
import { sentAgainNotes, sentLines } from '../restoreWords.ts';

export const load: Command = {
  name: 'load',
  summary: 'Load archives into the engine',
  usage: 'FILE… [--keep-old | --move-tags]',
  details: [
    'FILE is an archive of any form and compression, a folder with an OCI layout, or - for standard input. It is read to its end and checked before the engine is changed. Names that another image has now are not taken away unless you say how. With several files the others are still loaded when one fails.',
  ],
  takes: { least: 1, most: Number.POSITIVE_INFINITY },
  options: {
    'keep-old': { help: 'keep images that lose a name under NAME-before-TIME' },
    ...moveTagsOption,
  },
  async run(context, args) {
    requireOneWay(args);
    if (args.words.filter((word) => word === '-').length > 1) {
      throw usageFailure('Standard input can be read once only.');
    }
    const engine = await context.engine();
    return onEachFile(context, args.words, (path, name) => loadOne(engine, { path, name }, args, context));
  },
};

async function loadOne(
  engine: Engine,
  file: { readonly path: string; readonly name: string },
  args: Arguments,
  { operation, now }: CommandContext,
): Promise<FileReport> {
  const plan = await planLoad({ engine }, { path: file.path }, operation);
  const { signal } = operation;
  const { moving, keepAs } = await movedTags(engine, { name: plan.archive.name, plan }, args, {
    now,
    signal,
  });
  const loaded = await loadArchive({ engine }, { plan, keepAs }, operation);
  const { images, remarks, sentBytes, sentAgain } = loaded;
  return {
    document: {
      images: images.map(({ id, tags, wasThere }) => ({ id, tags, wasThere })),
      movedTags: movedTagsDocument(moving, keepAs),
      leftOut: plan.leftOut.map(({ configDigest, tags, platform }) => ({ configDigest, tags, platform })),
      remarks: [...plan.archive.remarks.map(({ text }) => text), ...remarks],
      sending: plan.sending,
      sentBytes,
      sentAgain: sentAgain ?? null,
    },
    text: () => [
      ...images.map(loadedWords),
      ...moving.map(({ tag, currentId }) => {
        const kept = keepAs.get(tag);
        return `Moved ${tag} from ${shortDigest(currentId)}${kept === undefined ? '' : `, which is kept as ${kept}`}`;
      }),
      ...(sentBytes < plan.sending.wholeBytes ? sentLines(sentBytes, plan.sending) : []),
    ],
    quiet: images.map(({ id }) => id),
    notes: [
      ...plan.leftOut.map(leftOutWords),
      ...plan.archive.remarks.map(({ text }) => text),
      ...remarks,
      ...sentAgainNotes(sentAgain),
    ],
  };
}

function loadedWords(image: LoadedImage): string {
  const names = image.tags.length > 0 ? `${image.tags.join(', ')} ` : '';
  const what = image.wasThere ? 'Verified, the engine had it already' : 'Loaded and verified';
  return `${what}: ${names}(${shortDigest(image.id)})`;
}

function leftOutWords({ configDigest, tags, platform }: ArchivedImage): string {
  const name = imageLabel({ id: configDigest, tags });
  return `${name} for ${platform.os}/${platform.architecture} was left out: the engine keeps one platform of an image only`;
}
