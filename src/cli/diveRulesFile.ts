import { resolve } from 'node:path';
import { DrydockError } from '../core/errors.ts';
import { readSmallFile } from '../core/vault/readSmallFile.ts';
import {
  checkDiveRules,
  defaultDiveRules,
  parseDiveRules,
  type CheckedRule,
  type ReadDiveRules,
} from '../core/waste/diveRules.ts';
import type { DiveScore } from '../core/waste/diveScore.ts';
import type { Arguments } from './arguments.ts';
import { exitCodes } from './exitCode.ts';
import { CliFailure } from './failures.ts';
import type { OptionTable } from './options.ts';

export const diveRulesOptions: OptionTable = {
  ci: {
    help: 'apply the rules in .dive-ci here, or dive’s own where there is none; 1 at the end if one is broken',
  },
  'ci-config': { value: 'FILE', help: 'the same, with the rules in FILE' },
};

const usualName = '.dive-ci';
const maxBytes = 1 << 20;

export interface RulesToCheck extends ReadDiveRules {
  readonly where: string;
}

/** The rules that `--ci` or `--ci-config` ask for; undefined without them. A file that is named must be there. */
export async function readDiveRules(args: Arguments): Promise<RulesToCheck | undefined> {
  const named = args.text('ci-config');
  if (named === undefined && !args.isSet('ci')) return undefined;
  const where = named ?? usualName;
  try {
    const text = Buffer.from(await readSmallFile(resolve(where), maxBytes)).toString('utf8');
    return { ...parseDiveRules(text, where), where };
  } catch (error) {
    const isAbsent = error instanceof DrydockError && error.code === 'fileMissing';
    if (named !== undefined || !isAbsent) throw error;
    return { rules: defaultDiveRules, unknown: [], where: 'dive’s defaults' };
  }
}

export interface AppliedRules {
  readonly checked: readonly CheckedRule[];
  readonly notes: readonly string[];
  /** That rules are broken, and which. */
  readonly error?: Error;
}

export function applyDiveRules({ rules, unknown, where }: RulesToCheck, score: DiveScore): AppliedRules {
  const checked = checkDiveRules(rules, score, where);
  const broken = checked.filter(({ status }) => status === 'failed');
  const list = broken
    .map(({ name, limit, found }) => `${name} (${limit}, found ${Number(found.toFixed(4))})`)
    .join(', ');
  return {
    checked,
    notes: unknown.map((name) => `${where}: "${name}" is no rule and was left out.`),
    ...(broken.length > 0 && {
      error: new CliFailure('rulesBroken', `The image breaks ${where}: ${list}.`, {
        exitCode: exitCodes.failed,
        details: { rules: broken.map(({ name }) => name) },
      }),
    }),
  };
}
