import { shortDigest } from '../core/digest.ts';
import { dockerfileOf } from '../core/dockerfile/dockerfileOf.ts';
import { visibleLines } from '../core/fileTrees/visibleName.ts';
import type { HistoryReport, HistoryReportLayer } from '../core/inspect/historyReport.ts';
import { formatAge, formatBytes } from '../core/quantity.ts';
import {
  kindOf,
  layerKinds,
  longestShownText,
  type CopyTarget,
  type PageLayer,
  type PageReport,
  type PageTag,
} from './protocol.ts';

/** Labels of facts; worded by VS Code's translations in the panel, in English by tests. */
export interface FactWords {
  readonly tags: string;
  readonly created: string;
  readonly size: string;
  readonly platform: string;
  readonly layers: string;
  readonly buildArgs: string;
  readonly comment: string;
  /** `{layers}` and `{steps}` are filled. */
  readonly layersOfSteps: string;
  /** What made layers that no Dockerfile keyword names. */
  readonly otherKind: string;
  readonly files: string;
  readonly sharedWith: string;
  /** `{count}` is filled. */
  readonly fileCount: string;
  readonly removedCount: string;
  readonly sharedCount: string;
  /** `{bytes}` is filled. */
  readonly wasted: string;
  readonly spoiled: string;
  readonly exactBytes: string;
}

/** What is in a layer, and what of it is useless. Sizes are bytes. */
export interface LayerInside {
  readonly fileCount: number;
  readonly removedCount: number;
  readonly wastedBytes: number;
  readonly spoiledBytes: number;
}

/** A tag of the same repository. */
export interface RepositoryTag {
  readonly imageId: string;
  readonly name: string;
  readonly createdAtMs: number;
  readonly sizeBytes: number;
}

/** What else is known of an image. Layers are counted from 0, the bottom one. */
export interface HistoryExtras {
  /** Absent where the image would have to be read for it. */
  readonly inside?: readonly LayerInside[];
  readonly diffIds: readonly string[];
  /** Names of the other images that have each layer. */
  readonly sharedWith: readonly (readonly string[])[];
  /** All of the repository with the image's own, oldest first. */
  readonly tags: readonly RepositoryTag[];
}

/** Where an open Dockerfile has the instruction of a step; lines are counted from 1. */
export interface DockerfileLine {
  readonly file: string;
  readonly line: number;
}

/** By the step's place in the engine's history, the oldest one at 0. */
export type DockerfileLines = ReadonlyMap<number, DockerfileLine>;

export interface PageWording {
  readonly words: FactWords;
  readonly locale: string;
  readonly nowMs: number;
}

const noExtras: HistoryExtras = { diffIds: [], sharedWith: [], tags: [] };

/** Words a report for the page. */
export function pageReport(
  report: HistoryReport,
  wording: PageWording,
  { extras, lines }: { readonly extras?: HistoryExtras; readonly lines?: DockerfileLines } = {},
): PageReport {
  const { words, locale } = wording;
  const totalBytes = report.layers.reduce((sum, { sizeBytes = 0 }) => sum + sizeBytes, 0);
  const created = timeWords(report.createdAtMs, wording);
  const facts: (readonly [string, string, string])[] = [
    [words.size, formatBytes(report.sizeBytes), exactBytes(report.sizeBytes, wording)],
    [
      words.layers,
      words.layersOfSteps
        .replace('{layers}', report.layerCount.toLocaleString(locale))
        .replace('{steps}', report.layers.length.toLocaleString(locale)),
      '',
    ],
  ];
  if (report.platform !== '') facts.push([words.platform, report.platform, '']);
  if (created.age !== '') facts.push([words.created, created.age, created.full]);
  const otherTags = report.tags.filter((tag) => tag !== report.name);
  if (otherTags.length > 0) facts.push([words.tags, otherTags.join(', '), '']);
  return {
    name: report.name,
    id: report.id,
    shortId: shortDigest(report.id),
    facts,
    total: formatBytes(totalBytes),
    totalBytes,
    legend: legendOf(report.layers, words),
    layers: report.layers.map((layer, index) => {
      const number = report.layers.length - index;
      const line = lines?.get(placeInHistory(report, number));
      const page = pageLayer(layer, number, totalBytes, wording);
      const { notes, details } = notesOf(layer, extras ?? noExtras, wording);
      return {
        ...page,
        notes,
        details: [...page.details, ...details],
        line: line === undefined ? '' : `${line.file}:${line.line}`,
      };
    }),
    canLook: extras !== undefined && extras.inside === undefined,
    tags: pageTags(report, extras ?? noExtras, wording),
  };
}

/** Where the step with this number stands in the engine's history; layers that it does not mention come before. */
export function placeInHistory({ layers }: HistoryReport, number: number): number {
  return number - 1 - layers.filter(({ sizeBytes }) => sizeBytes === undefined).length;
}

/** What is told of a step's layer where it is certain which one that is. */
function notesOf(
  { diffId }: HistoryReportLayer,
  { inside, diffIds, sharedWith }: HistoryExtras,
  { words, locale }: PageWording,
): Pick<PageLayer, 'notes' | 'details'> {
  const place = diffId === undefined ? -1 : diffIds.indexOf(diffId);
  // Of a layer that the image has twice, it is not told here which of the two is useless.
  if (place === -1 || place !== diffIds.lastIndexOf(diffId ?? '')) return { notes: [], details: [] };
  const told = inside?.[place];
  const others = sharedWith[place] ?? [];
  const notes: { text: string; isWaste: boolean }[] = [];
  const count = (template: string, number: number, isWaste = false): void => {
    if (number > 0) notes.push({ text: template.replace('{count}', number.toLocaleString(locale)), isWaste });
  };
  const bytes = (template: string, number: number, isWaste: boolean): void => {
    if (number > 0) notes.push({ text: template.replace('{bytes}', formatBytes(number)), isWaste });
  };
  if (told !== undefined) {
    count(words.fileCount, told.fileCount);
    count(words.removedCount, told.removedCount);
    bytes(words.wasted, told.wastedBytes, true);
    bytes(words.spoiled, told.spoiledBytes, false);
  }
  count(words.sharedCount, others.length);
  const shown = others.slice(0, mostShared).join(', ') + (others.length > mostShared ? ', …' : '');
  return { notes, details: others.length === 0 ? [] : [[words.sharedWith, shown]] };
}

const mostShared = 30;

function pageTags(
  { id, name }: HistoryReport,
  { tags }: HistoryExtras,
  wording: PageWording,
): readonly PageTag[] {
  return tags.map((tag) => {
    const { age, full } = timeWords(tag.createdAtMs, wording);
    return {
      name: tag.name,
      sizeBytes: tag.sizeBytes,
      size: formatBytes(tag.sizeBytes),
      age,
      created: full,
      isThis: tag.imageId === id && (tag.name === name || !tags.some((other) => other.name === name)),
    };
  });
}

function pageLayer(
  layer: HistoryReportLayer,
  number: number,
  totalBytes: number,
  wording: PageWording,
): Omit<PageLayer, 'notes' | 'line'> {
  const { words } = wording;
  const { age, full } = timeWords(layer.createdAtMs, wording);
  const details: [string, string][] = [];
  if (layer.sizeBytes !== undefined) details.push([words.size, exactBytes(layer.sizeBytes, wording)]);
  if (full !== '') details.push([words.created, full]);
  if (layer.buildArgs.length > 0) details.push([words.buildArgs, layer.buildArgs.join('\n')]);
  if (layer.comment !== '' && layer.comment !== layer.text) details.push([words.comment, layer.comment]);
  if (layer.tags.length > 0) details.push([words.tags, layer.tags.join(', ')]);
  const sizeBytes = layer.sizeBytes ?? 0;
  return {
    number,
    keyword: layer.keyword,
    text: visibleLines(layer.text.slice(0, longestShownText)),
    isCut: layer.text.length > longestShownText,
    fill: layer.fill,
    sizeBytes,
    size: layer.sizeBytes === undefined ? '' : formatBytes(layer.sizeBytes),
    share: totalBytes === 0 ? '' : percent(sizeBytes / totalBytes, wording.locale),
    age,
    created: full,
    id: layer.id ?? '',
    diffId: layer.diffId ?? '',
    details: details.map(([label, text]) => [label, visibleLines(text.slice(0, longestShownText))]),
  };
}

function legendOf(layers: readonly HistoryReportLayer[], words: FactWords): PageReport['legend'] {
  return layerKinds.flatMap((kind) => {
    const sizes = layers
      .filter((layer) => kindOf(layer.keyword) === kind)
      .map(({ sizeBytes = 0 }) => sizeBytes)
      .filter((sizeBytes) => sizeBytes > 0);
    if (sizes.length === 0) return [];
    const text = formatBytes(sizes.reduce((sum, sizeBytes) => sum + sizeBytes, 0));
    return [{ kind, name: kind === 'other' ? words.otherKind : kind.toUpperCase(), text }];
  });
}

function percent(share: number, locale: string): string {
  return share.toLocaleString(locale, { style: 'percent', maximumFractionDigits: share < 0.1 ? 1 : 0 });
}

function exactBytes(bytes: number, { words, locale }: PageWording): string {
  return words.exactBytes.replace('{bytes}', bytes.toLocaleString(locale));
}

/** Builders that leave out the time write 0001-01-01 or 1970-01-01; neither is an age. */
function timeWords(
  timeMs: number | undefined,
  { nowMs, locale }: PageWording,
): { age: string; full: string } {
  if (timeMs === undefined || !Number.isFinite(timeMs) || timeMs <= 0) return { age: '', full: '' };
  const full = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' }).format(timeMs);
  return { age: formatAge(timeMs, nowMs, locale), full };
}

/** What the clipboard gets for `target`; undefined where the report has no such thing. */
export function copiedText(report: HistoryReport, target: CopyTarget): string | undefined {
  switch (target.kind) {
    case 'imageId':
      return report.id;
    case 'dockerfile':
      return dockerfileOf(report.name, report.layers.toReversed());
    case 'instruction':
      return report.layers[report.layers.length - target.layer]?.text;
    case 'id':
      return report.layers[report.layers.length - target.layer]?.id;
    case 'diffId':
      return report.layers[report.layers.length - target.layer]?.diffId;
  }
}
