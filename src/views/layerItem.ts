import { contextValues } from '../contributions.ts';
import { hexOf, type Digest } from '../core/digest.ts';
import type { HistoryEntry } from '../core/engine/records.ts';
import type { ImageLayer } from '../core/inspect/imageLayers.ts';
import type { HistoryStep } from '../core/inspect/layerPlace.ts';
import { visibleText } from '../core/fileTrees/visibleName.ts';
import { formatBytes } from '../core/quantity.ts';
import type { ImageItem } from './imageItem.ts';
import type { LayerNode } from './node.ts';
import {
  described,
  spoken,
  type ItemDetails,
  type ItemFace,
  type ViewItem,
  type Wording,
} from './viewItem.ts';
import { timeOf } from './when.ts';

const longestLabel = 160;

/** One step of an image's history. */
export class LayerItem implements LayerNode, ViewItem {
  readonly kind = 'layer';
  readonly key: string;
  readonly imageId: Digest;
  readonly tag?: string;
  readonly entry?: HistoryEntry;
  readonly step: HistoryStep;
  readonly #layer: ImageLayer;

  /** `fromBottom` counts all that stands below the image, so that a step keeps its key whatever is above it. */
  constructor(
    image: ImageItem,
    layer: ImageLayer,
    { fromBottom, step }: { readonly fromBottom: number; readonly step: Omit<HistoryStep, 'diffId'> },
  ) {
    this.key = `${image.key}/layer:${fromBottom}`;
    this.step = { ...step, ...(layer.diffId !== undefined && { diffId: layer.diffId }) };
    this.imageId = image.id;
    if (image.tag !== undefined) this.tag = image.tag;
    if (layer.entry !== undefined) this.entry = layer.entry;
    this.#layer = layer;
  }

  face(wording: Wording): ItemFace {
    const { l10n } = wording;
    const { fill, entry } = this.#layer;
    const oneLine = visibleText(this.#layer.instruction.text.replace(/\s+/g, ' ').trim());
    const label = oneLine === '' ? l10n.t('(no instruction known)') : shortened(oneLine);
    const size = fill === 'empty' ? l10n.t('empty') : entry === undefined ? '' : formatBytes(entry.sizeBytes);
    return {
      label,
      ...described([size]),
      icon: { own: fill === 'empty' ? 'layer-empty' : 'layer' },
      contextValue: fill === 'empty' ? contextValues.layerEmpty : contextValues.layerFilled,
      expansion: fill === 'empty' ? 'leaf' : 'collapsed',
      spoken: spoken(label, size),
    };
  }

  details(wording: Wording): ItemDetails {
    const { l10n } = wording;
    const { entry, fill, diffId, instruction } = this.#layer;
    const fills = {
      filled: l10n.t('A layer of files'),
      empty: l10n.t('Empty: changes the config alone'),
      unknown: l10n.t('No bytes; the engine does not say whether there is a layer'),
    };
    return {
      title: instruction.keyword === '' ? l10n.t('Layer') : instruction.keyword,
      code: instruction.text,
      rows: [
        [l10n.t('Size'), entry === undefined ? '' : formatBytes(entry.sizeBytes)],
        [l10n.t('Created'), timeOf(entry?.createdAtMs, wording)],
        [l10n.t('Content'), fills[fill]],
        [l10n.t('Layer'), diffId === undefined ? '' : hexOf(diffId)],
        [l10n.t('Comment'), entry?.comment ?? ''],
        [l10n.t('Build arguments'), instruction.buildArgs.join('\n')],
      ],
    };
  }
}

function shortened(text: string): string {
  return text.length > longestLabel ? `${text.slice(0, longestLabel - 1)}…` : text;
}
