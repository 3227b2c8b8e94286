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

/** The page in docs/, complete. */
export function benchmarkPage(
  rows: readonly BenchRow[],
  about: {
    readonly engine: string;
    readonly imageBytes: number;
    readonly runs: number;
    readonly date: string;
  },
): string {
  const processor = cpus()[0]?.model ?? 'an unknown processor';
  const lines = rows.map((row) =>
    [
      row.what,
      figure(row.ours),
      `${row.peer}: ${figure(row.theirs)}`,
      `${ratioOf(row).toFixed(2)}×`,
      row.goal === undefined ? '' : `≤ ${row.goal}× ${ratioOf(row) <= row.goal ? 'met' : '**missed**'}`,
      [
        row.note,
        row.ours.peakBytes === undefined ? undefined : `peak memory ${formatBytes(row.ours.peakBytes)}`,
      ]
        .filter((part) => part !== undefined)
        .join('; '),
    ]
      // A pipe in a shell line would end the cell.
      .map((cell) => cell.replaceAll('|', '\\|'))
      .join(' | '),
  );
  return `# Benchmarks

Made by \`npm run bench\`, never by hand. Ratios are what counts: both sides ran in the same run, on the same engine.
Seconds are medians of ${about.runs} runs on one machine and mean little on another.

Machine: ${cpus().length} × ${processor}, ${formatBytes(totalmem())} of memory, Linux, Node ${process.versions.node}.
Engine: ${about.engine}. Image: ${formatBytes(about.imageBytes)} in two layers, programs and libraries.
Date: ${about.date}.

Drydock's times are those of whole processes of the CLI, from start to exit, with everything read back and every
digest compared. The peers check nothing.

| what | Drydock | peer | ratio | goal | note |
|---|---|---|---|---|---|
${lines.map((line) => `| ${line} |`).join('\n')}
`;
}

function figure({ seconds, bytes }: Figure): string {
  if (seconds !== undefined)
    return seconds < 1 ? `${(seconds * 1000).toFixed(0)} ms` : `${seconds.toFixed(1)} s`;
  return formatBytes(bytes ?? 0);
}
