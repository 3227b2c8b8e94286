import * as vscode from 'vscode';
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
  const targets = unkept(context, question.targets);
  const canAsk = context.vaults.list.vaults.length > 0 && setting === 'ask';
  const backUpFirst = vscode.l10n.t('Back Up First');
  const offered = !isNothing(targets) && canAsk ? [backUpFirst] : [];
  const answer = await ask(question, [...question.actions, ...offered]);
  if (answer === undefined || isNothing(targets) || setting === 'never') return answer;
  if (answer !== backUpFirst && setting === 'ask') return answer;
  if (!(await isBackedUp(context, targets))) return undefined;
  if (answer !== backUpFirst) return answer;
  return question.actions.length === 1 ? question.actions[0] : ask(question, question.actions);
}

function ask({ message, detail }: LossQuestion, actions: readonly string[]): Promise<string | undefined> {
  return Promise.resolve(vscode.window.showWarningMessage(message, { modal: true, detail }, ...actions));
}

async function isBackedUp(context: BackupContext, targets: BackupTargets): Promise<boolean> {
  const vault = await chooseTargetVault(context, vscode.l10n.t('Back Up First'));
  if (vault === undefined) return false;
  const results = await backUpInto(context, vault, targets);
  return results !== undefined && results.length >= subjectsOf(targets).length;
}

/** An image that a vault has as it is loses nothing; containers and volumes may have changed since. */
function unkept({ vaults }: BackupContext, targets: BackupTargets): BackupTargets {
  const protection = vaults.protection.current();
  return {
    ...targets,
    images: targets.images.filter((image) => protection?.image(image).kind !== 'current'),
  };
}
