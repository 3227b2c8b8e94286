import { shortDigest } from '../../core/digest.ts';
import { layerInstructions } from '../../core/dockerfile/layerInstructions.ts';
import { failure } from '../../core/errors.ts';
import { isRaw, pathBytes } from '../../core/layers/entryNames.ts';
import { chooseImage, type LayeredImage } from '../../core/layers/layeredImage.ts';
import { diffIdsOf } from '../../core/oci/diffIds.ts';
import { markdownTable, markdownText } from '../../core/markdown.ts';
import { formatBytes } from '../../core/quantity.ts';
import { analyzeLayers, type WasteAnalysis, type WastedFile } from '../../core/waste/analyzeWaste.ts';
import { baseLayerCount, baseShare, type BaseShare } from '../../core/waste/baseShare.ts';
import { findFindings } from '../../core/waste/findings/findFindings.ts';
import { topWastedPaths, type WastedPath } from '../../core/waste/wastedPaths.ts';
import { platformWords } from '../archiveDocument.ts';
import type { Arguments } from '../arguments.ts';
import type { Command, CommandContext } from '../command.ts';
import { applyDiveRules, diveRulesOptions, readDiveRules, type AppliedRules } from '../diveRulesFile.ts';
import { shownName } from '../fileEntry.ts';
import { findingDocument, findingLines, findingsMarkdown } from '../findingsReport.ts';
import { baseDiffIds, findLayeredImages, layeredImageWords, type FoundImages } from '../layeredImages.ts';
import { cacheOption, formatOption, vaultOption } from '../options.ts';
import { table } from '../table.ts';

const shownPaths = 15;

export const analyze: Command = {
  name: 'analyze',
  summary: 'Show what each layer of an image costs, and which bytes of it nobody can see',
  usage: 'WORD',
  details: [
    layeredImageWords,
    'WASTED are the bytes of a layer that later layers replaced or deleted, SPOILED those that it replaced or deleted itself. A file counts once, and only when its last name is gone.',
    'FINDINGS name what its makers can do better, with the layer, the bytes and the remedy. Secrets are looked for by the names of files and variables and in small text files; their values are never shown.',
    'The line for dive is what dive 0.13 says, for comparison; the rules of .dive-ci are applied to that.',
  ],
  takes: { least: 1, most: 1 },
  options: {
    ...vaultOption,
    ...cacheOption,
    ...formatOption,
    image: { value: 'NAME', help: 'which image, where WORD holds several' },
    base: {
      value: 'IMAGE',
      help: 'tell the waste of this base image apart; one beside the image, or as WORD',
    },
    contents: {
      help: 'look for secrets in small text files of an image of the engine, too, which it sends once more for that',
    },
    ...diveRulesOptions,
  },
  async run(context, args) {
    // Before anything is read: a gate with wrong rules must not pass for one that is slow.
    const rules = await readDiveRules(args);
    const { signal } = context.operation;
    const beside = await findLayeredImages(context, args, args.first);
    const wanted = args.text('image');
    const image = chooseImage(beside.images, {
      where: beside.where,
      ...(wanted !== undefined && { wanted }),
    });
    const baseCount = await layersOfBase(context, args, beside, image);
    const layers = image.layers.map((layer) => layer.entries(signal));
    const { waste, root } = await analyzeLayers({ name: image.name, layers }, { signal });
    const files = beside.source !== 'engine' || args.isSet('contents') ? image.files : undefined;
    const findings = await findFindings(
      {
        image,
        waste,
        root,
        ...(baseCount !== undefined && { baseLayers: baseCount }),
        ...(files && { reader: files }),
      },
      context.operation,
    );
    const base = baseCount === undefined ? undefined : baseShare(waste, baseCount);
    const top = topWastedPaths(waste.wasted, shownPaths);
    const applied = rules && applyDiveRules(rules, waste.dive);
    return {
      document: {
        name: image.name,
        source: { kind: beside.source, name: beside.where },
        tags: image.tags,
        platform: platformWords(image.platform),
        configDigest: image.configDigest,
        ...wasteDocument(image, waste, base),
        findings: findings.findings.map(findingDocument),
        lookedInto: findings.lookedInto ?? null,
        ...(applied && { rules: applied.checked.map(({ name, ...rule }) => ({ rule: name, ...rule })) }),
      },
      text: (columns) => [
        `${image.name}  ${platformWords(image.platform)}  ${shortDigest(image.configDigest)}`,
        '',
        ...table(layerHeader, layerRows(image, waste), columns),
        ...(top.length === 0 ? [] : ['', ...table(pathHeader, pathRows(top), columns)]),
        '',
        ...findingLines(findings, columns),
        '',
        ...sumLines(waste, base),
        ...ruleLines(applied),
      ],
      markdown: () => [
        `# ${markdownText(image.name)}`,
        '',
        `${markdownText(platformWords(image.platform))}, ${image.configDigest}`,
        '',
        ...[...sumLines(waste, base), ...ruleLines(applied)].map((line) => `- ${markdownText(line)}`),
        '',
        '## Layers',
        '',
        ...markdownTable(layerHeader, layerRows(image, waste), ['#', 'SIZE', 'ENTRIES', 'WASTED', 'SPOILED']),
        ...(top.length === 0
          ? []
          : ['', '## Wasted paths', '', ...markdownTable(pathHeader, pathRows(top), ['WASTED'])]),
        '',
        ...findingsMarkdown(findings),
      ],
      quiet: top.map(({ path }) => `/${shownName(path)}`),
      ...(applied && { notes: applied.notes }),
      ...(applied?.error && { error: applied.error }),
    };
  },
};

async function layersOfBase(
  context: CommandContext,
  args: Arguments,
  beside: FoundImages,
  image: LayeredImage,
): Promise<number | undefined> {
  const word = args.text('base');
  if (word === undefined) return undefined;
  const diffIds = await baseDiffIds(context, args, { beside, word });
  const count = baseLayerCount(diffIdsOf(image.config), diffIds);
  if (count === undefined) throw failure('wrongBase', { name: image.name, base: word });
  return count;
}

function wasteDocument(
  { config, layers }: LayeredImage,
  { layers: costs, sizeBytes, wastedBytes, wasted, dive }: WasteAnalysis,
  base: BaseShare | undefined,
): Readonly<Record<string, unknown>> {
  const instructions = layerInstructions(config);
  return {
    layers: layers.map(({ diffId, tarBytes }, place) => ({
      diffId,
      instruction: instructions[place]?.text ?? null,
      tarBytes,
      entries: costs[place]?.entryCount ?? 0,
      sizeBytes: costs[place]?.sizeBytes ?? 0,
      wastedBytes: costs[place]?.wastedBytes ?? 0,
      spoiledBytes: costs[place]?.spoiledBytes ?? 0,
    })),
    sizeBytes,
    wastedBytes,
    wasted: wasted.toSorted((a, b) => b.sizeBytes - a.sizeBytes).map(wastedDocument),
    base: base ?? null,
    // JSON has neither NaN nor infinity.
    dive: {
      ...dive,
      userWastedPercent: Number.isFinite(dive.userWastedPercent) ? dive.userWastedPercent : null,
    },
  };
}

function wastedDocument({ path, ...file }: WastedFile): Readonly<Record<string, unknown>> {
  return {
    path: `/${shownName(path)}`,
    ...(isRaw(path) && { rawPath: pathBytes(`/${path}`).toString('base64') }),
    ...file,
  };
}

const layerHeader = ['#', 'SIZE', 'ENTRIES', 'WASTED', 'SPOILED', 'LAYER', 'INSTRUCTION'];

function layerRows(
  { config, layers }: LayeredImage,
  { layers: costs }: WasteAnalysis,
): readonly (readonly string[])[] {
  const instructions = layerInstructions(config);
  return costs.map((cost, place) => [
    String(place),
    formatBytes(cost.sizeBytes),
    String(cost.entryCount),
    formatBytes(cost.wastedBytes),
    formatBytes(cost.spoiledBytes),
    shortDigest(layers[place]?.diffId ?? ''),
    instructions[place]?.text ?? '?',
  ]);
}

const pathHeader = ['WASTED', 'LAYERS', 'PATH'];

function pathRows(top: readonly WastedPath[]): readonly (readonly string[])[] {
  return top.map(({ path, sizeBytes, files }) => [
    formatBytes(sizeBytes),
    files.map(({ from, by, kind }) => `${from} ${kind} by ${by}`).join(', '),
    `/${shownName(path)}`,
  ]);
}

function sumLines(
  { sizeBytes, wastedBytes, dive }: WasteAnalysis,
  base: BaseShare | undefined,
): readonly string[] {
  const { efficiency, userWastedPercent } = dive;
  return [
    `${formatBytes(wastedBytes)} of ${formatBytes(sizeBytes)} are wasted (${percent(sizeBytes === 0 ? 0 : wastedBytes / sizeBytes)}).`,
    ...(base === undefined
      ? []
      : [
          `Base (${base.layerCount} layers, ${formatBytes(base.baseBytes)}): ${formatBytes(base.wastedInBase)} wasted in itself, ${formatBytes(base.hiddenOfBase)} hidden by the layers above; ${formatBytes(base.wastedInOwn)} of ${formatBytes(base.ownBytes)} above it wasted.`,
        ]),
    `dive: efficiency ${percent(efficiency)}, ${formatBytes(dive.wastedBytes)} wasted, ${percent(userWastedPercent)} of the layers above the first.`,
  ];
}

function ruleLines(applied: AppliedRules | undefined): readonly string[] {
  return (applied?.checked ?? []).map(
    ({ name, status, limit, found }) =>
      `${status}: ${name} (limit ${limit}, found ${Number(found.toFixed(4))})`,
  );
}

function percent(ratio: number): string {
  return Number.isFinite(ratio) ? `${(ratio * 100).toFixed(2)} %` : '-';
}
