import * as vscode from 'vscode';
import type { Afterwards, MovedThing } from '../core/move/movedThing.ts';
import type { MoveEnds, MovePlan } from '../core/move/planMove.ts';
import type { Log } from '../ui/log.ts';
import { runQuick } from '../ui/runOperation.ts';
import type { PlanLine } from '../ui/restorePlanWords.ts';
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
  const agreed = await agreeOnPlan<ShownPlan>({
    title,
    go: afterwards === 'keep' ? vscode.l10n.t('$(copy) Copy Now') : vscode.l10n.t('$(arrow-right) Move Now'),
    blocked: vscode.l10n.t('$(error) This can’t be done yet'),
    suffix: '-moved',
    make: (choices) =>
      runQuick(log, title, async (operation) => {
        const [{ planMove }, { hasOwnData }] = await Promise.all([
          import('../core/move/planMove.ts'),
          import('../core/move/sourceProblems.ts'),
        ]);
        const plan = await planMove(ends, { thing, choices, afterwards }, operation);
        const full = plan.made.volumes.map(({ volume }) => volume.document).filter(hasOwnData);
        return { plan, volumesWithData: new Set(full.map(({ name }) => name)) };
      }),
    shown: ({ plan }) => ({ ...plan.made, problems: plan.problems }),
    notes: ({ plan }) => stoppedHere(plan),
    describe: ({ volumesWithData }, { what, name, action }) =>
      what === 'volume' && action === 'create' && volumesWithData.has(name)
        ? vscode.l10n.t('will be created, with what it holds')
        : undefined,
    keepsVolumes: true,
  });
  return agreed?.plan;
}

interface ShownPlan {
  readonly plan: MovePlan;
  /** Those on a device or in memory go without it. */
  readonly volumesWithData: ReadonlySet<string>;
}

/** What becomes of running containers here meanwhile. */
function stoppedHere({ made, source, input }: MovePlan): readonly PlanLine[] {
  const moved = new Set(made.containers.map(({ document }) => document.id));
  const runs = source.containers.some(
    ({ details: { id, state } }) => moved.has(id) && (state === 'running' || state === 'restarting'),
  );
  if (!runs) return [];
  return [
    input.afterwards === 'keep'
      ? {
          label: vscode.l10n.t('$(debug-pause) What runs here is stopped for a short last pass'),
          description: vscode.l10n.t('and then goes on'),
        }
      : {
          label: vscode.l10n.t('$(debug-pause) What runs here goes on until a short last pass'),
          description: vscode.l10n.t('and is stopped then'),
        },
  ];
}
