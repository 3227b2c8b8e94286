import { basename } from 'node:path';
import * as vscode from 'vscode';
import { shortDigest } from '../core/digest.ts';
import { withoutHelpers } from '../core/engine/helperLabel.ts';
import { layerPlace } from '../core/inspect/layerPlace.ts';
import { formatAge, formatBytes } from '../core/quantity.ts';
import type { DiffSide } from '../inside/diffSide.ts';
import { pickArchives } from '../ui/pickArchives.ts';
import { pickImage } from '../ui/pickers.ts';
import { pickSnapshot } from '../ui/vaultPickers.ts';
import type { LayerNode } from '../views/node.ts';
import { splitTag } from '../views/repositoryName.ts';
import { chooseVault } from './chosenVault.ts';
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
  const { layerInstructions } = await import('../core/dockerfile/layerInstructions.ts');
  const { instructionOf } = await import('../core/dockerfile/instruction.ts');
  const instructions = layerInstructions(image.config);
  const place = node?.step && layerPlace(image.config, node.step);
  if (typeof place === 'number') return layerSide({ imageId, title }, place);
  const wanted = node?.entry && instructionOf(node.entry.createdBy, node.entry.comment).text;
  const choices = image.layers.map((_, place) => {
    const text = instructions[place]?.text.replace(/\s+/g, ' ') ?? '';
    return {
      label: vscode.l10n.t('Layer {number}', { number: place + 1 }),
      description: text.slice(0, 200),
      place,
      isWanted: wanted !== undefined && instructions[place]?.text === wanted,
    };
  });
  const meant = choices.filter(({ isWanted }) => isWanted);
  const chosen =
    meant.length === 1
      ? meant[0]
      : await vscode.window.showQuickPick(choices.toReversed(), { title, matchOnDescription: true });
  return chosen && layerSide({ imageId, title }, chosen.place);
}

function layerSide(
  { imageId, title }: { readonly imageId: string; readonly title: string },
  place: number,
): DiffSide {
  const layer = vscode.l10n.t('Layer {number}', { number: place + 1 });
  return { kind: 'layer', imageId, place, title: `${title}, ${layer}` };
}

async function pickSnapshotSide(context: CommandContext, title: string): Promise<DiffSide | undefined> {
  const known = await chooseVault(context, [], title);
  if (known === undefined) return undefined;
  if (known.state.kind === 'failed') throw known.state.error;
  const snapshot = await pickSnapshot(known.state.kind === 'open' ? known.state.snapshots : [], title);
  return snapshot && { kind: 'snapshot', vaultPath: known.path, id: snapshot.id, title: snapshot.refName };
}

async function pickArchiveSide(title: string): Promise<DiffSide | undefined> {
  const [path] = (await pickArchives(title)) ?? [];
  return path === undefined ? undefined : archiveSide(path);
}

export function archiveSide(path: string): DiffSide {
  return { kind: 'archive', path, title: basename(path) };
}
