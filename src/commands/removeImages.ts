import * as vscode from 'vscode';
import { shortDigest } from '../core/digest.ts';
import type { Engine } from '../core/engine/engine.ts';
import type { ContainerSummary, ImageSummary } from '../core/engine/records.ts';
import { failure } from '../core/errors.ts';
import { formatBytes } from '../core/quantity.ts';
import { pickImages } from '../ui/pickers.ts';
import { runOnEach } from '../ui/runOnEach.ts';
import type { ImageNode } from '../views/node.ts';
import { backupTargets } from './backupTargets.ts';
import { askBeforeLoss } from './beforeLoss.ts';
import { chosenNodes, imagesAmong } from './chosenNodes.ts';
import type { Command } from './context.ts';

/** Takes names off images, or removes images, after listing what goes. */
export const removeImages: Command<'drydock.removeImages'> = async (context, ...args) => {
  const title = vscode.l10n.t('Remove Images');
  const engine = context.engine();
  const nodes = imagesAmong(chosenNodes(args));
  const [present, containers] = await Promise.all([engine.images.list(), engine.containers.list()]);
  const images = nodes.length > 0 ? nodes : await pickImages(present, title);
  if (images === undefined) return undefined;

  const remove = vscode.l10n.t('Remove');
  const chosen = await askBeforeLoss(context, {
    message:
      images.length === 1
        ? vscode.l10n.t('Remove {name}?', { name: nameOf(images[0]) })
        : vscode.l10n.t('Remove {count} images?', { count: images.length }),
    detail: images.map((image) => consequence(image, images, present, containers)).join('\n'),
    actions: [remove],
    targets: {
      images: (await backupTargets(context, images)).images,
      containers: [],
      volumes: [],
      projects: [],
    },
  });
  if (chosen !== remove) return undefined;
  return runOnEach(context.log, vscode.l10n.t('Removing images'), images, nameOf, async (image, signal) => {
    await requireUnchanged(engine, image, signal);
    await engine.images.remove(image.tag ?? image.id, { signal });
  });
};

/** The person agreed to lose this image by this name; both may have changed while the question stood. */
async function requireUnchanged(engine: Engine, image: ImageNode, signal: AbortSignal): Promise<void> {
  const { id, tags } = await engine.images.inspect(image.tag ?? image.id, { signal });
  if (image.tag !== undefined && id !== image.id) throw failure('tagMoved', { tag: image.tag });
  const [name] = tags;
  if (image.tag === undefined && name !== undefined)
    throw failure('engineConflict', {
      name: nameOf(image),
      reason: vscode.l10n.t('it is called {name} by now', { name }),
    });
}

function nameOf(image: ImageNode | undefined): string {
  return image?.tag ?? shortDigest(image?.id ?? '');
}

/** What removing this one means: a name less, or the image itself. */
function consequence(
  image: ImageNode,
  all: readonly ImageNode[],
  present: readonly ImageSummary[],
  containers: readonly ContainerSummary[],
): string {
  const name = nameOf(image);
  const summary = present.find(({ id }) => id === image.id);
  const goingTags = new Set(
    all.flatMap(({ id, tag }) => (id === image.id && tag !== undefined ? [tag] : [])),
  );
  const staying = summary?.tags.filter((tag) => !goingTags.has(tag)) ?? [];
  if (staying.length > 0) {
    return vscode.l10n.t('{name}: only this tag goes; the image stays as {others}', {
      name,
      others: staying.join(', '),
    });
  }
  const users = containers
    .filter(({ imageId }) => imageId === image.id)
    .map(({ names, id }) => names[0] ?? id);
  if (users.length > 0) {
    return vscode.l10n.t('{name}: in use by {containers}, so the engine may refuse', {
      name,
      containers: users.join(', '),
    });
  }
  return vscode.l10n.t('{name}: the image goes ({size}, {id})', {
    name,
    size: formatBytes(summary?.sizeBytes ?? 0),
    id: shortDigest(image.id),
  });
}
