import { failure } from '../errors.ts';
import { isBeforeRestore } from '../snapshot/beforeRestore.ts';
import type { Snapshot, SnapshotSource } from '../snapshot/snapshot.ts';
import { periodOf, type CalendarPeriod } from './calendarPeriod.ts';
import { before, isEmptySpan, parseRetentionSpan, type RetentionSpan } from './retentionSpan.ts';

export type RetentionCount = number | 'unlimited';

/** Which snapshots of a source to keep; each rule keeps on its own. Rules and words are those of restic's `forget`. */
export interface RetentionPolicy {
  /** The newest ones. */
  readonly last?: RetentionCount;
  /** The newest of each of so many hours, days, ISO weeks, months, years that have a snapshot. */
  readonly hourly?: RetentionCount;
  readonly daily?: RetentionCount;
  readonly weekly?: RetentionCount;
  readonly monthly?: RetentionCount;
  readonly yearly?: RetentionCount;
  /** All that are less than this span (`1y5m7d2h`) older than the source's newest. */
  readonly within?: string;
  /** The newest of each hour, day and so on in such a span. */
  readonly withinHourly?: string;
  readonly withinDaily?: string;
  readonly withinWeekly?: string;
  readonly withinMonthly?: string;
  readonly withinYearly?: string;
  /** All that have every tag of one of these lists (`a,b`); the empty list means those without tags. */
  readonly tags?: readonly string[];
}

/** Why a snapshot is kept. `isOldest`: only since a rule had room left when no older snapshot was there. */
export type RetentionReason =
  | { readonly kind: 'last' | CalendarPeriod; readonly isOldest: boolean }
  | {
      readonly kind: 'within';
      readonly span: string;
      readonly period?: CalendarPeriod;
      readonly isOldest: boolean;
    }
  | { readonly kind: 'tags'; readonly tags: string }
  /** No policy drops these: pinned; the newest that was verified, where the policy keeps none; not to be read aright. */
  | { readonly kind: 'pinned' | 'onlyVerified' | 'unreadable' };

export interface KeptSnapshot {
  readonly snapshot: Snapshot;
  readonly reasons: readonly RetentionReason[];
}

/** What a policy does to the snapshots of one source; newest first. */
export interface RetentionGroup {
  readonly source: SnapshotSource;
  readonly kept: readonly KeptSnapshot[];
  readonly removed: readonly Snapshot[];
}

const periods = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;
const withinRules = [
  ['withinHourly', 'hourly'],
  ['withinDaily', 'daily'],
  ['withinWeekly', 'weekly'],
  ['withinMonthly', 'monthly'],
  ['withinYearly', 'yearly'],
] as const;

/**
 * What `policy` keeps of each source and why, with restic's meaning of every rule. Beyond restic, a pinned snapshot
 * stays, and the newest verified one where the policy keeps none that is; both count in the rules like any other. A
 * snapshot whose annotations can't be read stays too, and counts nowhere. What a restore replaced is counted by
 * itself, and stands in for no backup.
 *
 * An OCI tool that tags a snapshot anew lists it twice: one that is kept under any entry is not removed.
 *
 * Throws `retentionEmpty` for a policy without a rule, `retentionDropsAll` when it would keep nothing of a source,
 * and `badSpan`.
 */
export function planRetention(
  snapshots: readonly Snapshot[],
  policy: RetentionPolicy,
  nowMs: number,
): readonly RetentionGroup[] {
  const rules = rulesOf(policy);
  if (rules.length === 0) throw failure('retentionEmpty', {});
  const groups = bySource(snapshots).map(({ source, group }) => planGroup(source, group, rules, nowMs));
  const kept = new Set(groups.flatMap((group) => group.kept.map(({ snapshot }) => snapshot.id)));
  return groups.map((group) => ({ ...group, removed: group.removed.filter(({ id }) => !kept.has(id)) }));
}

/** Snapshots by what they are of, in the order in which their sources come first. */
function bySource(
  snapshots: readonly Snapshot[],
): readonly { readonly source: SnapshotSource; readonly group: readonly Snapshot[] }[] {
  const groups = new Map<string, { readonly source: SnapshotSource; readonly group: Snapshot[] }>();
  for (const snapshot of snapshots) {
    const { source } = snapshot;
    const key = JSON.stringify([source.kind, source.engineId, source.name]);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { source, group: [snapshot] });
    else known.group.push(snapshot);
  }
  return [...groups.values()];
}

/** Asks every rule about every snapshot, newest first; a rule keeps its own count. */
function planGroup(
  source: SnapshotSource,
  group: readonly Snapshot[],
  rules: readonly (() => Rule)[],
  nowMs: number,
): RetentionGroup {
  const sorted = [...group].sort((a, b) => b.createdMs - a.createdMs);
  const clear = sorted.filter(({ unreadable }) => unreadable === undefined);
  const backups = clear.filter((one) => !isBeforeRestore(one));
  const needed = backups.length > 0 ? backups : clear;
  const times = needed.map(({ createdMs }) => createdMs).filter((ms) => ms < nowMs);
  const latestMs = times[0] ?? Number.POSITIVE_INFINITY;
  const reasons = new Map<Snapshot, readonly RetentionReason[]>();
  // What a restore replaced is counted on its own, or it would push out the backup that was restored.
  for (const counted of [backups, clear.filter(isBeforeRestore)]) {
    const started = rules.map((start) => start());
    for (const [place, snapshot] of counted.entries()) {
      const isLast = place === counted.length - 1;
      const found = started.flatMap((rule) => rule({ snapshot, place, isLast, latestMs }) ?? []);
      if (found.length > 0) reasons.set(snapshot, found);
    }
  }
  const [first] = clear;
  if (first !== undefined && !needed.some((one) => reasons.has(one)))
    throw failure('retentionDropsAll', { kind: first.source.kind, name: first.source.name });
  const add = (snapshot: Snapshot, kind: 'pinned' | 'onlyVerified' | 'unreadable'): void => {
    reasons.set(snapshot, [...(reasons.get(snapshot) ?? []), { kind }]);
  };
  for (const snapshot of sorted) {
    if (snapshot.unreadable !== undefined) add(snapshot, 'unreadable');
    if (snapshot.isPinned) add(snapshot, 'pinned');
  }
  // A look at sizes has read no data, and what can't be read aright may not be trusted either.
  const isSound = ({ verified, damaged, unreadable }: Snapshot): boolean =>
    verified !== undefined &&
    verified.depth !== 'structure' &&
    damaged === undefined &&
    unreadable === undefined;
  const sound = sorted.filter(isSound);
  const soundBackups = sound.filter((one) => !isBeforeRestore(one));
  const trusted = soundBackups.length > 0 ? soundBackups : sound;
  if (!trusted.some((one) => reasons.has(one))) {
    const [newest] = trusted;
    if (newest !== undefined) add(newest, 'onlyVerified');
  }
  return {
    source,
    kept: sorted.flatMap((snapshot) => {
      const found = reasons.get(snapshot);
      return found === undefined ? [] : [{ snapshot, reasons: found }];
    }),
    removed: sorted.filter((snapshot) => !reasons.has(snapshot)),
  };
}

interface Asked {
  readonly snapshot: Snapshot;
  /** Among the snapshots of its source, newest first. */
  readonly place: number;
  readonly isLast: boolean;
  /** Time of the newest that is not in the future; spans count back from it. */
  readonly latestMs: number;
}

/** Says why it keeps a snapshot, if it does. */
type Rule = (asked: Asked) => RetentionReason | undefined;

/** Each starts a rule anew, with all of its count. */
function rulesOf(policy: RetentionPolicy): readonly (() => Rule)[] {
  const { last, within } = policy;
  return [
    ...(policy.tags ?? []).map((tags) => () => tagRule(tags)),
    ...spanOf(within).map(
      ({ text, span }) =>
        () =>
          withinRule(text, span),
    ),
    ...countOf(last).map((count) => () => countRule('last', count)),
    ...periods.flatMap((period) => countOf(policy[period]).map((count) => () => countRule(period, count))),
    ...withinRules.flatMap(([name, period]) =>
      spanOf(policy[name]).map(
        ({ text, span }) =>
          () =>
            withinRule(text, span, period),
      ),
    ),
  ];
}

function countOf(count: RetentionCount | undefined): readonly number[] {
  if (count === 'unlimited') return [Number.POSITIVE_INFINITY];
  return count === undefined || count <= 0 ? [] : [count];
}

function spanOf(
  text: string | undefined,
): readonly { readonly text: string; readonly span: RetentionSpan }[] {
  if (text === undefined) return [];
  const span = parseRetentionSpan(text);
  return isEmptySpan(span) ? [] : [{ text, span }];
}

function tagRule(text: string): Rule {
  const wanted = text === '' ? [] : text.split(',');
  return ({ snapshot: { tags } }) => {
    const isMet = wanted.length === 0 ? tags.length === 0 : wanted.every((tag) => tags.includes(tag));
    return isMet ? { kind: 'tags', tags: text } : undefined;
  };
}

/** The newest of each period while the count lasts; and the oldest of all, whatever its period, if some is left. */
function countRule(kind: 'last' | CalendarPeriod, count: number): Rule {
  let left = count;
  let lastPeriod = '';
  return ({ snapshot: { createdMs }, place, isLast }) => {
    if (left === 0) return undefined;
    const period = kind === 'last' ? String(place) : periodOf(kind, createdMs);
    const isNew = period !== lastPeriod;
    if (!isNew && !isLast) return undefined;
    lastPeriod = period;
    left -= 1;
    return { kind, isOldest: !isNew };
  };
}

function withinRule(text: string, span: RetentionSpan, period?: CalendarPeriod): Rule {
  let lastPeriod = '';
  return ({ snapshot: { createdMs }, isLast, latestMs }) => {
    // Where all are in the future there is nothing to count back from, and every one is kept.
    if (Number.isFinite(latestMs) && createdMs <= before(latestMs, span)) return undefined;
    if (period === undefined) return { kind: 'within', span: text, isOldest: false };
    const found = periodOf(period, createdMs);
    const isNew = found !== lastPeriod;
    if (!isNew && !isLast) return undefined;
    lastPeriod = found;
    return { kind: 'within', span: text, period, isOldest: !isNew };
  };
}
