import type { RestoreChoices, RestorePlan } from '../core/restore/restorePlan.ts';
import type { RestoreResult } from '../core/restore/restoreResult.ts';
import type { SnapshotContents } from '../core/snapshot/snapshot.ts';
import type { Arguments } from './arguments.ts';
import type { Report } from './command.ts';
import { exitCodes } from './exitCode.ts';
import { CliFailure, usageFailure } from './failures.ts';
import type { OptionTable } from './options.ts';
import {
  itemLines,
  problemDocument,
  problemWords,
  resultNotes,
  sentLines,
  toSendLines,
} from './restoreWords.ts';

/** What engines take as the name of a container or a volume. */
const nameForm = /^[A-Za-z0-9][\w.-]+$/;

/** Of every restore. */
export const restoreOptions: OptionTable = {
  as: { value: 'NAME', help: 'the name that the container or volume of the snapshot gets' },
  replace: { help: 'replace what is there already; needs --yes' },
  'skip-existing': { help: 'use what is there already as it is' },
  service: {
    value: 'NAME',
    isRepeatable: true,
    help: 'only this service of a project; may be given several times',
  },
  'no-start': { help: 'start no containers' },
  'dry-run': { help: 'only say what would be done' },
  yes: { help: 'agree to what is replaced' },
};

/** Reads the options that say what shall become of what; what they mean depends on the snapshot. */
export function chosenRestore(args: Arguments): (contents: SnapshotContents) => RestoreChoices {
  const name = args.text('as');
  const services = args.texts('service');
  if (args.isSet('replace') && args.isSet('skip-existing'))
    throw usageFailure('--replace and --skip-existing exclude each other.');
  if (name !== undefined && !nameForm.test(name))
    throw usageFailure(
      `--as takes a name of letters, digits, ".", "_" and "-", two at least, not "${name.slice(0, 100)}".`,
    );
  const taken = args.isSet('replace') ? 'replace' : args.isSet('skip-existing') ? 'keep' : undefined;
  return (contents) => {
    const { kind } = contents.snapshot.source;
    if (services.length > 0 && kind !== 'project')
      throw usageFailure(`--service is for snapshots of projects; this is one of ${article(kind)} ${kind}.`);
    return {
      ...(services.length === 0 ? {} : { only: { services } }),
      ...(name === undefined ? {} : { items: [renamed(contents, name)] }),
      ...(taken === undefined ? {} : { taken }),
      start: !args.isSet('no-start'),
    };
  };
}

function renamed(
  { snapshot: { source }, containers, volumes }: SnapshotContents,
  newName: string,
): NonNullable<RestoreChoices['items']>[number] {
  const [container] = containers;
  if (source.kind === 'container' && container !== undefined)
    return { what: 'container', name: container.document.name, action: 'rename', newName };
  const [volume] = volumes;
  if (source.kind === 'volume' && volume !== undefined)
    return { what: 'volume', name: volume.document.name, action: 'rename', newName };
  throw usageFailure(
    `--as is for snapshots of containers and volumes; this is one of ${article(source.kind)} ${source.kind}.`,
  );
}

function article(kind: string): string {
  return kind === 'image' ? 'an' : 'a';
}

export function requirePossible({ contents, problems }: RestorePlan): void {
  const blockers = problems.filter(({ severity }) => severity === 'blocker');
  if (blockers.length === 0) return;
  const words = blockers.map(problemWords).join(' ');
  const isTaken = blockers.some(({ code }) => code === 'containerTaken' || code === 'volumeTaken');
  const hint = isTaken ? ' See --replace, --skip-existing and --as.' : '';
  throw new CliFailure(
    'restoreBlocked',
    `Nothing was restored of ${contents.snapshot.refName}: ${words}${hint}`,
    { exitCode: exitCodes.failed, details: { problems: problems.map(problemDocument) } },
  );
}

/** Nothing that exists is replaced on one word alone. */
export function requireAgreed({ items }: RestorePlan, args: Arguments): void {
  const replaced = items.filter(({ action }) => action === 'replace');
  if (replaced.length === 0 || args.isSet('yes')) return;
  const list = replaced
    .map(({ what, name, newName }) => `${what} ${newName === '' ? name : newName}`)
    .join(', ');
  throw new CliFailure('needsYes', `This would replace: ${list}. Nothing was done; add --yes to agree.`, {
    exitCode: exitCodes.failed,
    details: { items: replaced },
  });
}

function headOf({ contents: { snapshot } }: RestorePlan): Readonly<Record<string, unknown>> {
  return { snapshot: { id: snapshot.id, name: snapshot.refName } };
}

export function restorePlanReport(plan: RestorePlan): Report {
  const { items, problems, sending } = plan;
  const isBlocked = problems.some(({ severity }) => severity === 'blocker');
  return {
    document: {
      ...headOf(plan),
      isDone: false,
      isBlocked,
      items,
      problems: problems.map(problemDocument),
      sending,
    },
    text: (columns) => [
      ...itemLines(items, columns),
      ...toSendLines(sending),
      ...problems.map((one) => `${one.severity === 'blocker' ? 'In the way' : 'Note'}: ${problemWords(one)}`),
    ],
    quiet: items.filter(isMade).map(({ newName, name }) => (newName === '' ? name : newName)),
    ...(isBlocked
      ? {
          error: new CliFailure(
            'restoreBlocked',
            `${plan.contents.snapshot.refName} can’t be restored as things are; what is in the way is named.`,
            { exitCode: exitCodes.failed },
          ),
        }
      : {}),
  };
}

function isMade({ action }: { readonly action: string }): boolean {
  return action === 'create' || action === 'replace';
}

/** What a restore did; `notes` are said before its own. */
export function restoredReport(
  plan: RestorePlan,
  result: RestoreResult,
  notes: { readonly before: readonly string[]; readonly after: readonly string[] },
): Report {
  return {
    document: {
      ...headOf(plan),
      isDone: true,
      items: result.items,
      problems: plan.problems.map(problemDocument),
      kept: result.kept,
      warnings: result.warnings,
      sending: plan.sending,
      sentBytes: result.sentBytes,
      sentAgain: result.sentAgain ?? null,
    },
    text: (columns) => [
      `Restored and verified: ${plan.contents.snapshot.refName}`,
      ...itemLines(result.items, columns),
      ...sentLines(result.sentBytes, plan.sending),
    ],
    quiet: result.items.filter(isMade).map(({ newName, name }) => (newName === '' ? name : newName)),
    notes: [...notes.before, ...plan.problems.map(problemWords), ...resultNotes(result), ...notes.after],
  };
}
