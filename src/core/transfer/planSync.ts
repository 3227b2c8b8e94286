import type { Digest } from '../digest.ts';
import { failure } from '../errors.ts';
import { inParallel } from '../inParallel.ts';
import type { Operation } from '../progress.ts';
import { isRepositoryPath } from '../registry/remoteName.ts';
import type { ManifestRef, RemoteRegistry } from '../registry/remoteRepository.ts';
import { companionOf } from './companionTags.ts';
import { capturesOf, isChosen, type TagFilter } from './wildcard.ts';

/** Which repositories go where. A `*` in `from` stands for any part of a path, and in `to` for the same part. */
export interface SyncRule {
  readonly from: string;
  readonly to: string;
}

export interface SyncInput {
  readonly rule: SyncRule;
  /** One tag or digest, and its tag over there; without it all tags that `tags` chooses. */
  readonly only?: { readonly ref: ManifestRef; readonly tag?: string };
  readonly tags: TagFilter;
}

/** One image of a plan. */
export interface SyncItem {
  readonly from: string;
  readonly to: string;
  readonly ref: ManifestRef;
  readonly tag?: string;
  readonly digest: Digest;
  /** What stands there under this tag: nothing, something else, or this. */
  readonly state: 'new' | 'changed' | 'same';
  /** What the tag stands for there now. */
  readonly was?: Digest;
}

export interface SyncPlan {
  readonly items: readonly SyncItem[];
  /** All tags of each repository that images come from. */
  readonly sourceTags: ReadonlyMap<string, readonly string[]>;
}

/**
 * What a copy between registries would do; nothing is changed. Rejects with `registryMissing` where a repository or what
 * was named in it is not there, with `badRemoteName` where a rule makes no name, or as the calls of registries do.
 */
export async function planSync(
  { from, to }: { readonly from: RemoteRegistry; readonly to: RemoteRegistry },
  { rule, only, tags }: SyncInput,
  { signal, progress }: Operation,
): Promise<SyncPlan> {
  progress.report({ phase: 'preparing', item: `${from.host}/${rule.from}` });
  const pairs: SyncRule[] = [];
  if (!rule.from.includes('*')) pairs.push(rule);
  else
    for await (const path of from.repositories({ signal })) {
      const captures = capturesOf(rule.from, path);
      if (captures === undefined) continue;
      let number = 0;
      const target = rule.to.replace(/\*/g, () => captures[number++] ?? '');
      if (!isRepositoryPath(target)) throw failure('badRemoteName', { text: `${to.host}/${target}` });
      pairs.push({ from: path, to: target });
    }
  const sourceTags = new Map<string, readonly string[]>();
  const wanted: { readonly pair: SyncRule; readonly ref: ManifestRef; readonly tag?: string }[] = [];
  for (const pair of pairs) {
    const all: string[] = [];
    for await (const tag of from.repository(pair.from).tags({ signal })) all.push(tag);
    sourceTags.set(pair.from, all);
    if (only !== undefined) wanted.push({ pair, ...only });
    else
      for (const tag of all)
        if (companionOf(tag) === undefined && isChosen(tag, tags)) wanted.push({ pair, ref: tag, tag });
  }
  const items = new Map<number, SyncItem>();
  await inParallel(
    wanted.entries(),
    async ([place, { pair, ref, tag }]) => {
      const found = await from.repository(pair.from).headManifest(ref, { signal });
      if (found === undefined)
        throw failure('registryMissing', { host: from.host, name: `${pair.from}:${ref}` });
      const { digest } = found;
      const there = await to.repository(pair.to).headManifest(tag ?? digest, { signal });
      const state = there === undefined ? 'new' : there.digest === digest ? 'same' : 'changed';
      items.set(place, {
        ...{ ...pair, ref, digest, state },
        ...(tag !== undefined && { tag }),
        ...(state === 'changed' && there !== undefined && { was: there.digest }),
      });
    },
    signal,
  );
  return { items: wanted.flatMap((_, place) => items.get(place) ?? []), sourceTags };
}
