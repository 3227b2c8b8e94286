import { shortDigest, type Digest } from '../core/digest.ts';
import { visibleName } from '../core/fileTrees/visibleName.ts';
import { formatBytes } from '../core/quantity.ts';
import type { ImageShare, LayerSharing, SharedLayer, StoredImage } from '../core/waste/sharedLayers.ts';
import type { Wording } from '../views/viewItem.ts';
import { rangeText } from './rangeText.ts';
import type { DrawnImage, DrawnLayer, PageSharing } from './sharedProtocol.ts';

/** More rows than this nobody reads, and a browser draws them slowly. */
const mostImages = 500;
/** Named in the text of a layer, and below the name of an image. */
const mostUsers = 8;
const mostPartners = 3;

export type SharedWording = Pick<Wording, 'l10n' | 'language'>;

/** Words which images share layers; of more than 500 images it shows those that give back most. */
export function pageSharing(sharing: LayerSharing, wording: SharedWording): PageSharing {
  const words = new Words(sharing, wording);
  const shown = sharing.images
    .toSorted(
      (a, b) => b.givesBack.mostBytes - a.givesBack.mostBytes || b.image.sizeBytes - a.image.sizeBytes,
    )
    .slice(0, mostImages);
  const rows = new Map(shown.map(({ image }) => [image.id, { layers: [] as number[], bytes: 0 }]));
  const layers: DrawnLayer[] = [];
  for (const layer of sharing.layers) {
    // What is sure of it: the rest of a range stands at the end of the bar, where no layer is said to take it.
    const bytes = layer.bytes.leastBytes;
    const having = layer.images.flatMap((id) => rows.get(id) ?? []);
    if (bytes === 0 || having.length === 0) continue;
    for (const row of having) {
      row.layers.push(layers.length);
      row.bytes += bytes;
    }
    layers.push({ bytes, users: layer.images.length, text: words.layer(layer) });
  }
  for (const { image } of shown) {
    const row = rows.get(image.id);
    const untold = image.sizeBytes - (row?.bytes ?? 0);
    if (untold <= 0) continue;
    row?.layers.push(layers.length);
    layers.push({ bytes: untold, users: 0, text: words.untold(untold) });
  }
  return {
    facts: words.facts(),
    notes: words.notes(shown.length),
    layers,
    images: shown.map((share) => words.image(share, rows.get(share.image.id)?.layers ?? [])),
  };
}

class Words {
  readonly #sharing: LayerSharing;
  readonly #l10n: SharedWording['l10n'];
  readonly #language: string;
  readonly #names: ReadonlyMap<Digest, string>;

  constructor(sharing: LayerSharing, { l10n, language }: SharedWording) {
    this.#sharing = sharing;
    this.#l10n = l10n;
    this.#language = language;
    this.#names = new Map(sharing.images.map(({ image }) => [image.id, nameOf(image)]));
  }

  facts(): PageSharing['facts'] {
    const l10n = this.#l10n;
    const { images, layers, statedBytes, unionBytes } = this.#sharing;
    return [
      [l10n.t('Images'), this.#count(images.length), ''],
      [l10n.t('Layers'), this.#count(layers.length), ''],
      [
        l10n.t('As the images state'),
        formatBytes(statedBytes),
        l10n.t('The sum of their sizes: what several of them have counts several times.'),
      ],
      [
        l10n.t('Each layer counted once'),
        rangeText(unionBytes, l10n),
        l10n.t('What all images take together.'),
      ],
    ];
  }

  notes(shownCount: number): readonly string[] {
    const l10n = this.#l10n;
    const { images, unionBytes } = this.#sharing;
    const left = images.length - shownCount;
    const isInexact =
      unionBytes.leastBytes !== unionBytes.mostBytes ||
      images.some(({ givesBack }) => givesBack.leastBytes !== givesBack.mostBytes);
    return [
      l10n.t(
        'An image gives back what no other one has, when it is removed with all its names. The engine removes none that a container runs on, and its build cache may hold layers too.',
      ),
      ...(isInexact
        ? [l10n.t('The engine does not tell the size of each layer, so some numbers are from least to most.')]
        : []),
      ...(left > 0
        ? [
            l10n.t('Not shown: {count} images, those that give back least.', {
              count: this.#count(left),
            }),
          ]
        : []),
    ];
  }

  layer({ diffId, place, bytes, images }: SharedLayer): string {
    const facts = {
      place,
      digest: shortDigest(diffId),
      size: rangeText(bytes, this.#l10n),
      names: this.#list(images, mostUsers),
    };
    return images.length === 1
      ? this.#l10n.t('Layer {place} ({digest}), {size}: only in {names}', facts)
      : this.#l10n.t('Layer {place} ({digest}), {size}: in {count} images: {names}', {
          ...facts,
          count: this.#count(images.length),
        });
  }

  untold(bytes: number): string {
    return this.#l10n.t('Packed layers, and what the engine does not tell layer by layer: {size}', {
      size: formatBytes(bytes),
    });
  }

  image({ image, sharedBytes, givesBack, sharedWith }: ImageShare, layers: readonly number[]): DrawnImage {
    const l10n = this.#l10n;
    const { id, tags, sizeBytes, containers } = image;
    return {
      id,
      name: this.#names.get(id) ?? id,
      title: tags.map(visibleName).join(', '),
      notes: [
        ...(containers.length === 0
          ? []
          : [l10n.t('Containers that run on it: {count}', { count: this.#count(containers.length) })]),
        sharedWith.length === 0
          ? l10n.t('Shares no layers')
          : l10n.t('Shared with {names}', {
              names: this.#list(
                sharedWith.map((one) => one.id),
                mostPartners,
              ),
            }),
      ],
      layers,
      sizeBytes,
      size: formatBytes(sizeBytes),
      shared: rangeText(sharedBytes, l10n),
      givesBackBytes: givesBack.mostBytes,
      givesBack: rangeText(givesBack, l10n),
    };
  }

  #list(ids: readonly Digest[], most: number): string {
    const names = ids
      .slice(0, most)
      .map((id) => this.#names.get(id) ?? shortDigest(id))
      .join(', ');
    const left = ids.length - most;
    return left <= 0 ? names : this.#l10n.t('{names} and {count} more', { names, count: this.#count(left) });
  }

  #count(count: number): string {
    return count.toLocaleString(this.#language);
  }
}

function nameOf({ tags, id }: StoredImage): string {
  return visibleName(tags[0] ?? shortDigest(id));
}
