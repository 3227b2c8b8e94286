/** The words above the lines of a Dockerfile. */
import { shortDigest } from '../core/digest.ts';
import type { StageBase } from '../core/dockerfile/parseDockerfile.ts';
import { visibleName } from '../core/fileTrees/visibleName.ts';
import type { ImageSummary } from '../core/engine/records.ts';
import { formatBytes } from '../core/quantity.ts';
import type { Wording } from '../views/viewItem.ts';
import { ageOf } from '../views/when.ts';
import type { LensReading } from './dockerfileReadings.ts';
import type { LensLine, LensPart, LineLayer } from './lensLines.ts';

const longestName = 200;

/** A name from a file, in which nothing is obeyed: neither control characters nor what VS Code draws as an icon. */
export function plainName(name: string): string {
  return visibleName(name.slice(0, longestName)).replaceAll('$(', '\\$(');
}

export function imageName({ id, tags }: Pick<ImageSummary, 'id' | 'tags'>): string {
  return tags[0] ?? shortDigest(id);
}

/** Which image the lens is about, and how surely. */
export function statusWords({ state, parts, candidates }: LensReading, { l10n }: Wording): string {
  const [part] = parts;
  switch (state) {
    case 'searching':
      return l10n.t('Looking for the image of this file…');
    case 'several':
      return l10n.t('{count} images fit equally well: choose one', { count: candidates.length });
    case 'none':
      return l10n.t('No image here was built from this file: choose one');
    case 'unreadable':
      return l10n.t('This file can’t be read');
    case 'found':
    case 'chosen':
      if (part === undefined) return l10n.t('Looking for the image of this file…');
      return `${imageName(part.image)} · ${confidenceWords(part, l10n)}`;
  }
}

function confidenceWords({ match }: LensPart, l10n: Wording['l10n']): string {
  switch (match.confidence) {
    case 'exact':
      return l10n.t('every line matches');
    case 'likely':
      return l10n.t('every line matches as far as the history tells');
    case 'edited': {
      const unclear = match.lines.filter((line) => line.match.kind === 'unclear').length;
      const edited = match.lines.filter(
        ({ match: { kind } }) => kind === 'changed' || kind === 'missing',
      ).length;
      const gone = match.leftOver.length;
      const parts = [
        counted(
          edited,
          l10n.t('1 line edited since'),
          l10n.t('{count} lines edited since', { count: edited }),
        ),
        counted(
          gone,
          l10n.t('1 line taken out since'),
          l10n.t('{count} lines taken out since', { count: gone }),
        ),
        counted(unclear, l10n.t('1 line unclear'), l10n.t('{count} lines unclear', { count: unclear })),
      ];
      return parts.filter((text) => text !== '').join(' · ');
    }
    case 'none':
      return l10n.t('hardly any line matches');
  }
}

function counted(count: number, one: string, several: string): string {
  return count === 0 ? '' : count === 1 ? one : several;
}

/** Above an instruction; empty where nothing is to be said. */
export function lineWords({ line, layer }: LensLine, image: string, { l10n }: Wording): string {
  const layerText = layer === undefined ? '' : layerWords(layer, l10n);
  switch (line.match.kind) {
    case 'matched':
      return layerText === '' ? l10n.t('no layer') : layerText;
    case 'changed':
      return layerText === ''
        ? l10n.t('edited since {image}', { image })
        : l10n.t('edited since {image}; was {layer}', { image, layer: layerText });
    case 'missing':
      return l10n.t('not in {image}', { image });
    case 'unclear':
      return l10n.t('not certain which step is its own');
    case 'silent':
      return '';
  }
}

function layerWords({ sizeBytes, figures, isJoint }: LineLayer, l10n: Wording['l10n']): string {
  const { fileCount = 0, removedCount = 0, wastedBytes = 0 } = figures ?? {};
  const parts = [
    formatBytes(sizeBytes),
    figures === undefined
      ? ''
      : fileCount === 1
        ? l10n.t('1 file')
        : l10n.t('{count} files', { count: fileCount }),
    removedCount > 0 ? l10n.t('{count} removed', { count: removedCount }) : '',
    wastedBytes > 0 ? l10n.t('{size} reclaimable', { size: formatBytes(wastedBytes) }) : '',
    isJoint ? l10n.t('with all steps before it') : '',
  ];
  return parts.filter((text) => text !== '').join(' · ');
}

export interface BaseFacts {
  readonly base: StageBase;
  /** Where the engine has it. */
  readonly image?: ImageSummary | undefined;
  /** Whether the image that was built lies on another base than this one is now. */
  readonly isOther: boolean;
}

/** Above a FROM. */
export function baseWords({ base, image, isOther }: BaseFacts, wording: Wording): string {
  const { l10n } = wording;
  if (base.kind === 'scratch') return l10n.t('nothing below');
  if (base.kind === 'stage') return l10n.t('stage {number} of this file', { number: base.stage + 1 });
  if (base.name === undefined) return l10n.t('the build says which image');
  if (image === undefined) return l10n.t('{name} · not on this engine', { name: plainName(base.name) });
  const parts = [
    imageName(image),
    formatBytes(image.sizeBytes),
    ageOf(image.createdAtMs, wording),
    isOther ? l10n.t('not what the image was built on') : '',
  ];
  return parts.filter((text) => text !== '').join(' · ');
}
