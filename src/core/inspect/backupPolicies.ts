/**
 * What people set about how often something should be backed up and how long snapshots are kept. A source gets its
 * policy from its label `dev.drydock.backup`, which names one, or else from the first whose pattern meets it.
 */
import type { SnapshotKind } from '../snapshot/snapshot.ts';

/** The label on a container, a volume or an image that names a policy, for example `daily`. */
export const policyLabel = 'dev.drydock.backup';

/** How many snapshots of a source to keep, in the words of the CLI's `forget`. */
export interface KeepRules {
  readonly last?: number;
  readonly hourly?: number;
  readonly daily?: number;
  readonly weekly?: number;
  readonly monthly?: number;
  readonly yearly?: number;
  /** A span such as `30d` or `1y6m`. */
  readonly within?: string;
  /** The newest of each hour, day and so on in such a span. */
  readonly withinHourly?: string;
  readonly withinDaily?: string;
  readonly withinWeekly?: string;
  readonly withinMonthly?: string;
  readonly withinYearly?: string;
  /** Snapshots with one of these tags are all kept. */
  readonly tags?: readonly string[];
}

export interface BackupPolicy {
  readonly name: string;
  /** `kind:name` with `*` for any text, such as `container:web-*`; a pattern without a kind is of every kind. */
  readonly sources: readonly string[];
  /** A newer snapshot than this makes a source current. */
  readonly staleAfterMs: number;
  readonly keep: KeepRules;
  /**
   * A rule of `keep` that can't be read, as it was written. What such a policy keeps is not known: without that rule
   * it would keep less than was meant.
   */
  readonly unreadableRule?: string;
}

/** What a policy is looked up for. */
export interface PolicySubject {
  readonly kind: SnapshotKind;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** After this a snapshot is old where nobody set anything. */
export const usualStaleAfterMs = 7 * dayMs;

/** What a label may name without a setting. An hour's grace each, since a schedule is never exact. */
const builtIn: readonly BackupPolicy[] = [
  { name: 'hourly', sources: [], staleAfterMs: 2 * hourMs, keep: { hourly: 24, daily: 7 } },
  { name: 'daily', sources: [], staleAfterMs: 25 * hourMs, keep: { daily: 7, weekly: 4, monthly: 6 } },
  { name: 'weekly', sources: [], staleAfterMs: 7 * dayMs + hourMs, keep: { weekly: 8, monthly: 12 } },
  { name: 'monthly', sources: [], staleAfterMs: 32 * dayMs, keep: { monthly: 12, yearly: 3 } },
];

const maxPolicies = 200;
const maxPatterns = 200;
const maxText = 500;

/** Reads the setting `backup.policies`; what is no policy is passed over. */
export function parseBackupPolicies(value: unknown): readonly BackupPolicy[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, maxPolicies).flatMap((entry: unknown) => parsePolicy(entry) ?? []);
}

/** The policy of a source, or undefined where none is meant for it. */
export function policyFor(
  policies: readonly BackupPolicy[],
  subject: PolicySubject,
): BackupPolicy | undefined {
  const label = subject.labels[policyLabel];
  const named = (name: string): BackupPolicy | undefined =>
    [...policies, ...builtIn].find((policy) => policy.name === name);
  const byLabel = label === undefined ? undefined : named(label);
  return byLabel ?? policies.find(({ sources }) => sources.some((pattern) => isMet(pattern, subject)));
}

/** A span such as `90m`, `36h`, `7d` or `2w` in milliseconds; undefined for anything else. */
export function parseSpan(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,6})(m|h|d|w)$/.exec(text.trim()) ?? [];
  if (digits === undefined) return undefined;
  const unitMs = unit === 'm' ? hourMs / 60 : unit === 'h' ? hourMs : unit === 'd' ? dayMs : 7 * dayMs;
  return Number(digits) * unitMs;
}

function isMet(pattern: string, { kind, name }: PolicySubject): boolean {
  const [, wantedKind, rest = pattern] = /^(image|container|volume|project):(.*)$/s.exec(pattern) ?? [];
  return (wantedKind === undefined || wantedKind === kind) && matches(rest, name);
}

/** `*` stands for any text. Looks for one piece after the other, so a pattern of many stars costs no more. */
function matches(pattern: string, text: string): boolean {
  const pieces = pattern.split('*');
  const [first = '', ...others] = pieces;
  const last = others.pop();
  if (last === undefined) return pattern === text;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
    return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const piece of others) {
    const found = text.indexOf(piece, at);
    if (found === -1 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}

function parsePolicy(value: unknown): BackupPolicy | undefined {
  const { name, sources, staleAfter, keep } = fieldsOf(value);
  if (!isShortText(name) || name === '') return undefined;
  const span = typeof staleAfter === 'string' ? parseSpan(staleAfter) : undefined;
  return {
    name,
    sources: textsOf(sources),
    staleAfterMs: span ?? usualStaleAfterMs,
    ...parseKeep(keep),
  };
}

const counts: ReadonlySet<string> = new Set(['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly']);
const spans: ReadonlySet<string> = new Set([
  'within',
  'withinHourly',
  'withinDaily',
  'withinWeekly',
  'withinMonthly',
  'withinYearly',
]);

/** All rules or none: without one that is passed over, less would be kept than was meant. */
function parseKeep(keep: unknown): Pick<BackupPolicy, 'keep' | 'unreadableRule'> {
  const rules = Object.entries(fieldsOf(keep));
  const unreadable = rules.find(([rule, value]) => !isKeepRule(rule, value));
  if (unreadable === undefined) return { keep: Object.fromEntries(rules) };
  const [rule, value] = unreadable;
  return { keep: {}, unreadableRule: `${rule}: ${JSON.stringify(value)}`.slice(0, maxText) };
}

function isKeepRule(rule: string, value: unknown): boolean {
  if (counts.has(rule))
    return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 100_000;
  if (spans.has(rule)) return isShortText(value) && isSpanOfCalendar(value);
  return rule === 'tags' && Array.isArray(value) && textsOf(value).length === value.length;
}

/** `1y6m`: each unit once, and not nothing. */
function isSpanOfCalendar(text: string): boolean {
  const units = [...text.matchAll(/[ymdh]/g)].join('');
  return /^(\d{1,4}[ymdh])+$/.test(text) && /[1-9]/.test(text) && new Set(units).size === units.length;
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter(isShortText).slice(0, maxPatterns) : [];
}

function isShortText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= maxText;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
