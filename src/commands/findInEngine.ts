import * as vscode from 'vscode';
import { shortDigest } from '../core/digest.ts';
import type { ImageSummary } from '../core/engine/records.ts';
import type { FilePlace } from '../core/fileTrees/filePlace.ts';
import type { FoundInImage } from '../core/fileTrees/findInTree.ts';
import { visibleName } from '../core/fileTrees/visibleName.ts';
import type { LayeredImage } from '../core/layers/layeredImage.ts';
import { formatBytes } from '../core/quantity.ts';
import { placeName } from '../ui/imageFileSystem.ts';
import { runQuick } from '../ui/runOperation.ts';
import type { CommandContext } from './context.ts';
import type { FoundChoice } from './findFiles.ts';
import type { FindScope } from './findScope.ts';
import { shownPath } from './fileNodes.ts';
import { openPlace } from './openFile.ts';

type ImagesScope = FindScope & { readonly kind: 'images' };

/** Finds files in images of the engine, those that later layers hide too. Undefined after a cancel or a failure. */
export async function findInEngine(
  context: CommandContext,
  scope: ImagesScope,
  pattern: string,
): Promise<readonly FoundChoice[] | undefined> {
  const opened = await openAll(context, scope);
  if (opened === undefined) return undefined;
  const title = vscode.l10n.t('Finding {pattern} in {name}', { pattern, name: scope.name });
  const result = await runQuick(context.log, title, async (operation) => {
    const { findInImages } = await import('../core/fileTrees/findInTree.ts');
    return findInImages([...opened.keys()], pattern, operation);
  });
  if (result === undefined) return undefined;
  for (const { image, error } of result.failed) context.log.error(`${title}: ${image.name}`, error);
  if (result.failed.length > 0) tellLeftOut(result.failed.map(({ image }) => image.name));
  return result.found
    .filter((one) => isWithin(one, scope.within))
    .flatMap((one) => {
      const image = opened.get(one.image);
      return image === undefined ? [] : [choiceOf(context, scope, one, image)];
    });
}

function isWithin({ path, place }: FoundInImage, { layer, path: folder }: ImagesScope['within']): boolean {
  return (
    (layer === undefined || layer === place) &&
    (folder === '' || path === folder || path.startsWith(`${folder}/`))
  );
}

function choiceOf(
  context: CommandContext,
  { within }: ImagesScope,
  { path, place, file, isVisible }: FoundInImage,
  image: Pick<FilePlace, 'imageId' | 'tag'>,
): FoundChoice {
  const isOfLayer = within.layer !== undefined || !isVisible;
  const found: FilePlace = { ...image, ...(isOfLayer && { layer: place }), path };
  return {
    label: visibleName(path.slice(path.lastIndexOf('/') + 1)),
    description: shownPath(found),
    detail: [
      placeName({ ...found, layer: place }),
      file?.type === 'file' ? formatBytes(file.sizeBytes) : '',
      file === undefined || file.type === 'directory' ? vscode.l10n.t('folder') : '',
      isVisible ? '' : vscode.l10n.t('hidden by a later layer'),
    ]
      .filter((part) => part !== '')
      .join(' · '),
    open: () => openPlace(context, found),
    reveal: () => context.views.files.reveal(found),
  };
}

/** The images with the lists of their layers. Reading many from the engine takes long, so that is asked first. */
async function openAll(
  { inside, engine, log }: CommandContext,
  { images, name }: ImagesScope,
): Promise<ReadonlyMap<LayeredImage, ImagesScope['images'][number]> | undefined> {
  const opened = new Map<LayeredImage, ImagesScope['images'][number]>();
  const unread: (typeof images)[number][] = [];
  for (const image of new Map(images.map((one) => [one.imageId, one])).values()) {
    const known = await inside.peek(image.imageId);
    if (known === undefined) unread.push(image);
    else opened.set(known, image);
  }
  const wanted =
    unread.length > 1 ? await askToRead(unread, opened.size, await engine().images.list()) : unread;
  if (wanted === undefined) return undefined;
  if (wanted.length === 0) return opened;
  const nameOf = ({ tag, imageId }: (typeof wanted)[number]): string => tag ?? shortDigest(imageId);
  const [only, ...others] = wanted;
  const read = await inside.openAll(
    wanted.map(({ imageId }) => imageId),
    only !== undefined && others.length === 0 ? nameOf(only) : name,
  );
  if (read === undefined) return undefined;
  const unreadable: string[] = [];
  for (const image of wanted) {
    const one = read.images.get(image.imageId);
    if (one === undefined) unreadable.push(nameOf(image));
    else opened.set(one, image);
  }
  for (const { imageId, error } of read.failed) log.error(`reading ${imageId}`, error);
  if (unreadable.length > 0) tellLeftOut(unreadable);
  return opened;
}

function tellLeftOut(names: readonly string[]): void {
  void vscode.window.showWarningMessage(
    vscode.l10n.t('Not searched to the end: {names}. The log says why.', { names: names.join(', ') }),
  );
}

/** The images to read; none to search those that are known; undefined when the person backs out. */
async function askToRead(
  unread: ImagesScope['images'],
  openedCount: number,
  listed: readonly ImageSummary[],
): Promise<ImagesScope['images'] | undefined> {
  const sizes = new Map(listed.map(({ id, sizeBytes }) => [id, sizeBytes]));
  const bytes = unread.reduce((sum, { imageId }) => sum + (sizes.get(imageId) ?? 0), 0);
  const read = vscode.l10n.t('Read Them');
  const others = vscode.l10n.t('Search the Others');
  const chosen = await vscode.window.showInformationMessage(
    vscode.l10n.t(
      '{count} images were not looked into yet. The engine has to send them once, {size} in all.',
      {
        count: unread.length,
        size: formatBytes(bytes),
      },
    ),
    { modal: true },
    read,
    ...(openedCount > 0 ? [others] : []),
  );
  if (chosen === read) return unread;
  return chosen === others ? [] : undefined;
}
