import { basename } from 'node:path';
import * as vscode from 'vscode';
import { shortDigest } from '../core/digest.ts';
import { withoutHelpers } from '../core/engine/helperLabel.ts';
import { layerPlace } from '../core/inspect/layerPlace.ts';
import type { LayeredImage } from '../core/layers/layeredImage.ts';
import { formatAge, formatBytes } from '../core/quantity.ts';
import type { DiffSide } from '../inside/diffSide.ts';
import { pickArchives } from '../ui/pickArchives.ts';
import { pickImage } from '../ui/pickers.ts';
import { pickSnapshot } from '../ui/vaultPickers.ts';
import type { LayerNode } from '../views/node.ts';
import { splitTag } from '../views/repositoryName.ts';
import { chooseVault, openState } from './chosenVault.ts';
import type { CommandContext } from './context.ts';

interface Choice extends vscode.QuickPickItem {
  /** Undefined for a separator; resolves with undefined when the person backs out of what it asks. */
  readonly side?: () => Promise<DiffSide | undefined>;
}

interface PickInput {
  readonly title: string;
  /** What it is to be compared with: it is not offered, and its repository comes first. */
  readonly other?: DiffSide;
}

/** Asks for one side of a comparison; undefined when the person backs out. */
export async function pickDiffSide(context: CommandContext, input: PickInput): Promise<DiffSide | undefined> {
  const chosen = await vscode.window.showQuickPick(choicesFor(context, input), {
    title: input.title,
    matchOnDescription: true,
    placeHolder: vscode.l10n.t('An image, a container, a volume, a snapshot or an archive'),
  });
  return chosen?.side?.();
}

async function choicesFor(context: CommandContext, { title, other }: PickInput): Promise<readonly Choice[]> {
  const { images, containers, volumes } = context.engine();
  const [allImages, allContainers, allVolumes] = await Promise.all([
    images.list(),
    containers.list(),
    volumes.list(),
  ]);
  const now = Date.now();
  const repository = other?.kind === 'image' ? splitTag(other.title).repository : undefined;
  const imageChoices = withoutHelpers(allImages)
    .flatMap((image) =>
      (image.tags.length === 0 ? [shortDigest(image.id)] : image.tags).map((name) => ({
        label: name,
        description: `${shortDigest(image.id)} · ${formatBytes(image.sizeBytes)} · ${formatAge(image.createdAtMs, now, vscode.env.language)}`,
        side: of({ kind: 'image', id: image.id, title: name }),
        isNear: repository !== undefined && splitTag(name).repository === repository,
        isOther: other?.kind === 'image' && other.id === image.id && other.title === name,
        madeMs: image.createdAtMs,
      })),
    )
    .filter(({ isOther }) => !isOther);
  const near = imageChoices.filter(({ isNear }) => isNear).sort((a, b) => b.madeMs - a.madeMs);
  const far = imageChoices.filter(({ isNear }) => !isNear).sort((a, b) => a.label.localeCompare(b.label));
  return [
    ...group(repository ?? '', near),
    ...group(vscode.l10n.t('Images'), far),
    ...group(
      vscode.l10n.t('Containers'),
      withoutHelpers(allContainers).flatMap(({ id, names, image }) => {
        const name = names[0] ?? shortDigest(id);
        if (other?.kind === 'container' && other.id === id) return [];
        return [{ label: name, description: image, side: of({ kind: 'container', id, title: name }) }];
      }),
    ),
    ...group(
      vscode.l10n.t('Volumes'),
      withoutHelpers(allVolumes).flatMap(({ name, driver }) => {
        if (other?.kind === 'volume' && other.name === name) return [];
        return [{ label: name, description: driver, side: of({ kind: 'volume', name, title: name }) }];
      }),
    ),
    ...group(vscode.l10n.t('Elsewhere'), [
      { label: vscode.l10n.t('$(layers) A layer of an image…'), side: () => pickLayer(context, title) },
      { label: vscode.l10n.t('$(layers) Some layers of an image…'), side: () => pickLayers(context, title) },
      { label: vscode.l10n.t('$(archive) A snapshot…'), side: () => pickSnapshotSide(context, title) },
      { label: vscode.l10n.t('$(file-zip) An archive on disk…'), side: () => pickArchiveSide(title) },
    ]),
  ];
}

function of(side: DiffSide): () => Promise<DiffSide> {
  return () => Promise.resolve(side);
}

function group(label: string, choices: readonly Choice[]): readonly Choice[] {
  return choices.length === 0 ? [] : [{ label, kind: vscode.QuickPickItemKind.Separator }, ...choices];
}

async function pickLayer(context: CommandContext, title: string): Promise<DiffSide | undefined> {
  const image = await pickImage(await context.engine().images.list(), title);
  return image && pickLayerOf(context, { imageId: image.id, title: image.tag ?? shortDigest(image.id) });
}

/** The layer that a node of the tree stands for where its instruction made only one, else the one that is chosen. */
export async function pickLayerOf(
  context: CommandContext,
  { imageId, title, node }: { readonly imageId: string; readonly title: string; readonly node?: LayerNode },
): Promise<DiffSide | undefined> {
  const image = await context.inside.open(imageId, title);
  if (image === undefined) return undefined;
  const { instructionOf } = await import('../core/dockerfile/instruction.ts');
  const place = node?.step && layerPlace(image.config, node.step);
  if (typeof place === 'number') return layerSide({ imageId, title }, place);
  const wanted = node?.entry && instructionOf(node.entry.createdBy, node.entry.comment).text;
  const choices = await layerChoices(image);
  const meant = choices.filter(({ instruction }) => wanted !== undefined && instruction === wanted);
  const chosen =
    meant.length === 1
      ? meant[0]
      : await vscode.window.showQuickPick(choices.toReversed(), { title, matchOnDescription: true });
  return chosen && layerSide({ imageId, title }, chosen.place);
}

/** The layers from one to another of an image; those in between are in it, and those below are not. */
async function pickLayers(context: CommandContext, title: string): Promise<DiffSide | undefined> {
  const picked = await pickImage(await context.engine().images.list(), title);
  if (picked === undefined) return undefined;
  const name = picked.tag ?? shortDigest(picked.id);
  const image = await context.inside.open(picked.id, name);
  if (image === undefined) return undefined;
  const choices = await layerChoices(image);
  const ask = (some: readonly LayerChoice[], placeHolder: string): PromiseLike<LayerChoice | undefined> =>
    vscode.window.showQuickPick(some.toReversed(), { title, placeHolder, matchOnDescription: true });
  const from = await ask(choices, vscode.l10n.t('The lowest of the layers'));
  if (from === undefined) return undefined;
  const to = await ask(choices.slice(from.place), vscode.l10n.t('The uppermost of the layers'));
  if (to === undefined) return undefined;
  const side = { imageId: picked.id, title: name };
  if (to.place === from.place) return layerSide(side, from.place);
  const words = vscode.l10n.t('{image}, layers {from} to {to}', {
    image: name,
    from: from.place + 1,
    to: to.place + 1,
  });
  return { ...layerSide(side, from.place), upTo: to.place, title: words };
}

interface LayerChoice extends vscode.QuickPickItem {
  readonly place: number;
  readonly instruction: string | undefined;
}

/** The layers of an image from the bottom, with the instructions that made them. */
async function layerChoices(image: LayeredImage): Promise<readonly LayerChoice[]> {
  const { layerInstructions } = await import('../core/dockerfile/layerInstructions.ts');
  const instructions = layerInstructions(image.config);
  return image.layers.map((_, place) => ({
    label: vscode.l10n.t('Layer {number}', { number: place + 1 }),
    description: instructions[place]?.text.replace(/\s+/g, ' ').slice(0, 200) ?? '',
    place,
    instruction: instructions[place]?.text,
  }));
}

function layerSide(
  { imageId, title }: { readonly imageId: string; readonly title: string },
  place: number,
): Extract<DiffSide, { kind: 'layer' }> {
  const words = vscode.l10n.t('{image}, layer {layer}', { image: title, layer: place + 1 });
  return { kind: 'layer', imageId, place, title: words };
}

async function pickSnapshotSide(context: CommandContext, title: string): Promise<DiffSide | undefined> {
  const known = await chooseVault(context, [], title);
  if (known === undefined) return undefined;
  const snapshot = await pickSnapshot(openState(known)?.snapshots ?? [], title);
  return snapshot && { kind: 'snapshot', vaultPath: known.path, id: snapshot.id, title: snapshot.refName };
}

async function pickArchiveSide(title: string): Promise<DiffSide | undefined> {
  const [path] = (await pickArchives(title)) ?? [];
  return path === undefined ? undefined : archiveSide(path);
}

export function archiveSide(path: string): DiffSide {
  return { kind: 'archive', path, title: basename(path) };
}
