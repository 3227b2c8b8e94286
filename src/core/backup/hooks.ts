/**
 * Commands that a container wants run in it around a backup, named by its labels. A container's labels come from who
 * made it or its image, and the commands run in this container alone, as its own user.
 */
import * as z from 'zod';
import type { Engine } from '../engine/engine.ts';
import type { ContainerDetails } from '../engine/records.ts';
import { failure, reasonOf } from '../errors.ts';
import { noteEngine } from '../recovery/engineNotes.ts';
import type { Remark } from '../snapshot/snapshotRecords.ts';
import type { VaultSession } from '../vault/vaultSession.ts';
import { inTheEnd } from './inTheEnd.ts';
import { isRefusal } from './standstill.ts';

/** A command for `sh -c`, or a JSON array of the command's words. */
export const beforeLabel = 'dev.drydock.hook.before';
export const afterLabel = 'dev.drydock.hook.after';
/** Seconds that either may take. */
export const timeoutLabel = 'dev.drydock.hook.timeout';

const usualSeconds = 60;
const words = z.array(z.string()).min(1);
const seconds = z.coerce
  .number()
  .positive()
  .max(24 * 3600);

export interface Hooks {
  readonly before?: readonly string[];
  readonly after?: readonly string[];
  readonly timeoutMs: number;
}

/** The hooks that the labels of `container` name. Throws `hookLabelBad`. */
export function hooksOf(container: string, labels: Readonly<Record<string, string>>): Hooks {
  const [before, after] = [beforeLabel, afterLabel].map((label) =>
    commandIn(container, label, labels[label]),
  );
  const limit = seconds.safeParse(labels[timeoutLabel] ?? usualSeconds);
  if (!limit.success)
    throw failure('hookLabelBad', { name: container, label: timeoutLabel, text: labels[timeoutLabel] ?? '' });
  return {
    timeoutMs: limit.data * 1000,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  };
}

function commandIn(
  container: string,
  label: string,
  text: string | undefined,
): readonly string[] | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  if (!text.trimStart().startsWith('[')) return ['sh', '-c', text];
  try {
    return words.parse(JSON.parse(text));
  } catch (error) {
    throw failure('hookLabelBad', { name: container, label, text }, error);
  }
}

/** A hook that is to be run. */
interface HookRun {
  /** ID or name. */
  readonly container: string;
  readonly command: readonly string[];
  readonly timeoutMs: number;
}

/**
 * Runs the hooks before of all containers, in their order, then `work`, then the hooks after of those whose turn had
 * come, in the opposite order and whatever happened. One that fails before ends it all with `hookFailed`; one that
 * fails after adds a remark, or `hookAfterFailed` to a failure. Hooks after that a crash or an engine that went away
 * kept from running are run by `recoverVault`.
 */
export async function withHooks<T>(
  deps: {
    readonly engine: Engine;
    readonly engineId: string;
    readonly session: Pick<VaultSession, 'journal'>;
  },
  { containers, remarks }: { readonly containers: readonly ContainerDetails[]; readonly remarks: Remark[] },
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const { engine, engineId, session } = deps;
  // Bad labels are found before anything runs.
  const all = containers.map((details) => ({
    ...details,
    hooks: hooksOf(details.name, details.config.labels),
  }));
  const after: { readonly name: string; readonly run: HookRun; readonly note: number }[] = [];
  const progress = { isDone: false };
  const runBefore = async (): Promise<T> => {
    for (const { id, name, hooks } of all) {
      signal.throwIfAborted();
      const { timeoutMs } = hooks;
      if (hooks.after !== undefined) {
        const run = { container: id, command: hooks.after, timeoutMs };
        after.push({ name, run, note: await noteEngine(session, engineId, { kind: 'runAfter', ...run }) });
      }
      if (hooks.before === undefined) continue;
      const trouble = await runHook(engine, { container: id, command: hooks.before, timeoutMs }, signal);
      if (trouble !== undefined)
        throw failure('hookFailed', { name, reason: trouble.reason, label: beforeLabel });
    }
    const value = await work();
    progress.isDone = true;
    return value;
  };
  return await inTheEnd(runBefore, async () => {
    const unhurried = new AbortController().signal;
    const failed: { readonly name: string; readonly reason: string }[] = [];
    for (const { name, run, note } of after.reverse()) {
      const trouble = await runHook(engine, run, unhurried);
      if (trouble !== undefined) failed.push({ name, reason: trouble.reason });
      // One that the engine was not heard of gets another try from recovery.
      if (trouble?.isUnheard !== true) await session.journal.settle(note);
    }
    const [first] = failed;
    if (first !== undefined && !progress.isDone)
      throw failure('hookAfterFailed', { ...first, label: afterLabel });
    for (const { name, reason } of failed)
      remarks.push({ kind: 'hookFailed', subject: name, detail: reason });
  });
}

/** Why a hook did not do well. */
interface HookTrouble {
  /** In words. */
  readonly reason: string;
  /** Whether the engine did not answer, so that nobody knows whether the command was run. */
  readonly isUnheard: boolean;
}

/**
 * Runs a hook and waits for its end. Resolves with what went wrong, or undefined; rejects only when
 * `signal` fired. A command that takes too long is no longer waited for: engines can't end it.
 */
async function runHook(
  engine: Engine,
  { container, command, timeoutMs }: HookRun,
  signal: AbortSignal,
): Promise<HookTrouble | undefined> {
  const limit = AbortSignal.timeout(timeoutMs);
  try {
    const outcome = await engine.containers.exec(
      container,
      { command },
      { signal: AbortSignal.any([signal, limit]) },
    );
    if (outcome.exitCode === 0) return undefined;
    const last = lastLine(outcome.output);
    const reason = `it ended with ${outcome.exitCode}${last === '' ? '' : `: ${last}`}`;
    return { reason, isUnheard: false };
  } catch (error) {
    signal.throwIfAborted();
    if (limit.aborted) return { reason: `it did not end within ${timeoutMs / 1000} s`, isUnheard: false };
    return { reason: reasonOf(error), isUnheard: !isRefusal(error) };
  }
}

function lastLine(output: string): string {
  const lines = output.split(/[\r\n]+/).map((line) => line.trim());
  return lines.findLast((line) => line !== '')?.slice(0, 300) ?? '';
}
