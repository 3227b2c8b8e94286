import { shortDigest } from '../core/digest.ts';
import { dockerfileOf } from '../core/dockerfile/dockerfileOf.ts';
import type { HistoryReport, HistoryReportLayer } from '../core/inspect/historyReport.ts';
import { formatAge, formatBytes } from '../core/quantity.ts';
import {
  kindOf,
  layerKinds,
  longestShownText,
  type CopyTarget,
  type PageLayer,
  type PageReport,
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
  /** `{bytes}` is filled. */
  readonly exactBytes: string;
}

export interface PageWording {
  readonly words: FactWords;
  readonly locale: string;
  readonly nowMs: number;
}

/** Words a report for the page. */
export function pageReport(report: HistoryReport, wording: PageWording): PageReport {
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
    layers: report.layers.map((layer, index) =>
      pageLayer(layer, report.layers.length - index, totalBytes, wording),
    ),
  };
}

function pageLayer(
  layer: HistoryReportLayer,
  number: number,
  totalBytes: number,
  wording: PageWording,
): PageLayer {
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
    text: layer.text.slice(0, longestShownText),
    isCut: layer.text.length > longestShownText,
    fill: layer.fill,
    sizeBytes,
    size: layer.sizeBytes === undefined ? '' : formatBytes(layer.sizeBytes),
    share: totalBytes === 0 ? '' : percent(sizeBytes / totalBytes, wording.locale),
    age,
    created: full,
    id: layer.id ?? '',
    diffId: layer.diffId ?? '',
    details: details.map(([label, text]) => [label, text.slice(0, longestShownText)]),
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
