import { shortDigest } from '../core/digest.ts';
import { failure } from '../core/errors.ts';
import { openEngineImages } from '../core/fileTrees/engineImage.ts';
import { findInImages, type FoundInImage } from '../core/fileTrees/findInTree.ts';
import type { LayeredImage } from '../core/layers/layeredImage.ts';
import { formatBytes } from '../core/quantity.ts';
import { entryOf } from '../core/snapshotFiles/rootFiles.ts';
import type { Arguments } from './arguments.ts';
import type { CommandContext, Report } from './command.ts';
import { exitCodes } from './exitCode.ts';
import { toldFailure } from './failures.ts';
import { entryDocument, shownName, timeText } from './fileEntry.ts';
import { engineImageDeps, findLayeredImages } from './layeredImages.ts';
import { table } from './table.ts';

interface Searched {
  readonly images: readonly LayeredImage[];
  readonly failures: readonly { readonly item: string; readonly error: unknown }[];
}

/** `drydock find` in images: those that `--in` names, or all of the engine. */
export async function findInWords(context: CommandContext, args: Arguments): Promise<Report> {
  const pattern = args.first;
  const { images, failures: unread } = await imagesToSearch(context, args);
  const result = await findInImages(images, pattern, context.operation);
  const found = result.found.filter(({ isVisible }) => isVisible || args.isSet('hidden'));
  const failures = [...unread, ...result.failed.map(({ image, error }) => ({ item: image.name, error }))];
  const total = images.length + unread.length;
  const isPart = failures.length > 0 && { error: toldFailure(partly(failures.length, total)) };
  return {
    document: {
      pattern,
      files: found.map((one) => ({
        image: one.image.name,
        configDigest: one.image.configDigest,
        layer: one.place,
        diffId: one.image.layers[one.place]?.diffId ?? null,
        isVisible: one.isVisible,
        ...entryDocument(entryOf(nodeOf(one), one.path)),
      })),
      failed: failures.map(({ item, error }) => ({ image: item, error: toldFailure(error) })),
      ...isPart,
    },
    text: (columns) =>
      table(
        ['IMAGE', 'LAYER', 'SIZE', 'CHANGED', 'SHA256', 'PATH'],
        found.map(({ image, place, file, path, isVisible }) => [
          image.name,
          `${place}${isVisible ? '' : ' hidden'}`,
          file?.type === 'file' ? formatBytes(file.sizeBytes) : (file?.type ?? 'directory'),
          timeText(file?.mtime),
          file?.sha256 === undefined ? '-' : shortDigest(file.sha256),
          `/${shownName(path)}`,
        ]),
        columns,
      ),
    quiet: found.map(({ image, path }) => `${image.name} /${shownName(path)}`),
    failures,
    exitCode:
      failures.length === 0
        ? exitCodes.done
        : failures.length === total
          ? exitCodes.failed
          : exitCodes.partly,
  };
}

async function imagesToSearch(context: CommandContext, args: Arguments): Promise<Searched> {
  const images: LayeredImage[] = [];
  if (!args.isSet('all-images')) {
    for (const word of args.texts('in'))
      images.push(...(await findLayeredImages(context, args, word)).images);
    return { images, failures: [] };
  }
  const engine = await context.engine();
  const listed = await engine.images.list({ signal: context.operation.signal });
  const tags = new Map(listed.map((one) => [one.id, one.tags[0]]));
  const deps = engineImageDeps(context, args, { engine });
  const failures: { item: string; error: unknown }[] = [];
  for (const one of await openEngineImages(deps, [...tags.keys()], context.operation))
    if ('image' in one) images.push(one.image);
    else failures.push({ item: tags.get(one.id) ?? shortDigest(one.id), error: one.error });
  return { images, failures };
}

function partly(failed: number, total: number): Error {
  return failure('partlyFailed', { failed, total });
}

function nodeOf({ file }: FoundInImage): Parameters<typeof entryOf>[0] {
  return { hidesLower: false, ...(file && { file }) };
}
