import assert from 'node:assert/strict';
import { DrydockError } from '../../../src/core/errors.ts';
import {
  checkDiveRules,
  defaultDiveRules,
  parseDiveRules,
  type DiveRules,
} from '../../../src/core/waste/diveRules.ts';

const parse = (text: string): DiveRules => parseDiveRules(text, '.dive-ci').rules;
const score = { efficiency: 0.95, wastedBytes: 20_000_000, userWastedPercent: 0.2 };

function statuses(rules: Partial<DiveRules>, of = score): readonly string[] {
  return checkDiveRules({ ...defaultDiveRules, ...rules }, of, 'x').map(({ status }) => status);
}

function reasonFor(text: string): string {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof DrydockError && error.code === 'badRules') return String(error.details['reason']);
    throw error;
  }
  throw new Error(`${text} was taken`);
}

describe('the rules in .dive-ci', () => {
  it('are read as dive’s own example has them', () => {
    const text = [
      'rules:',
      '  # If the efficiency is measured below X%, mark as failed.',
      '  lowestEfficiency: 0.95',
      '',
      '  highestWastedBytes: 20MB # much',
      "  highestUserWastedPercent: '0.20'",
      '',
    ].join('\r\n');
    assert.deepEqual(parse(text), {
      lowestEfficiency: '0.95',
      highestWastedBytes: '20MB',
      highestUserWastedPercent: '0.20',
    });
  });

  it('are dive’s defaults where nothing is said', () => {
    assert.deepEqual(parse('---\nrules:\n'), defaultDiveRules);
    assert.equal(parse('rules:\n  highestWastedBytes: 1').lowestEfficiency, '0.9');
  });

  it('may be spelled as dive 0.13 does, without a heading, in any case', () => {
    assert.deepEqual(
      parse('lowest-efficiency-threshold: 0.5\nhighest-wasted-bytes: off\nHIGHESTUSERWASTEDPERCENT: "1"'),
      { lowestEfficiency: '0.5', highestWastedBytes: 'off', highestUserWastedPercent: '1' },
    );
  });

  it('tell of names that are no rule', () => {
    const text = 'rules:\n  highestWasteBytes: 20MB\n  lowestEfficiency: 0.9';
    assert.deepEqual(parseDiveRules(text, 'x').unknown, ['highestWasteBytes']);
  });

  it('are refused when they can’t be understood', () => {
    assert.equal(reasonFor('rules: {lowestEfficiency: 0.9}'), 'line 1 has no plain value');
    assert.equal(reasonFor('rules:\n\tlowestEfficiency: 0.9'), 'line 2 is no "name: value"');
    assert.equal(
      reasonFor('lowestEfficiency: 0.9\nlowestEfficiency: 0.1'),
      'line 2 has lowestEfficiency again',
    );
    assert.equal(reasonFor('lowestEfficiency:'), 'line 1 gives lowestEfficiency no value');
    assert.match(reasonFor('lowestEfficiency: 90'), /^lowestEfficiency is "90", not a number from 0 to 1$/);
    assert.match(reasonFor('highestUserWastedPercent: -0.1'), /not a number from 0 to 1/);
    assert.match(reasonFor('highestWastedBytes: 20 pounds'), /not a size such as 20MB/);
  });

  it('pass at their limit and fail beyond it', () => {
    const limits = { lowestEfficiency: '0.95', highestWastedBytes: '20MB', highestUserWastedPercent: '0.2' };
    assert.deepEqual(statuses(limits), ['passed', 'passed', 'passed']);
    const worse = { efficiency: 0.9499, wastedBytes: 20_000_001, userWastedPercent: 0.2001 };
    assert.deepEqual(statuses(limits, worse), ['failed', 'failed', 'failed']);
  });

  it('are not checked when they are switched off', () => {
    const off = {
      lowestEfficiency: 'Disabled',
      highestWastedBytes: ' off',
      highestUserWastedPercent: 'false',
    };
    assert.deepEqual(statuses(off), ['disabled', 'disabled', 'disabled']);
    assert.deepEqual(statuses({ ...off, lowestEfficiency: '' }), ['disabled', 'disabled', 'disabled']);
  });

  it('take an image of one wasteful layer as dive does', () => {
    const alone = { efficiency: 1, wastedBytes: 0, userWastedPercent: Number.NaN };
    assert.deepEqual(statuses({}, alone), ['passed', 'disabled', 'passed']);
    assert.equal(statuses({}, { ...alone, userWastedPercent: Number.POSITIVE_INFINITY })[2], 'failed');
  });

  it('count bytes in thousands, and in powers of two with an i', () => {
    const isLimit = (text: string, bytes: number): void => {
      const at = (wastedBytes: number): string | undefined =>
        statuses({ highestWastedBytes: text }, { ...score, wastedBytes })[1];
      assert.deepEqual([at(bytes), at(bytes + 1)], ['passed', 'failed'], text);
    };
    isLimit('123', 123);
    isLimit('123 B', 123);
    isLimit('20,000', 20_000);
    isLimit('1.5k', 1500);
    isLimit('20mb', 20_000_000);
    isLimit('20MiB', 20 * 1024 * 1024);
    isLimit('1 Gi', 1024 ** 3);
  });
});
