import { visibleName } from '../core/fileTrees/visibleName.ts';
import { layerInstructions } from '../core/dockerfile/layerInstructions.ts';
import type { ImageAnalysis } from '../core/inspect/imageAnalysis.ts';
import { formatBytes } from '../core/quantity.ts';
import type { WastedFile } from '../core/waste/analyzeWaste.ts';
import type { LookedInto } from '../core/waste/findings/contentFindings.ts';
import type { Finding } from '../core/waste/findings/finding.ts';
import { withoutSecrets } from '../core/waste/findings/secretText.ts';
import { topWastedPaths } from '../core/waste/wastedPaths.ts';
import { findingWords, severityWord } from '../ui/findingWords.ts';
import type { Wording } from '../views/viewItem.ts';
import type { AnalysisFinding, AnalysisLayer, PageAnalysis } from './analysisProtocol.ts';
import { rangeText } from './rangeText.ts';

const mostPaths = 25;
const mostPartners = 20;
const longestInstruction = 400;

export type AnalysisWording = Pick<Wording, 'l10n' | 'language'>;

/** Words an analysis for the page. */
export function pageAnalysis(analysis: ImageAnalysis, wording: AnalysisWording): PageAnalysis {
  const { image, waste, findings, base } = analysis;
  const { l10n } = wording;
  const page = (one: Finding): AnalysisFinding => pageFinding(one, wording);
  return {
    name: image.name,
    facts: factsOf(analysis, wording),
    layers: layersOf(analysis, wording),
    findings: findings.findings.filter(({ isBase }) => !isBase).map(page),
    baseFindings: findings.findings.filter(({ isBase }) => isBase).map(page),
    baseTitle:
      base === undefined
        ? l10n.t('In the base image, for its makers to mend')
        : l10n.t('In the base image {name}, for its makers to mend', { name: base.name }),
    paths: topWastedPaths(waste.wasted, mostPaths).map(({ path, sizeBytes, files }) => ({
      path: `/${visibleName(path)}`,
      sizeBytes,
      size: formatBytes(sizeBytes),
      story: files.map((file) => storyOf(file, wording)).join('; '),
    })),
    ...sharingOf(analysis, wording),
    notes: notesOf(findings.lookedInto, wording),
    canLookInto: findings.lookedInto === undefined && image.files !== undefined,
  };
}

function notesOf(lookedInto: LookedInto | undefined, { l10n, language }: AnalysisWording): readonly string[] {
  if (lookedInto === undefined)
    return [
      l10n.t(
        'Secrets were looked for by the names of files and variables, and in the history; not in what files hold.',
      ),
    ];
  const { files, left, problem } = lookedInto;
  return [
    l10n.t('Small text files that were looked into for secrets: {count}.', {
      count: files.toLocaleString(language),
    }),
    ...(left === 0
      ? []
      : [
          l10n.t('Files that were not looked into: {count}.', { count: left.toLocaleString(language) }),
          problem ?? '',
        ]),
  ];
}

function factsOf(
  { image, waste, base, findings }: ImageAnalysis,
  { l10n, language }: AnalysisWording,
): PageAnalysis['facts'] {
  const { sizeBytes, wastedBytes, dive } = waste;
  const efficiency = sizeBytes === 0 ? 1 : (sizeBytes - wastedBytes) / sizeBytes;
  const saved = findings.findings
    .filter(({ isBase }) => !isBase)
    .reduce((sum, finding) => sum + finding.savedBytes, 0);
  const percent = (ratio: number): string =>
    ratio.toLocaleString(language, { style: 'percent', maximumFractionDigits: 1 });
  return [
    [l10n.t('Files in all layers'), formatBytes(sizeBytes), ''],
    [l10n.t('Wasted'), formatBytes(wastedBytes), l10n.t('Bytes that later layers replaced or deleted.')],
    [
      l10n.t('Can be seen'),
      percent(efficiency),
      l10n.t('Each file counts once, and only when its last name is gone.'),
    ],
    [l10n.t('Left behind'), formatBytes(saved), l10n.t('Files that can be seen and that findings name.')],
    [
      l10n.t('Score of dive'),
      percent(dive.efficiency),
      l10n.t('What dive 0.13 says: it counts every copy, and takes the first layer for the base.'),
    ],
    [l10n.t('Layers'), image.layers.length.toLocaleString(language), ''],
    ...(base === undefined
      ? []
      : [
          [
            l10n.t('Built on'),
            base.name,
            l10n.t('{size} in {count} layers; {wasted} wasted in itself', {
              size: formatBytes(base.share.baseBytes),
              count: base.share.layerCount,
              wasted: formatBytes(base.share.wastedInBase),
            }),
          ] as const,
        ]),
  ];
}

function layersOf(
  { image, waste, findings }: ImageAnalysis,
  { language, l10n }: AnalysisWording,
): readonly AnalysisLayer[] {
  const instructions = layerInstructions(image.config);
  return waste.layers
    .map(({ sizeBytes, wastedBytes, spoiledBytes, entryCount }, place): AnalysisLayer => {
      const text = instructions[place]?.text ?? '';
      return {
        place,
        instruction:
          text === ''
            ? l10n.t('The history does not tell what made this layer.')
            : oneLine(withoutSecrets(text)),
        isBase: place < findings.baseLayers,
        sizeBytes,
        wastedBytes,
        size: formatBytes(sizeBytes),
        wasted: wastedBytes === 0 ? '' : formatBytes(wastedBytes),
        spoiled: spoiledBytes === 0 ? '' : formatBytes(spoiledBytes),
        files: entryCount.toLocaleString(language),
      };
    })
    .toReversed();
}

function pageFinding(finding: Finding, wording: AnalysisWording): AnalysisFinding {
  const { l10n } = wording;
  const { severity, place, instruction = '', savedBytes, wastedBytes, paths, pathCount } = finding;
  const left = pathCount - paths.length;
  return {
    severity,
    grade: severityWord(severity, wording),
    ...findingWords(finding, wording),
    facts: [
      ...(place === undefined ? [] : [l10n.t('layer {place}', { place })]),
      ...(savedBytes === 0 ? [] : [l10n.t('{bytes} to save', { bytes: formatBytes(savedBytes) })]),
      ...(wastedBytes === 0 ? [] : [l10n.t('{bytes} wasted already', { bytes: formatBytes(wastedBytes) })]),
    ].join(' · '),
    instruction: oneLine(instruction),
    paths: [
      ...paths.map((path) => `/${visibleName(path)}`),
      ...(left > 0 ? [l10n.t('and {count} more', { count: left })] : []),
    ],
  };
}

/** An instruction in one line, in which no character can pose as others. */
function oneLine(text: string): string {
  return visibleName(text.slice(0, longestInstruction).replace(/\s+/g, ' '));
}

function storyOf({ from, by, kind }: WastedFile, { l10n }: AnalysisWording): string {
  switch (kind) {
    case 'deleted':
      return l10n.t('layer {from} brought it, layer {by} deleted it', { from, by });
    case 'replaced':
      return l10n.t('layer {from} brought it, layer {by} replaced it', { from, by });
    case 'copied':
      return l10n.t('layer {from} brought it, layer {by} has the same bytes once more', { from, by });
  }
}

function sharingOf(
  { sharing }: ImageAnalysis,
  { l10n }: AnalysisWording,
): Pick<PageAnalysis, 'sharing' | 'sharedWith'> {
  if (sharing === undefined) return { sharing: [], sharedWith: [] };
  const { share, names } = sharing;
  const { image, sharedCount, sharedBytes, givesBack, sharedWith } = share;
  return {
    sharing: [
      sharedCount === 0
        ? l10n.t('No other image has its layers.')
        : l10n.t('{shared} of its {count} layers are in other images too ({size}).', {
            shared: sharedCount,
            count: image.diffIds.length,
            size: rangeText(sharedBytes, l10n),
          }),
      l10n.t('Removing this image alone gives back {size}.', { size: rangeText(givesBack, l10n) }),
      ...(image.containers.length === 0
        ? []
        : [
            l10n.t('It can’t be removed while containers are there that run on it: {count}.', {
              count: image.containers.length,
            }),
          ]),
    ],
    sharedWith: sharedWith
      .slice(0, mostPartners)
      .map(({ id, layerCount }) => [names.get(id) ?? id, String(layerCount)]),
  };
}
