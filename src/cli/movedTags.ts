import type { Engine } from '../core/engine/engine.ts';
import { fileTimestamp } from '../core/quantity.ts';
import { keptNames, movingTags } from '../core/restore/keptNames.ts';
import type { Arguments } from './arguments.ts';
import { tagsWouldMove, usageFailure } from './failures.ts';

type Moving = ReturnType<typeof movingTags>;

/** Refuses both ways of dealing with tags that are in use at once. */
export function requireOneWay(args: Arguments): void {
  if (args.isSet('keep-old') && args.isSet('move-tags'))
    throw usageFailure('--keep-old and --move-tags exclude each other.');
}

/**
 * Which tags a load takes from other images, and under which names those are kept with `--keep-old`. Refuses to take any
 * unless one of the two options is given.
 */
export async function movedTags(
  engine: Engine,
  { name, plan }: { readonly name: string; readonly plan: Parameters<typeof movingTags>[0] },
  args: Arguments,
  { now, signal }: { readonly now: () => number; readonly signal: AbortSignal },
): Promise<{ readonly moving: Moving; readonly keepAs: ReadonlyMap<string, string> }> {
  const moving = movingTags(plan);
  if (moving.length > 0 && !args.isSet('keep-old') && !args.isSet('move-tags'))
    throw tagsWouldMove(name, moving, '--keep-old to keep those images under another name, or --move-tags');
  if (!args.isSet('keep-old')) return { moving, keepAs: new Map() };
  const taken = (await engine.images.list({ signal })).flatMap(({ tags }) => tags);
  return { moving, keepAs: keptNames(moving, taken, fileTimestamp(now()).toLowerCase()) };
}

/** The same for a document. */
export function movedTagsDocument(moving: Moving, keepAs: ReadonlyMap<string, string>): readonly object[] {
  return moving.map(({ tag, currentId }) => ({ tag, fromId: currentId, keptAs: keepAs.get(tag) ?? null }));
}
