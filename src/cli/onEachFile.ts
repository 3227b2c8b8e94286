import { failure, isCancellation } from '../core/errors.ts';
import type { CommandContext, Report } from './command.ts';
import { exitCodes, type ExitCode } from './exitCode.ts';
import { toldFailure } from './failures.ts';
import { withInputFile } from './inputFile.ts';
import { printable } from './printable.ts';

/** What came of one of several things, in the forms of a report. */
export interface FileReport {
  readonly document: Readonly<Record<string, unknown>>;
  readonly text: (columns?: number) => readonly string[];
  readonly quiet: readonly string[];
  readonly notes?: readonly string[];
}

type Outcome =
  { readonly name: string; readonly report: FileReport } | { readonly name: string; readonly error: unknown };

/** As {@link onEach}, with files. */
export async function onEachFile(
  context: CommandContext,
  names: readonly string[],
  work: (path: string, name: string) => Promise<FileReport>,
): Promise<Report> {
  return onEach(names, (name) => withInputFile(context, name, (path) => work(path, name)), {
    list: 'archives',
    item: 'file',
  });
}

/**
 * Works on things one after another and goes on after a failure; a cancel ends it, and what was done before is told.
 * A single one that fails is a failure of the whole. `keys` are what the document calls their list, and the name of one.
 */
export async function onEach(
  names: readonly string[],
  work: (name: string) => Promise<FileReport>,
  keys: { readonly list: string; readonly item: string },
): Promise<Report> {
  const outcomes: Outcome[] = [];
  for (const name of names) {
    try {
      outcomes.push({ name, report: await work(name) });
    } catch (error) {
      if (names.length === 1) throw error;
      outcomes.push({ name, error });
      if (isCancellation(error)) break;
    }
  }
  return together(outcomes, names.length, keys);
}

function together(
  outcomes: readonly Outcome[],
  total: number,
  { list, item }: { readonly list: string; readonly item: string },
): Report {
  const done = outcomes.filter((outcome) => 'report' in outcome);
  const failed = outcomes.filter((outcome) => 'error' in outcome);
  const exitCode = exitCodeOf(failed, total);
  return {
    document: {
      [list]: outcomes.map((outcome) =>
        'report' in outcome
          ? { [item]: outcome.name, ...outcome.report.document }
          : { [item]: outcome.name, error: toldFailure(outcome.error) },
      ),
      ...(exitCode === exitCodes.done ? {} : { error: overallFailure(exitCode, failed, total) }),
    },
    text: (columns) => done.flatMap(({ report }) => report.text(columns)),
    quiet: done.flatMap(({ report }) => report.quiet),
    notes: done.flatMap(({ name, report }) =>
      (report.notes ?? []).map((note) => (total > 1 ? `${printable(name)}: ${note}` : note)),
    ),
    failures: failed.map(({ name, error }) => ({ item: name, error })),
    exitCode,
  };
}

type Failed = Extract<Outcome, { readonly error: unknown }>;

function exitCodeOf(failed: readonly Failed[], total: number): ExitCode {
  if (failed.some(({ error }) => isCancellation(error))) return exitCodes.cancelled;
  if (failed.length === 0) return exitCodes.done;
  return failed.length === total ? exitCodes.failed : exitCodes.partly;
}

function overallFailure(exitCode: ExitCode, failed: readonly Failed[], total: number): unknown {
  const cancelled = failed.find(({ error }) => isCancellation(error));
  return toldFailure(
    exitCode === exitCodes.cancelled
      ? cancelled?.error
      : failure('partlyFailed', { failed: failed.length, total }),
  );
}
