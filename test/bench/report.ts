/** What a benchmark found, and docs/BENCHMARKS.md made of it. */
import { cpus, totalmem } from 'node:os';
import { formatBytes } from '../../src/core/quantity.ts';

export interface Figure {
  readonly seconds?: number;
  readonly bytes?: number;
  readonly peakBytes?: number;
}

export interface BenchRow {
  readonly what: string;
  readonly ours: Figure;
  /** What ours is compared with, run in the same hour on the same engine. */
  readonly peer: string;
  readonly theirs: Figure;
  /** The ratio that was set as the goal. */
  readonly goal?: number;
  readonly note?: string;
}

export function ratioOf({ ours, theirs }: BenchRow): number {
  return (ours.seconds ?? ours.bytes ?? 0) / (theirs.seconds ?? theirs.bytes ?? 1);
}

/** What one part of the benchmarks found, as a section of the page. */
export function benchmarkSection(
  rows: readonly BenchRow[],
  about: { readonly title: string; readonly engine: string; readonly date: string },
): string {
  const processor = cpus()[0]?.model ?? 'an unknown processor';
  return `## ${about.title}

${about.date}, ${about.engine}, ${cpus().length} × ${processor}, ${formatBytes(totalmem())} of memory, Linux, Node ${process.versions.node}.

| what | Drydock | peer | ratio | goal | note |
|---|---|---|---|---|---|
${rows.map((row) => `| ${lineOf(row)} |`).join('\n')}
`;
}

/** The page in docs/ with the given sections in place of those of the same title. */
export function benchmarkPage(page: string, sections: readonly string[]): string {
  const kept = page.split(/^(?=## )/m).slice(1);
  const titleOf = (section: string): string => section.slice(0, section.indexOf('\n'));
  const all = new Map([...kept, ...sections].map((section) => [titleOf(section), section.trimEnd()]));
  return `${preamble}\n${[...all.values()].join('\n\n')}\n`;
}

const preamble = `# Benchmarks

Made by \`npm run bench\`, never by hand; \`npm run bench -- PART\` renews one section. Ratios are what counts: both
sides of a line ran in the same run, on the same engine. Seconds are those of one machine and mean little on another;
where a thing could be done again unchanged they are medians of 3.

Drydock's times are those of whole processes of the CLI, from start to exit, with everything read back and every
digest compared. The peers check nothing, unless it says so.
`;

function lineOf(row: BenchRow): string {
  const goal =
    row.goal === undefined ? '' : `≤ ${row.goal}× ${ratioOf(row) <= row.goal ? 'met' : '**missed**'}`;
  const peak =
    row.ours.peakBytes === undefined ? undefined : `peak memory ${formatBytes(row.ours.peakBytes)}`;
  const cells = [
    row.what,
    figure(row.ours),
    `${row.peer}: ${figure(row.theirs)}`,
    `${ratioOf(row).toFixed(2)}×`,
    goal,
    [row.note, peak].filter((part) => part !== undefined).join('; '),
  ];
  // A pipe in a shell line would end the cell.
  return cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ');
}

function figure({ seconds, bytes }: Figure): string {
  if (seconds !== undefined)
    return seconds < 1 ? `${(seconds * 1000).toFixed(0)} ms` : `${seconds.toFixed(1)} s`;
  return formatBytes(bytes ?? 0);
}
