import * as vscode from 'vscode';
import type { Afterwards, MovedThing } from '../core/move/movedThing.ts';
import type { MoveEnds, MovePlan } from '../core/move/planMove.ts';
import type { Log } from '../ui/log.ts';
import { runQuick } from '../ui/runOperation.ts';
import { agreeOnPlan } from './chooseRestorePlan.ts';

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
  return agreeOnPlan({
    title,
    go: vscode.l10n.t('$(arrow-right) Go'),
    blocked: vscode.l10n.t('$(error) This can’t be done yet'),
    suffix: '-moved',
    make: (choices) =>
      runQuick(log, title, async (operation) => {
        const { planMove } = await import('../core/move/planMove.ts');
        return planMove(ends, { thing, choices, afterwards }, operation);
      }),
    shown: (plan) => ({ ...plan.made, problems: plan.problems }),
  });
}
