/** What a hover over an instruction says: the history entry in full, and what lies in its layer. */
import { visibleLines, visibleName } from '../core/fileTrees/visibleName.ts';
import { formatBytes } from '../core/quantity.ts';
import { timeOf } from '../views/when.ts';
import type { Wording } from '../views/viewItem.ts';
import type { LensLine } from './lensLines.ts';

export interface HoverWords {
  readonly title: string;
  readonly rows: readonly (readonly [name: string, value: string])[];
  /** The step as the builder left it. */
  readonly code: string;
  readonly files: readonly (readonly [path: string, size: string])[];
}

/** Nothing of a megabyte belongs into a hover. */
const mostCode = 4_000;

export function hoverWords(
  { line, step, layer }: LensLine,
  image: string,
  wording: Wording,
): HoverWords | undefined {
  if (step === undefined) return undefined;
  const { l10n } = wording;
  const figures = layer?.figures;
  const made = step.createdBy === '' ? step.comment : step.createdBy;
  const rows: readonly (readonly [string, string])[] = [
    [l10n.t('Layer'), layer === undefined ? l10n.t('no layer') : placeWords(layer.place, l10n)],
    [l10n.t('Size'), layer === undefined ? '' : formatBytes(layer.sizeBytes)],
    [l10n.t('Files'), figures === undefined ? '' : String(figures.fileCount)],
    [
      l10n.t('Removes'),
      figures === undefined || figures.removedCount === 0 ? '' : String(figures.removedCount),
    ],
    [
      l10n.t('Nobody sees'),
      figures === undefined || figures.wastedBytes === 0 ? '' : formatBytes(figures.wastedBytes),
    ],
    [
      l10n.t('Makes useless'),
      figures === undefined || figures.spoiledBytes === 0 ? '' : formatBytes(figures.spoiledBytes),
    ],
    [l10n.t('Created'), timeOf(step.createdAtMs, wording)],
    [l10n.t('Comment'), step.createdBy === '' ? '' : visibleLines(step.comment.slice(0, mostCode))],
  ];
  return {
    title:
      line.match.kind === 'changed'
        ? l10n.t('When {image} was built, this stood here:', { image })
        : l10n.t('In the history of {image}:', { image }),
    rows: rows.filter(([, value]) => value !== ''),
    code: visibleLines(made.slice(0, mostCode)),
    files: (figures?.largest ?? []).map(({ path, sizeBytes }) => [
      `/${visibleName(path)}`,
      formatBytes(sizeBytes),
    ]),
  };
}

/**
 * `code` as a block of Markdown that nothing in it ends: the fence of `MarkdownString.appendCodeblock` heeds only signs
 * at the beginning of a line, while one behind blanks ends a block too.
 */
export function codeBlock(code: string, language: string): string {
  const runs = code.match(/`+/g) ?? [];
  const fence = '`'.repeat(runs.reduce((most, run) => Math.max(most, run.length + 1), 3));
  return `\n${fence}${language}\n${code}\n${fence}\n`;
}

function placeWords(place: number | undefined, l10n: Wording['l10n']): string {
  return place === undefined ? l10n.t('not certain which') : String(place + 1);
}
