import assert from 'node:assert/strict';
import type { RestoreItem } from '../../../src/core/restore/restorePlan.ts';
import { problem } from '../../../src/core/restore/restoreProblem.ts';
import { retentionWords } from '../../../src/ui/retentionWords.ts';
import {
  isBlocked,
  itemLine,
  itemOfProblem,
  planSummary,
  problemLine,
  resultSummary,
} from '../../../src/ui/restorePlanWords.ts';
import { plainWording } from '../views/plainWording.ts';

const item = (change: Partial<RestoreItem>): RestoreItem => ({
  ...{ what: 'volume', name: 'data', newName: 'data', action: 'create', reason: 'absent' },
  ...change,
});

describe('the words of a restore plan', () => {
  it('say what happens to each thing, under which name', () => {
    const lines = [
      item({}),
      item({ newName: 'data-2', reason: 'chosen' }),
      item({ action: 'replace', reason: 'taken' }),
      item({ what: 'container', action: 'replace', reason: 'taken' }),
      item({ what: 'tag', action: 'replace', reason: 'taken' }),
      item({ what: 'image', name: 'app:1', newName: '0123456789ab', action: 'keep', reason: 'same' }),
      item({ what: 'network', name: 'bridge', newName: 'bridge', action: 'keep', reason: 'predefined' }),
      item({ what: 'container', name: 'web', newName: 'web', action: 'skip', reason: 'undecided' }),
      item({ name: '0123456789ab'.padEnd(64, '0'), newName: '' }),
    ].map((each) => itemLine(each, plainWording));
    assert.deepEqual(
      lines.map(({ label, description }) => `${label} | ${description}`),
      [
        '$(add) volume data | will be created',
        '$(add) volume data → data-2 | will be created',
        '$(replace) volume data | will be replaced: what it holds now becomes a snapshot first',
        '$(replace) container data | will be replaced: the old one stays until the new one stands',
        '$(replace) tag data | will be replaced: the image that has it keeps another name',
        '$(check) image app:1 | is there already, the same',
        '$(check) network bridge | is there and stays as it is',
        '$(error) container web | the name is taken: choose what to do',
        '$(add) volume 0123456789ab… | will be created',
      ],
    );
  });

  it('leave folders of the host out without a question', () => {
    const bind = item({ name: '/srv/app', newName: '/srv/app', action: 'skip', reason: 'undecided' });
    assert.deepEqual(itemLine(bind, plainWording), {
      label: '$(circle-slash) volume /srv/app',
      description: 'is left out',
    });
  });

  it('count what the plan comes to', () => {
    const items = [item({}), item({}), item({ action: 'keep' }), item({ action: 'skip' })];
    const nothing = { bytes: 0, wholeBytes: 0 };
    assert.equal(
      planSummary({ items, sending: nothing }, plainWording),
      '2 to create · 1 there already · 1 left out',
    );
    assert.equal(
      resultSummary({ items, sentBytes: 0 }, plainWording),
      '2 created · 1 there already · 1 left out',
    );
  });

  it('say how many bytes will travel, of how many, and how many did', () => {
    const items = [item({})];
    const words = (bytes: number, wholeBytes: number): string =>
      planSummary({ items, sending: { bytes, wholeBytes } }, plainWording);
    assert.equal(words(5_000_000, 1_000_000_000), '1 to create · 5.00 MB of 1.00 GB to send');
    assert.equal(words(5_000_000, 5_000_000), '1 to create · 5.00 MB to send');
    assert.equal(resultSummary({ items, sentBytes: 5_000_000 }, plainWording), '1 created · 5.00 MB sent');
  });

  it('tell what is in the way from what had better be known', () => {
    const blocker = problem('blocker', 'volumeTaken', { name: 'data' });
    const warning = problem('warning', 'networkDiffers', { name: 'net' });
    assert.ok(isBlocked({ problems: [warning, blocker] }));
    assert.ok(!isBlocked({ problems: [warning] }));
    assert.match(
      problemLine(blocker, plainWording).label,
      /^\$\(error\) A volume named data is there already/,
    );
    assert.match(problemLine(warning, plainWording).label, /^\$\(warning\) The network net/);
  });

  it('lead from a problem to the line that there is a choice for', () => {
    const items = [item({ what: 'container' }), item({})];
    const taken = problem('blocker', 'volumeTaken', { name: 'data' });
    assert.equal(itemOfProblem(taken, items), items[1]);
    assert.equal(itemOfProblem(problem('warning', 'networkDiffers', { name: 'data' }), items), undefined);
  });

  it('give a reason for every snapshot that retention keeps', () => {
    const reasons = [
      retentionWords({ kind: 'daily', isOldest: false }, plainWording),
      retentionWords({ kind: 'within', span: '7d', isOldest: false }, plainWording),
      retentionWords({ kind: 'tags', tags: 'a,b' }, plainWording),
      retentionWords({ kind: 'onlyVerified' }, plainWording),
    ];
    assert.deepEqual(reasons, ['of its day', 'newer than 7d', 'has the tags a,b', 'the only verified one']);
  });
});
