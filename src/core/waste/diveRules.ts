import { failure } from '../errors.ts';
import type { DiveScore } from './diveScore.ts';

/** The rules of dive's CI mode, by the names that `.dive-ci` has for them. */
export const diveRuleNames = ['lowestEfficiency', 'highestWastedBytes', 'highestUserWastedPercent'] as const;
export type DiveRuleName = (typeof diveRuleNames)[number];

/** As they are written; one that is `disabled`, `off`, `false` or empty is not checked. */
export type DiveRules = Readonly<Record<DiveRuleName, string>>;

/** What dive checks where nothing is said. */
export const defaultDiveRules: DiveRules = {
  lowestEfficiency: '0.9',
  highestWastedBytes: 'disabled',
  highestUserWastedPercent: '0.1',
};

/** How dive 0.13 spells them beside the names above. */
const otherNames: Readonly<Record<string, DiveRuleName>> = {
  'lowest-efficiency-threshold': 'lowestEfficiency',
  'highest-wasted-bytes': 'highestWastedBytes',
  'highest-user-wasted-percent': 'highestUserWastedPercent',
};

export interface ReadDiveRules {
  readonly rules: DiveRules;
  /** Names in the file that are no rule: typing errors, most likely. */
  readonly unknown: readonly string[];
}

/**
 * Reads `.dive-ci`: the names of rules with their values, below `rules:` or without it. Of YAML that is all that is
 * understood; anything else is refused, since a rule that is not seen is not checked. Throws `badRules`.
 */
export function parseDiveRules(text: string, where: string): ReadDiveRules {
  const rules = new Map<DiveRuleName, string>();
  const unknown: string[] = [];
  for (const [index, whole] of text.split(/\r\n|\n/).entries()) {
    const refuse = (reason: string): Error =>
      failure('badRules', { where, reason: `line ${index + 1} ${reason}` });
    const line = whole.replace(/(^|\s)#.*$/, '').trimEnd();
    if (line === '' || line === '---') continue;
    const [, name, value = ''] = /^ *([\w-]+) *:(?: +(.*))?$/.exec(line) ?? [];
    if (name === undefined) throw refuse('is no "name: value"');
    if (name === 'rules' && value === '') continue;
    if (/^[[{&*!|>]/.test(value)) throw refuse('has no plain value');
    const rule =
      otherNames[name] ?? diveRuleNames.find((known) => known.toLowerCase() === name.toLowerCase());
    if (rule === undefined) {
      unknown.push(name);
      continue;
    }
    if (rules.has(rule)) throw refuse(`has ${rule} again`);
    if (value === '') throw refuse(`gives ${rule} no value`);
    rules.set(rule, value.replace(/^(["'])(.*)\1$/, '$2'));
  }
  const read = { ...defaultDiveRules, ...Object.fromEntries(rules) };
  for (const name of diveRuleNames) limitOf(name, read[name], where);
  return { rules: read, unknown };
}

export interface CheckedRule {
  readonly name: DiveRuleName;
  readonly status: 'passed' | 'failed' | 'disabled';
  /** As it was written. */
  readonly limit: string;
  /** What the image has. */
  readonly found: number;
}

/** Applies the rules as dive does: what is just at a limit passes. Throws `badRules`. */
export function checkDiveRules(rules: DiveRules, score: DiveScore, where: string): readonly CheckedRule[] {
  const found: Readonly<Record<DiveRuleName, number>> = {
    lowestEfficiency: score.efficiency,
    highestWastedBytes: score.wastedBytes,
    highestUserWastedPercent: score.userWastedPercent,
  };
  return diveRuleNames.map((name) => {
    const limit = limitOf(name, rules[name], where);
    const isBroken =
      limit !== undefined && (name === 'lowestEfficiency' ? found[name] < limit : found[name] > limit);
    const status = limit === undefined ? 'disabled' : isBroken ? 'failed' : 'passed';
    return { name, status, limit: rules[name], found: found[name] };
  });
}

/** Undefined for a rule that is switched off. */
function limitOf(name: DiveRuleName, text: string, where: string): number | undefined {
  const value = text.trim().toLowerCase();
  if (['', 'disabled', 'off', 'false'].includes(value)) return undefined;
  const limit = name === 'highestWastedBytes' ? bytesIn(value) : ratioIn(value);
  if (limit !== undefined) return limit;
  const wanted = name === 'highestWastedBytes' ? 'a size such as 20MB' : 'a number from 0 to 1';
  throw failure('badRules', { where, reason: `${name} is "${text}", not ${wanted}` });
}

function ratioIn(text: string): number | undefined {
  const ratio = /^\+?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
  return ratio >= 0 && ratio <= 1 ? ratio : undefined;
}

/** `20MB`, `1.5 GiB`, `20,000`: decimal units, and binary ones with an i. */
function bytesIn(text: string): number | undefined {
  const [, digits = '', prefix = '', binary] = /^([\d.,]+)\s*(?:([kmgtpe])(i?))?b?$/.exec(text) ?? [];
  const number = digits === '' ? Number.NaN : Number(digits.replaceAll(',', ''));
  const bytes = Math.floor(number * (binary === 'i' ? 1024 : 1000) ** ' kmgtpe'.indexOf(prefix || ' '));
  return Number.isFinite(bytes) ? bytes : undefined;
}
