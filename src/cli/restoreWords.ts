import { fillTemplate } from '../core/errors.ts';
import type { RestoreItem } from '../core/restore/restorePlan.ts';
import type { RestoreProblem } from '../core/restore/restoreProblem.ts';
import type { RestoreResult } from '../core/restore/restoreResult.ts';
import type { Sending } from '../core/loading/layersThere.ts';
import { formatBytes } from '../core/quantity.ts';
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

/** What will go to the engine; nothing where it gets no data at all. */
export function toSendLines({ bytes, wholeBytes }: Sending): readonly string[] {
  if (bytes === 0) return [];
  return [
    bytes < wholeBytes
      ? `To send: ${formatBytes(bytes)} of ${formatBytes(wholeBytes)}; the engine has the rest.`
      : `To send: ${formatBytes(bytes)}.`,
  ];
}

/** What went there. */
export function sentLines(sentBytes: number, { wholeBytes }: Sending): readonly string[] {
  if (wholeBytes === 0) return [];
  return [
    sentBytes < wholeBytes
      ? `Sent: ${formatBytes(sentBytes)} of ${formatBytes(wholeBytes)}; the engine had the rest.`
      : `Sent: ${formatBytes(sentBytes)}.`,
  ];
}

/** Why more was sent than was planned. */
export function sentAgainNotes(sentAgain: string | undefined): readonly string[] {
  return sentAgain === undefined
    ? []
    : [
        `The engine did not take the images without the layers that it had, so all of them were sent: ${sentAgain}`,
      ];
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
export function resultNotes({ kept, warnings, sentAgain }: RestoreResult): readonly string[] {
  return [
    ...sentAgainNotes(sentAgain),
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
