import * as vscode from 'vscode';
import type { BackupResult } from '../core/backup/backupResult.ts';
import type { Remark } from '../core/snapshot/snapshotRecords.ts';
import { remarkKindWord } from '../report/remarkWords.ts';
import { readSetting } from '../ui/settings.ts';
import { backUpInto } from './backUp.ts';
import { isNothing, subjectsOf, type BackupTargets } from './backupTargets.ts';
import { chooseTargetVault } from './chosenVault.ts';
import type { BackupContext } from './context.ts';

export interface LossQuestion {
  readonly message: string;
  /** What will be lost. */
  readonly detail: string;
  /** The buttons that go on; the first is the usual one. */
  readonly actions: readonly [string, ...string[]];
  /** What would be lost and can be backed up. */
  readonly targets: BackupTargets;
}

/**
 * Asks before something is lost, and offers to back it up first; how is a setting. Resolves with the action that was
 * chosen once all is backed up that should be, undefined when nothing may be lost: after a cancel, and when the
 * backup failed.
 */
export async function askBeforeLoss(
  context: BackupContext,
  question: LossQuestion,
): Promise<string | undefined> {
  await context.vaults.ready;
  const setting = readSetting('beforeLoss');
  const targets = await unkept(context, question.targets);
  const canAsk = context.vaults.list.vaults.length > 0 && setting === 'ask';
  const backUpFirst = vscode.l10n.t('Back Up First');
  const offered = !isNothing(targets) && canAsk ? [backUpFirst] : [];
  const answer = await ask(question, [...question.actions, ...offered]);
  if (answer === undefined || isNothing(targets) || setting === 'never') return answer;
  if (answer !== backUpFirst && setting === 'ask') return answer;
  const results = await backedUp(context, targets);
  if (results === undefined) return undefined;
  const doubts = doubtsOf(results);
  if (doubts.length > 0) return ask({ ...question, detail: doubtText(doubts, question) }, question.actions);
  if (answer !== backUpFirst) return answer;
  return question.actions.length === 1 ? question.actions[0] : ask(question, question.actions);
}

function ask({ message, detail }: LossQuestion, actions: readonly string[]): Promise<string | undefined> {
  return Promise.resolve(vscode.window.showWarningMessage(message, { modal: true, detail }, ...actions));
}

/** Undefined when not all of it is backed up. */
async function backedUp(
  context: BackupContext,
  targets: BackupTargets,
): Promise<readonly BackupResult[] | undefined> {
  const vault = await chooseTargetVault(context, vscode.l10n.t('Back Up First'));
  if (vault === undefined) return undefined;
  const results = await backUpInto(context, vault, targets);
  return results !== undefined && results.length >= subjectsOf(targets).length ? results : undefined;
}

/** What says that the backup may lack something which is about to be lost. */
const doubtful: ReadonlySet<Remark['kind']> = new Set([
  'changed',
  'vanished',
  'notRead',
  'notPaused',
  'hookFailed',
]);
const mostNamed = 5;

function doubtsOf(results: readonly BackupResult[]): readonly Remark[] {
  return results.flatMap(({ remarks }) => remarks.filter(({ kind }) => doubtful.has(kind)));
}

function doubtText(doubts: readonly Remark[], { detail }: LossQuestion): string {
  const lines = doubts
    .slice(0, mostNamed)
    .map(({ kind, subject }) => `${subject}: ${remarkKindWord(kind, vscode)}`);
  const more = doubts.length - lines.length;
  return [
    vscode.l10n.t('The backup is made, but may lack something:'),
    ...lines,
    ...(more > 0 ? [vscode.l10n.t('and {count} more', { count: more })] : []),
    '',
    detail,
  ].join('\n');
}

/**
 * An image that a vault has as it is loses nothing; containers and volumes may have changed since. Looks at the vaults
 * anew: a drive may be gone, and a snapshot deleted elsewhere.
 */
async function unkept({ vaults }: BackupContext, targets: BackupTargets): Promise<BackupTargets> {
  if (targets.images.length > 0) await vaults.list.refresh();
  const protection = vaults.protection.current();
  return {
    ...targets,
    images: targets.images.filter((image) => protection?.image(image).kind !== 'current'),
  };
}
