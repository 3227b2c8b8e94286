import { fillTemplate } from '../core/errors.ts';
import type { RestoreItem } from '../core/restore/restorePlan.ts';
import type { RestoreProblem } from '../core/restore/restoreProblem.ts';
import type { RestoreResult } from '../core/restore/restoreResult.ts';
import { table } from './table.ts';

const reasons: Readonly<Record<RestoreItem['reason'], string>> = {
  absent: '',
  taken: 'it is there already',
  same: 'it is there, and the same',
  predefined: 'every engine has it',
  chosen: 'as was asked for',
  undecided: 'it is there already, and nothing was chosen for it',
};

/** The lines of a plan, or of what was done. */
export function itemLines(items: readonly RestoreItem[], columns?: number): readonly string[] {
  return table(
    ['WHAT', 'NAME', 'ACTION', ''],
    items.map(({ what, name, newName, action, reason }) => [
      what,
      newName === '' || newName === name ? name : `${name} -> ${newName}`,
      action,
      reasons[reason],
    ]),
    columns,
  );
}

export function problemWords({ template, args }: RestoreProblem): string {
  return fillTemplate(template, args);
}

/** For `--json`. */
export function problemDocument(problem: RestoreProblem): Readonly<Record<string, unknown>> {
  const { severity, code, args } = problem;
  return { severity, code, message: problemWords(problem), args };
}

/** What of the old is kept, and what is not as it was. */
export function resultNotes({ kept, warnings }: RestoreResult): readonly string[] {
  return [
    ...kept.map(({ what, name, keptAs }) =>
      what === 'tag'
        ? `The image that had the tag ${name} is kept as ${keptAs}.`
        : `What the volume ${name} held before is kept as the snapshot ${keptAs}.`,
    ),
    ...warnings.map(({ kind, name, text }) => {
      switch (kind) {
        case 'engine':
          return `${name}: ${text}`;
        case 'notRunning':
          return `${name} is there and does not run: ${text}`;
        case 'oldLeft':
          return `The container that ${name} replaced could not be removed: ${text}`;
      }
    }),
  ];
}
