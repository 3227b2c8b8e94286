/** What can be clicked above a Dockerfile. Commands get plain nodes, as the trees give them. */
import type { CommandId } from '../contributions.ts';
import type { Digest } from '../core/digest.ts';
import { formatBytes } from '../core/quantity.ts';
import type { Wording } from '../views/viewItem.ts';
import type { LensReading } from './dockerfileReadings.ts';
import { lensLines, type LensLine, type LensPart } from './lensLines.ts';
import { baseWords, imageName, lineWords, statusWords } from './lensWords.ts';

/** One thing to click, or to read where it has no command. */
export interface LensAction {
  /** From 0. */
  readonly line: number;
  readonly title: string;
  readonly tooltip?: string;
  readonly command?: CommandId | 'vscode.open';
  readonly args?: readonly unknown[];
}

export interface LensActionsInput {
  readonly reading: LensReading;
  /** Handed back to the command that chooses an image. */
  readonly document: { readonly scheme: string; readonly fsPath: string };
  readonly isUnread: (imageId: Digest) => boolean;
}

export function lensActions(
  { reading, document, isUnread }: LensActionsInput,
  wording: Wording,
): readonly LensAction[] {
  const { dockerfile, parts } = reading;
  const names = new Map(parts.map(({ image }) => [image.id, imageName(image)]));
  const lines = lensLines(parts).flatMap((line): readonly LensAction[] => {
    const name = names.get(line.imageId) ?? '';
    const title = lineWords(line, name, wording);
    return title === ''
      ? []
      : [{ line: line.line.instruction.firstLine, title, ...lineCommand(line, parts) }];
  });
  const bases = dockerfile.stages.map(({ place, from, base }): LensAction => {
    const image = reading.bases.get(place);
    const isOther = parts.some((part) => part.match.isOnOtherBase && isBottom(part, place, reading));
    const title = baseWords({ base, image, isOther }, wording);
    const line = from.firstLine;
    if (image === undefined) return { line, title };
    return { line, title, command: 'drydock.showHistory', args: [imageNode(image)] };
  });
  return [...statusActions(reading, document, isUnread, wording), ...bases, ...lines];
}

function statusActions(
  reading: LensReading,
  document: LensActionsInput['document'],
  isUnread: LensActionsInput['isUnread'],
  wording: Wording,
): readonly LensAction[] {
  const { l10n } = wording;
  if (reading.dockerfile.stages.length === 0 && reading.state !== 'unreadable') return [];
  const [part] = reading.parts;
  const status: LensAction = {
    line: 0,
    title: `$(package) ${statusWords(reading, wording)}`,
    tooltip: l10n.t('Choose the image that this file is compared with'),
    command: 'drydock.chooseLensImage',
    args: [document],
  };
  if (reading.state === 'unreadable')
    return [{ line: 0, title: status.title, ...(reading.error && { tooltip: reading.error.message }) }];
  if (part === undefined) return [status];
  const node = imageNode(part.image);
  const actions: LensAction[] = [
    status,
    { line: 0, title: l10n.t('History'), command: 'drydock.showHistory', args: [node] },
  ];
  if (!isUnread(part.image.id))
    actions.push({ line: 0, title: l10n.t('Waste'), command: 'drydock.analyzeImage', args: [node] });
  else
    actions.push({
      line: 0,
      title: l10n.t('Look Inside'),
      tooltip: l10n.t('Reads the image once ({size}) to tell files and waste of each line', {
        size: formatBytes(part.image.sizeBytes),
      }),
      command: 'drydock.readLayers',
      args: [node],
    });
  const { previous } = reading;
  if (previous !== undefined)
    actions.push({
      line: 0,
      title: l10n.t('Compare with Previous Build'),
      command: 'drydock.compare',
      args: [node, [imageNode({ id: previous, tags: [] }), node]],
    });
  return actions;
}

/** The files of the layer where it is known which one it is, else the page of all layers. */
function lineCommand({ imageId, layer, step }: LensLine, parts: readonly LensPart[]): Partial<LensAction> {
  if (step === undefined) return {};
  const image = parts.find((part) => part.image.id === imageId)?.image;
  if (image === undefined) return {};
  if (layer === undefined) return {};
  if (layer.place === undefined) return { command: 'drydock.showHistory', args: [imageNode(image)] };
  const { id, tags } = image;
  const place = {
    imageId: id,
    ...(tags[0] === undefined ? {} : { tag: tags[0] }),
    layer: layer.place,
    path: '',
  };
  return { command: 'drydock.revealFiles', args: [{ kind: 'file', place, isFolder: true }] };
}

function isBottom(part: LensPart, place: number, { dockerfile }: LensReading): boolean {
  let stage = dockerfile.stages[part.stage];
  while (stage?.base.kind === 'stage') stage = dockerfile.stages[stage.base.stage];
  return stage?.place === place;
}

function imageNode({ id, tags }: Pick<LensPart['image'], 'id' | 'tags'>): object {
  const [tag] = tags;
  return { kind: 'image', id, ...(tag === undefined ? {} : { tag }) };
}
