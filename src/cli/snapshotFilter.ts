import type { Snapshot } from '../core/snapshot/snapshot.ts';
import type { Arguments } from './arguments.ts';
import { usageFailure } from './failures.ts';
import type { OptionTable } from './options.ts';

const kinds = ['image', 'container', 'volume', 'project'] as const;

/** What chooses among the snapshots of a vault. */
export const filterOptions: OptionTable = {
  kind: { value: 'KIND', choices: kinds, help: 'only those of one kind' },
  source: { value: 'NAME', help: 'only those of this image, container, volume or project' },
  tag: { value: 'TAG', isRepeatable: true, help: 'only those with this tag; several: with all of them' },
};

/** The snapshots that the options choose, in the order that they had. */
export function filtered(all: readonly Snapshot[], args: Arguments): readonly Snapshot[] {
  const [kind, name, tags] = [args.choice('kind', kinds), args.text('source'), args.texts('tag')];
  return all.filter(
    (one) =>
      (kind === undefined || one.source.kind === kind) &&
      (name === undefined || one.source.name === name) &&
      tags.every((tag) => one.tags.includes(tag)),
  );
}

/** Throws a usage failure where options choose among snapshots that were named one by one. */
export function requireNoFilter(args: Arguments): void {
  const given = Object.keys(filterOptions).find(
    (name) => args.text(name) !== undefined || args.texts(name).length > 0,
  );
  if (given !== undefined)
    throw usageFailure(`--${given} says what a policy is applied to. Leave it out, or leave out the names.`);
}

/** That a choice left nothing of what is there: most likely a name was mistyped. */
export function noneNote(
  chosen: readonly Snapshot[],
  all: readonly Snapshot[],
  source: string | undefined,
): readonly string[] {
  if (chosen.length > 0 || all.length === 0) return [];
  return [
    source === undefined
      ? 'No snapshot of the vault is of that kind.'
      : `The vault has no such snapshot of "${source}". \`drydock snapshots\` lists what it has.`,
  ];
}
