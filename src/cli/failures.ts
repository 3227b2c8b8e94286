/** Failures that only a command line knows, and how any failure is told: one sentence, or a JSON object. */
import { DrydockError, failure, isCancellation, reasonOf } from '../core/errors.ts';
import { exitCodes, type ExitCode } from './exitCode.ts';

/** A failure whose words name options of the command line. */
export class CliFailure extends Error {
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly exitCode: ExitCode;

  constructor(
    code: string,
    message: string,
    more: { readonly exitCode: ExitCode; readonly details?: Readonly<Record<string, unknown>> },
  ) {
    super(message);
    this.name = 'CliFailure';
    this.code = code;
    this.exitCode = more.exitCode;
    this.details = more.details ?? {};
  }
}

/** The command line itself is wrong: nothing was done. */
export function usageFailure(sentence: string): CliFailure {
  return new CliFailure('usage', sentence, { exitCode: exitCodes.usage });
}

/** A name that another image has would go to the new one, and nobody allowed that. */
export function tagsWouldMove(
  what: string,
  tags: readonly { readonly tag: string; readonly currentId: string }[],
  options: string,
): CliFailure {
  const list = tags.map(({ tag, currentId }) => `${tag} (now ${currentId.slice(7, 19)})`).join(', ');
  return new CliFailure(
    'tagsWouldMove',
    `${what} would take names from images that you have: ${list}. Nothing was done; add ${options}.`,
    { exitCode: exitCodes.failed, details: { tags: tags.map((each) => ({ ...each })) } },
  );
}

/** Runs a check on an argument; what it says then is said about the command line. */
export function asUsage<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof DrydockError) throw usageFailure(error.message);
    throw error;
  }
}

/** A failure as `--json` prints it. */
export interface ToldFailure {
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Words and exit code for whatever was thrown. */
export function tellFailure(thrown: unknown): ToldFailure & { readonly exitCode: ExitCode } {
  const error = tellingError(thrown);
  if (error instanceof CliFailure) {
    return { code: error.code, message: error.message, details: error.details, exitCode: error.exitCode };
  }
  if (isCancellation(error)) {
    return { code: 'cancelled', message: 'Cancelled.', details: {}, exitCode: exitCodes.cancelled };
  }
  const known =
    error instanceof DrydockError ? error : failure('unexpected', { reason: reasonOf(error) }, error);
  return {
    code: known.code,
    message: known.message.replace(/\s+/g, ' '),
    details: known.details,
    exitCode: exitCodes.failed,
  };
}

/** A failure for a document of `--json`. */
export function toldFailure(thrown: unknown): ToldFailure {
  const { code, message, details } = tellFailure(thrown);
  return { code, message, details };
}

/** Of several errors the one to tell: a failed clean-up after a cancel must not pass as a mere cancel. */
function tellingError(error: unknown): unknown {
  if (!(error instanceof AggregateError) || error.errors.length === 0) return error;
  const errors: readonly unknown[] = error.errors;
  return tellingError(errors.find((each) => !isCancellation(each)) ?? errors[0]);
}
