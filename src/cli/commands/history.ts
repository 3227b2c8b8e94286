import { countOf } from '../countOf.ts';
import { shortDigest } from '../../core/digest.ts';
import { historyReport, type HistoryReportLayer } from '../../core/inspect/historyReport.ts';
import { formatAge, formatBytes } from '../../core/quantity.ts';
import type { Command } from '../command.ts';
import { findImage, imageLabel } from '../findImage.ts';
import { isoTime } from '../isoTime.ts';
import { markdownTable, markdownText } from '../../core/markdown.ts';
import { formatOption } from '../options.ts';
import { table } from '../table.ts';

export const history: Command = {
  name: 'history',
  summary: 'Show how an image was made, newest step first',
  usage: 'IMAGE',
  details: [
    'LAYER is the digest of the layer’s files (its diffID) where it is certain which layer a step made, "empty" where it made none, and "?" where the engine does not tell.',
  ],
  takes: { least: 1, most: 1 },
  options: formatOption,
  async run({ engine: connected, operation, now }, args) {
    const engine = await connected();
    const found = await findImage(engine, args.first, operation.signal);
    const report = await historyReport(engine, found.id, operation);
    const nowMs = now();
    const header = ['CREATED', 'SIZE', 'LAYER', 'INSTRUCTION'];
    const rows = report.layers.map((layer) => [
      layer.createdAtMs === undefined ? '?' : formatAge(layer.createdAtMs, nowMs),
      layer.sizeBytes === undefined ? '?' : formatBytes(layer.sizeBytes),
      layerWord(layer),
      layer.text,
    ]);
    return {
      document: {
        name: imageLabel(found),
        id: report.id,
        tags: report.tags,
        platform: report.platform,
        createdAt: isoTime(report.createdAtMs),
        sizeBytes: report.sizeBytes,
        layerCount: report.layerCount,
        steps: report.layers.map((layer) => ({
          instruction: layer.text,
          keyword: layer.keyword,
          buildArgs: layer.buildArgs,
          fill: layer.fill,
          sizeBytes: layer.sizeBytes ?? null,
          createdAt: isoTime(layer.createdAtMs),
          id: layer.id ?? null,
          diffId: layer.diffId ?? null,
          comment: layer.comment,
          tags: layer.tags,
        })),
      },
      text: (columns) => table(header, rows, columns),
      markdown: () => [
        `# ${markdownText(imageLabel(found))}`,
        '',
        `${markdownText(report.platform)}, ${formatBytes(report.sizeBytes)}, ${countOf(report.layerCount, 'layer')}, ${report.id}`,
        '',
        ...markdownTable(header, rows, ['SIZE']),
      ],
      quiet: report.layers.flatMap(({ diffId }) => diffId ?? []),
    };
  },
};

function layerWord({ fill, diffId }: HistoryReportLayer): string {
  if (diffId !== undefined) return shortDigest(diffId);
  return fill === 'empty' ? 'empty' : '?';
}
