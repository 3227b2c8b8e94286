import * as vscode from 'vscode';
import type { Afterwards, MovedThing } from '../core/move/movedThing.ts';
import type { MoveEnds, MovePlan } from '../core/move/planMove.ts';
import type { RestoreChoices } from '../core/restore/restorePlan.ts';
import type { Log } from '../ui/log.ts';
import { runQuick } from '../ui/runOperation.ts';
import { askItem, showPlan, withChoice } from './chooseRestorePlan.ts';

export interface MoveToChoose {
  readonly ends: MoveEnds;
  readonly thing: MovedThing;
  readonly afterwards: Afterwards;
  readonly title: string;
  readonly log: Log;
}

/**
 * Shows what a move would do and lets a person change it until they agree. Resolves with the plan they agreed to,
 * undefined when they back out or it can't be made.
 */
export async function chooseMovePlan({
  ends,
  thing,
  afterwards,
  title,
  log,
}: MoveToChoose): Promise<MovePlan | undefined> {
  let choices: RestoreChoices = {};
  for (;;) {
    const input = { thing, choices, afterwards };
    const plan = await runQuick(log, title, async (operation) => {
      const { planMove } = await import('../core/move/planMove.ts');
      return planMove(ends, input, operation);
    });
    if (plan === undefined) return undefined;
    const shown = { ...plan.made, problems: plan.problems };
    const answer = await showPlan(shown, choices, {
      title,
      go: vscode.l10n.t('$(arrow-right) Go'),
      blocked: vscode.l10n.t('$(error) This can’t be done yet'),
      hasParts: false,
    });
    switch (answer?.kind) {
      case undefined:
        return undefined;
      case 'restore':
        return plan;
      case 'start':
        choices = { ...choices, start: choices.start === false };
        break;
      case 'item':
        choices = withChoice(choices, await askItem(answer.item, title, '-moved'));
        break;
      case 'parts':
      case 'nothing':
        break;
    }
  }
}
