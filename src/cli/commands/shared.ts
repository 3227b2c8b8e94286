import { shortDigest, type Digest } from '../../core/digest.ts';
import { readStoredImages } from '../../core/inspect/imageSharing.ts';
import { formatBytes } from '../../core/quantity.ts';
import type { ByteRange } from '../../core/waste/chainSizes.ts';
import {
  givenBackTogether,
  sharedLayers,
  type ImageShare,
  type LayerSharing,
} from '../../core/waste/sharedLayers.ts';
import type { Command } from '../command.ts';
import { findImage } from '../findImage.ts';
import { isoTime } from '../isoTime.ts';
import { markdownTable, markdownText } from '../../core/markdown.ts';
import { formatOption } from '../options.ts';
import { table } from '../table.ts';

export const shared: Command = {
  name: 'shared',
  summary: 'Show which images share layers, and what removing one would give back',
  usage: '[IMAGE…]',
  details: [
    'SHARED is what an image has in common with others, GIVES BACK what the engine has back when this image is removed with all its names and no other one is. With images named, only these are shown, layer by layer, and what removing them together gives back.',
    'An engine removes no image that a container runs on. Its build cache may hold layers too.',
  ],
  takes: { least: 0, most: Number.POSITIVE_INFINITY },
  options: formatOption,
  async run({ engine: connected, operation }, args) {
    const engine = await connected();
    const wanted = new Set<Digest>();
    for (const word of args.words) wanted.add((await findImage(engine, word, operation.signal)).id);
    const { images, store } = await readStoredImages(engine, operation);
    const sharing = sharedLayers(images, store);
    const shown = sharing.images
      .filter(({ image }) => wanted.size === 0 || wanted.has(image.id))
      .toSorted((a, b) => b.givesBack.mostBytes - a.givesBack.mostBytes);
    const together = wanted.size === 0 ? undefined : givenBackTogether(images, wanted, store);
    const names = new Map(images.map(({ id, tags }) => [id, tags[0] ?? shortDigest(id)]));
    const layers = layerRows(sharing, wanted, names);
    const sums = [
      `${images.length} images say that they take ${formatBytes(sharing.statedBytes)}; with each layer counted once they take ${rangeText(sharing.unionBytes)}.`,
      ...(together ? [`Removed together, the ones above give back ${rangeText(together)}.`] : []),
    ];
    const rows = shown.map((share) => imageRow(share, names));
    return {
      document: {
        store,
        images: shown.map(imageDocument),
        layers: sharing.layers
          .filter((layer) => wanted.size === 0 || layer.images.some((id) => wanted.has(id)))
          .map(({ bytes, ...layer }) => ({ ...layer, ...bytes })),
        statedBytes: sharing.statedBytes,
        unionBytes: sharing.unionBytes,
        ...(together && { givenBackTogether: together }),
      },
      text: (columns) => [
        ...table(imageHeader, rows, columns),
        ...(layers.length === 0 ? [] : ['', ...table(layerHeader, layers, columns)]),
        '',
        ...sums,
      ],
      markdown: () => [
        ...markdownTable(imageHeader, rows, ['SIZE', 'SHARED', 'GIVES BACK']),
        ...(layers.length === 0 ? [] : ['', ...markdownTable(layerHeader, layers, ['SIZE'])]),
        '',
        ...sums.map(markdownText),
      ],
      quiet: shown.map(({ image }) => image.id),
    };
  },
};

const imageHeader = ['NAME', 'SIZE', 'SHARED', 'GIVES BACK', 'LAYERS', 'CONTAINERS', 'SHARED WITH'];
const layerHeader = ['LAYER', 'SIZE', 'IMAGES'];

type Names = ReadonlyMap<Digest, string>;

function imageRow(
  { image, sharedCount, sharedBytes, givesBack, sharedWith }: ImageShare,
  names: Names,
): readonly string[] {
  return [
    names.get(image.id) ?? '',
    formatBytes(image.sizeBytes),
    rangeText(sharedBytes),
    rangeText(givesBack),
    `${sharedCount} of ${image.diffIds.length} shared`,
    String(image.containers.length),
    sharedWith.map(({ id }) => names.get(id) ?? shortDigest(id)).join(', ') || '-',
  ];
}

/** The layers of the images that were named, bottom first; none where none was. */
function layerRows(
  { layers }: LayerSharing,
  wanted: ReadonlySet<Digest>,
  names: Names,
): readonly (readonly string[])[] {
  return layers
    .filter(({ images }) => images.some((id) => wanted.has(id)))
    .map(({ diffId, bytes, images }) => [
      shortDigest(diffId),
      rangeText(bytes),
      images.map((id) => names.get(id) ?? shortDigest(id)).join(', '),
    ]);
}

function imageDocument({ image, ...share }: ImageShare): Readonly<Record<string, unknown>> {
  return {
    id: image.id,
    tags: image.tags,
    createdAt: isoTime(image.createdAtMs),
    sizeBytes: image.sizeBytes,
    layerCount: image.diffIds.length,
    containers: image.containers,
    ...share,
  };
}

function rangeText({ leastBytes, mostBytes }: ByteRange): string {
  return leastBytes === mostBytes
    ? formatBytes(mostBytes)
    : `${formatBytes(leastBytes)} to ${formatBytes(mostBytes)}`;
}
