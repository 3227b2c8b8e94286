import { executeMove, type MoveResult } from '../core/move/executeMove.ts';
import type { Afterwards, MovedThing } from '../core/move/movedThing.ts';
import { recoverMoves } from '../core/move/moveSession.ts';
import { planMove, type MovePlan } from '../core/move/planMove.ts';
import type { Engine } from '../core/engine/engine.ts';
import { formatBytes } from '../core/quantity.ts';
import type { RestoreChoices } from '../core/restore/restorePlan.ts';
import { currentProcess } from '../core/vault/processIdentity.ts';
import type { Arguments } from './arguments.ts';
import type { CommandContext, Report } from './command.ts';
import { recoveryNote } from './engineAndVault.ts';
import { exitCodes } from './exitCode.ts';
import { CliFailure, usageFailure } from './failures.ts';
import type { OptionTable } from './options.ts';
import { itemLines, problemDocument, problemWords, resultNotes } from './restoreWords.ts';

/** Of every move. */
export const moveOptions: OptionTable = {
  to: { value: 'NAME', help: 'the Docker context to move to' },
  'to-host': { value: 'ADDRESS', help: 'the address of the engine to move to, as in DOCKER_HOST' },
  replace: { help: 'replace containers and take tags that are there already; needs --yes' },
  'skip-existing': { help: 'use what is there already as it is' },
  'dry-run': { help: 'only say what would be done' },
  yes: { help: 'agree to what is replaced there' },
};

/** Of moves of what runs. */
export const afterwardsOptions: OptionTable = {
  keep: { help: 'a copy: what ran here goes on when the last pass is done' },
  remove: { help: 'remove it here once it runs there' },
};

/** What the help says about every move. */
export const moveWords =
  'Nothing lands on this machine’s disk, and only what the other engine lacks is sent. When anything fails, what was made there is removed and what was stopped here runs again; so it is after a crash, by the next move between these engines. --dry-run says what would be done; it ends with 1 when it could not be done.';

/** Reads the options that say what becomes of it here. */
export function chosenAfterwards(args: Arguments): Afterwards {
  if (args.isSet('keep') && args.isSet('remove'))
    throw usageFailure('--keep and --remove exclude each other.');
  return args.isSet('keep') ? 'keep' : args.isSet('remove') ? 'remove' : 'stop';
}

/** Moves what `find` finds on the chosen engine, or says what that would do. */
export async function runMove(
  context: CommandContext,
  args: Arguments,
  afterwards: Afterwards,
  find: (engine: Engine) => Promise<MovedThing>,
): Promise<Report> {
  const { operation, stateFolder } = context;
  const choices = chosenChoices(args);
  const setting = targetSetting(args);
  if (stateFolder === undefined)
    throw new CliFailure('noStateFolder', 'There is no folder for notes of what to undo.', {
      exitCode: exitCodes.failed,
    });
  const [source, target] = [await context.engine(), await context.otherEngine(setting)];
  const notes = { folder: stateFolder, owner: await currentProcess() };
  const input = { thing: await find(source), choices, afterwards, nowMs: context.now() };
  if (args.isSet('dry-run')) return planReport(await planMove({ source, target }, input, operation));
  const recovered = await recoverMoves({ ...notes, engines: [source, target] }, operation);
  const plan = await planMove({ source, target }, input, operation);
  requirePossible(plan);
  requireAgreed(plan, args);
  const result = await executeMove({ source, target, ...notes }, plan, operation);
  return doneReport(plan, result, recovered.flatMap(recoveryNote), target.endpoint);
}

function chosenChoices(args: Arguments): RestoreChoices {
  if (args.isSet('replace') && args.isSet('skip-existing'))
    throw usageFailure('--replace and --skip-existing exclude each other.');
  const taken = args.isSet('replace') ? 'replace' : args.isSet('skip-existing') ? 'keep' : undefined;
  return taken === undefined ? {} : { taken };
}

function targetSetting(args: Arguments): string {
  const [name, host] = [args.text('to'), args.text('to-host')];
  if ((name === undefined) === (host === undefined))
    throw usageFailure('Say with --to NAME or --to-host ADDRESS which engine to move to.');
  if (host?.startsWith('context:') === true) throw usageFailure('--to-host takes an address; use --to.');
  return name === undefined ? (host ?? '') : `context:${name}`;
}

function requirePossible({ source, problems }: MovePlan): void {
  const blockers = problems.filter(({ severity }) => severity === 'blocker');
  if (blockers.length === 0) return;
  throw new CliFailure(
    'moveBlocked',
    `${source.name} was not moved: ${blockers.map(problemWords).join(' ')}`,
    { exitCode: exitCodes.failed, details: { problems: problems.map(problemDocument) } },
  );
}

/** Nothing that exists is replaced on one word alone. */
function requireAgreed({ made }: MovePlan, args: Arguments): void {
  const replaced = made.items.filter(({ action }) => action === 'replace');
  if (replaced.length === 0 || args.isSet('yes')) return;
  const list = replaced.map(({ what, name }) => `${what} ${name}`).join(', ');
  throw new CliFailure('needsYes', `This would replace: ${list}. Nothing was done; add --yes to agree.`, {
    exitCode: exitCodes.failed,
    details: { items: replaced },
  });
}

function planReport({ source, made, problems, input }: MovePlan): Report {
  const isBlocked = problems.some(({ severity }) => severity === 'blocker');
  return {
    document: {
      ...{ name: source.name, isDone: false, isBlocked, afterwards: input.afterwards, items: made.items },
      problems: problems.map(problemDocument),
    },
    text: (columns) => [
      ...itemLines(made.items, columns),
      ...problems.map((one) => `${one.severity === 'blocker' ? 'In the way' : 'Note'}: ${problemWords(one)}`),
    ],
    quiet: made.items.filter(({ action }) => action !== 'keep' && action !== 'skip').map(({ name }) => name),
    ...(isBlocked
      ? {
          error: new CliFailure(
            'moveBlocked',
            `${source.name} can’t be moved as things are; what is in the way is named.`,
            { exitCode: exitCodes.failed },
          ),
        }
      : {}),
  };
}

function doneReport(
  { source, problems, input: { afterwards, thing } }: MovePlan,
  result: MoveResult,
  notes: readonly string[],
  to: string,
): Report {
  const { items, removed, left, stillMs, sentBytes, warnings, kept } = result;
  const here = { keep: 'Copied', stop: thing.kind === 'image' ? 'Copied' : 'Moved', remove: 'Moved' }[
    afterwards
  ];
  return {
    document: {
      ...{ name: source.name, to, isDone: true, afterwards, items, removed, left, kept, warnings, sentBytes },
      ...(stillMs !== undefined && { stillMs }),
      problems: problems.map(problemDocument),
    },
    text: (columns) => [
      `${here} and checked: ${source.name} to ${to}`,
      ...itemLines(items, columns),
      ...removed.map(({ what, name }) => `Removed here: ${what} ${name}`),
      `Sent: ${formatBytes(sentBytes)}.`,
      ...(stillMs === undefined ? [] : [`Stood still for ${(stillMs / 1000).toFixed(1)} s.`]),
    ],
    quiet: items
      .filter(({ action }) => action === 'create' || action === 'replace')
      .map(({ newName }) => newName),
    notes: [...notes, ...problems.map(problemWords), ...resultNotes(result), ...left.map(leftWords)],
  };
}

function leftWords({ what, name, reason }: MoveResult['left'][number]): string {
  return `The ${what} ${name} could not be removed here: ${reason}`;
}
