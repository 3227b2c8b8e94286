import assert from 'node:assert/strict';
import {
  planRetention,
  type RetentionGroup,
  type RetentionPolicy,
} from '../../../src/core/maintenance/planRetention.ts';
import { retentionReasonText } from '../../../src/core/maintenance/retentionWords.ts';
import { parseRetentionSpan } from '../../../src/core/maintenance/retentionSpan.ts';
import type { Snapshot } from '../../../src/core/snapshot/snapshot.ts';
import { seededRandom } from '../../support/archives/seededRandom.ts';
import { snapshotRecord } from '../../support/snapshotRecords.ts';

/** A snapshot made at a local time such as `2019-11-17 11:00`; named by it. */
function at(time: string, change: Parameters<typeof snapshotRecord>[1] = {}): Snapshot {
  return snapshotRecord(time, {
    createdMs: new Date(time.replace(' ', 'T')).getTime(),
    refName: time,
    ...change,
  });
}

const now = new Date('2019-11-20T12:00').getTime();

function only(groups: readonly RetentionGroup[]): RetentionGroup {
  const [group] = groups;
  assert.ok(group !== undefined && groups.length === 1);
  return group;
}

function keptBy(policy: RetentionPolicy, snapshots: readonly Snapshot[]): readonly string[] {
  const { kept } = only(planRetention(snapshots, policy, now));
  return kept.map(
    ({ snapshot, reasons }) => `${snapshot.refName}: ${reasons.map(retentionReasonText).join(', ')}`,
  );
}

/** Every Sunday at 11:00 for twelve weeks, as in restic's manual. */
const sundays = [
  '2019-09-01',
  '2019-09-08',
  '2019-09-15',
  '2019-09-22',
  '2019-09-29',
  '2019-10-06',
  '2019-10-13',
  '2019-10-20',
  '2019-10-27',
  '2019-11-03',
  '2019-11-10',
  '2019-11-17',
].map((day) => at(`${day} 11:00`));

const busy = [
  '2019-11-20 11:59',
  '2019-11-20 11:01',
  '2019-11-20 10:59',
  '2019-11-19 23:59',
  '2019-11-19 00:00',
  '2019-11-18 00:00',
  '2019-11-17 23:59',
  '2019-10-31 08:00',
  '2019-01-01 08:00',
  '2018-12-31 08:00',
  '2018-12-30 08:00',
].map((time) => at(time));

describe('a retention policy', () => {
  const cases: readonly (readonly [string, RetentionPolicy, readonly Snapshot[], readonly string[]])[] = [
    [
      'keeps the newest of each of the last days that have one',
      { daily: 4 },
      sundays,
      [
        '2019-11-17 11:00: daily snapshot',
        '2019-11-10 11:00: daily snapshot',
        '2019-11-03 11:00: daily snapshot',
        '2019-10-27 11:00: daily snapshot',
      ],
    ],
    [
      'keeps the last ones',
      { last: 2 },
      busy,
      ['2019-11-20 11:59: last snapshot', '2019-11-20 11:01: last snapshot'],
    ],
    [
      'keeps the newest of each hour by the clock, not by distance',
      { hourly: 3 },
      busy,
      [
        '2019-11-20 11:59: hourly snapshot',
        '2019-11-20 10:59: hourly snapshot',
        '2019-11-19 23:59: hourly snapshot',
      ],
    ],
    [
      'begins weeks on Monday and counts them by ISO, also over the new year',
      { weekly: 6 },
      busy,
      [
        '2019-11-20 11:59: weekly snapshot',
        '2019-11-17 23:59: weekly snapshot',
        '2019-10-31 08:00: weekly snapshot',
        // 31 December 2018 is a Monday, so it is in the first week of 2019.
        '2019-01-01 08:00: weekly snapshot',
        '2018-12-30 08:00: weekly snapshot',
      ],
    ],
    [
      'keeps the newest of each month and year, and the oldest while counts are left',
      { monthly: 2, yearly: 5 },
      busy,
      [
        '2019-11-20 11:59: monthly snapshot, yearly snapshot',
        '2019-10-31 08:00: monthly snapshot',
        '2018-12-31 08:00: yearly snapshot',
        '2018-12-30 08:00: oldest yearly snapshot',
      ],
    ],
    [
      'does not keep the oldest when the counts are used up',
      { yearly: 2 },
      busy,
      ['2019-11-20 11:59: yearly snapshot', '2018-12-31 08:00: yearly snapshot'],
    ],
    [
      'keeps what is within a span of the newest, the edge not included',
      { within: '1d12h' },
      [at('2019-11-18 12:00'), at('2019-11-17 00:01'), at('2019-11-17 00:00'), at('2019-11-16 23:00')],
      ['2019-11-18 12:00: within 1d12h', '2019-11-17 00:01: within 1d12h'],
    ],
    [
      'counts months by the calendar, running over where a day is missing',
      { within: '1m' },
      // 31 October less a month is 31 September: 1 October.
      [at('2019-10-31 08:00'), at('2019-10-01 08:01'), at('2019-10-01 07:59')],
      ['2019-10-31 08:00: within 1m', '2019-10-01 08:01: within 1m'],
    ],
    [
      'keeps the newest of each day within a span, and the oldest of all when it is in it',
      { withinDaily: '2y' },
      [at('2019-11-18 12:00'), at('2019-11-18 11:00'), at('2019-11-17 09:00'), at('2019-11-17 08:00')],
      [
        '2019-11-18 12:00: daily within 2y',
        '2019-11-17 09:00: daily within 2y',
        '2019-11-17 08:00: oldest daily within 2y',
      ],
    ],
    [
      'keeps what has all tags of one list, and lets it count in other rules',
      { tags: ['a,b', 'c'], last: 1 },
      [
        at('2019-11-18 12:00', { tags: ['c'] }),
        at('2019-11-17 12:00', { tags: ['a'] }),
        at('2019-11-16 12:00', { tags: ['b', 'x', 'a'] }),
      ],
      ['2019-11-18 12:00: has tags c, last snapshot', '2019-11-16 12:00: has tags a,b'],
    ],
    [
      'keeps those without tags for an empty list',
      { tags: [''] },
      [at('2019-11-18 12:00', { tags: ['c'] }), at('2019-11-17 12:00')],
      ['2019-11-17 12:00: has no tags'],
    ],
    [
      'counts spans from the newest that is not in the future, and keeps what is',
      { within: '1h' },
      [at('2019-12-24 12:00'), at('2019-11-18 12:00'), at('2019-11-18 10:00')],
      ['2019-12-24 12:00: within 1h', '2019-11-18 12:00: within 1h'],
    ],
    [
      'keeps all of a kind for an unlimited count',
      { daily: 'unlimited' },
      [at('2019-11-18 12:00'), at('2019-11-18 11:00'), at('2017-01-01 12:00')],
      ['2019-11-18 12:00: daily snapshot', '2017-01-01 12:00: daily snapshot'],
    ],
    [
      'keeps pinned ones beside its own',
      { last: 1 },
      [at('2019-11-18 12:00'), at('2019-11-17 12:00', { isPinned: true }), at('2019-11-16 12:00')],
      ['2019-11-18 12:00: last snapshot', '2019-11-17 12:00: pinned'],
    ],
    [
      'keeps the newest verified one where no other that it keeps is',
      { last: 1 },
      [
        at('2019-11-18 12:00', {
          verified: { atMs: 1, depth: 'digests' },
          damaged: { atMs: 2, reason: 'x' },
        }),
        at('2019-11-17 12:00', { verified: { atMs: 1, depth: 'digests' } }),
        at('2019-11-16 12:00', { verified: { atMs: 1, depth: 'digests' } }),
      ],
      ['2019-11-18 12:00: last snapshot', '2019-11-17 12:00: only verified snapshot'],
    ],
    [
      'never drops what it can’t date, nor counts it',
      { last: 1, yearly: 9 },
      [at('2019-11-18 12:00'), at('1970-01-01 12:00', { unreadable: ['org.opencontainers.image.created'] })],
      ['2019-11-18 12:00: last snapshot, yearly snapshot', '1970-01-01 12:00: annotations can’t be read'],
    ],
  ];
  for (const [name, policy, snapshots, expected] of cases)
    it(name, () => {
      assert.deepEqual(keptBy(policy, [...snapshots].reverse()), expected);
      assert.deepEqual(keptBy(policy, snapshots), expected);
    });

  it('counts what a restore replaced by itself, so that it pushes no backup out', () => {
    const replaced = at('2019-11-18 09:00', { tags: ['before-restore'] });
    const older = at('2019-11-10 09:00', { tags: ['before-restore'] });
    const backups = [
      at('2019-11-18 08:00', { tags: ['daily'] }),
      at('2019-11-16 08:00', { tags: ['daily'] }),
    ];
    assert.deepEqual(keptBy({ last: 1 }, [...backups, replaced, older]), [
      '2019-11-18 09:00: last snapshot',
      '2019-11-18 08:00: last snapshot',
    ]);
    assert.deepEqual(keptBy({ tags: ['daily'] }, [replaced, ...backups]), [
      '2019-11-18 08:00: has tags daily',
      '2019-11-16 08:00: has tags daily',
    ]);
    const now = at('2019-11-20 08:00', { tags: ['before-restore'] });
    assert.deepEqual(keptBy({ within: '1d' }, [...backups, now]), [
      '2019-11-20 08:00: within 1d',
      '2019-11-18 08:00: within 1d',
    ]);
    assert.throws(() => keptBy({ tags: ['before-restore'] }, [replaced, ...backups]), {
      code: 'retentionDropsAll',
    });
  });

  it('does not remove under one entry what it keeps under another', () => {
    const [old, recent] = [at('2019-11-01 10:00'), at('2019-11-10 10:00')];
    // An OCI tool that tags a snapshot anew lists it under another source, whose newest one it is.
    const again = at('2019-11-01 10:00', { source: { ...old.source, name: 'another' } });
    const groups = planRetention([old, again, recent], { last: 1 }, now);
    assert.deepEqual(
      groups.flatMap(({ removed }) => removed),
      [],
    );
  });

  it('takes a snapshot of which only the sizes were looked at for no verified one', () => {
    const verified = (depth: 'structure' | 'digests'): Partial<Snapshot> => ({
      verified: { atMs: 0, depth },
    });
    const [old, recent] = [
      at('2019-11-01 10:00', verified('digests')),
      at('2019-11-10 10:00', verified('structure')),
    ];
    assert.equal(only(planRetention([old, recent], { last: 1 }, now)).kept.length, 2);
    const read = at('2019-11-10 10:00', verified('digests'));
    assert.equal(only(planRetention([old, read], { last: 1 }, now)).kept.length, 1);
  });

  it('is refused when it has no rule', () => {
    for (const policy of [{}, { last: 0 }, { within: '0h' }, { tags: [] }, { daily: 0, weekly: 0 }])
      assert.throws(() => planRetention(sundays, policy, now), { code: 'retentionEmpty' });
  });

  it('is refused when it would keep nothing of a source', () => {
    assert.throws(() => planRetention(sundays, { tags: ['none'] }, now), { code: 'retentionDropsAll' });
  });

  it('is asked for each source on its own', () => {
    const snapshots = [
      at('2019-11-18 12:00'),
      at('2019-11-17 12:00', { source: { engineId: 'other' } }),
      at('2019-11-16 12:00', { source: { kind: 'container' } }),
      at('2019-11-15 12:00'),
    ];
    const groups = planRetention(snapshots, { last: 1 }, now);
    assert.deepEqual(
      groups.map(({ kept, removed }) => [kept.length, removed.map(({ refName }) => refName)]),
      [
        [1, ['2019-11-15 12:00']],
        [1, []],
        [1, []],
      ],
    );
  });

  it('understands spans in any order and refuses what is none', () => {
    assert.deepEqual(parseRetentionSpan('3h2y'), { years: 2, months: 0, days: 0, hours: 3 });
    for (const text of ['', '1', 'd', '1w', '1d1d', '-1d', '1 d', '1.5d', '9999999d'])
      assert.throws(() => parseRetentionSpan(text), { code: 'badSpan' }, text);
  });

  it('keeps what any part of it keeps, each thing once, whatever the snapshots', () => {
    const random = seededRandom(7);
    for (let round = 0; round < 60; round += 1) {
      const snapshots = Array.from({ length: 1 + random.below(40) }, (_, number) =>
        snapshotRecord(`${round}-${number}`, {
          createdMs: now - random.below(1_000) * random.below(100_000_000),
          isPinned: random.below(10) === 0,
          tags: random.below(3) === 0 ? ['t'] : [],
        }),
      );
      const policies: readonly RetentionPolicy[] = [
        { last: 1 + random.below(5) },
        { daily: 1 + random.below(20) },
        { withinWeekly: `${1 + random.below(9)}m` },
        { yearly: 'unlimited' },
      ];
      const keptOf = (policy: RetentionPolicy): ReadonlySet<Snapshot> =>
        new Set(only(planRetention(snapshots, policy, now)).kept.map(({ snapshot }) => snapshot));
      const both = only(planRetention(snapshots, Object.assign({}, ...policies) as RetentionPolicy, now));
      const all = new Set(both.kept.map(({ snapshot }) => snapshot));
      const union = new Set(policies.flatMap((policy) => [...keptOf(policy)]));
      assert.deepEqual(all, union, `seed 7, round ${round}`);
      assert.equal(both.kept.length + both.removed.length, snapshots.length);
      assert.ok(both.kept.every(({ reasons }) => reasons.length > 0));
      assert.ok(both.removed.every(({ isPinned }) => !isPinned));
      // The newest is always kept, and a larger count never keeps less.
      const newest = [...snapshots].sort((a, b) => b.createdMs - a.createdMs)[0];
      assert.ok(newest && all.has(newest));
      const [fewer, more] = [keptOf({ weekly: 3 }), keptOf({ weekly: 4 })];
      assert.ok([...fewer].every((snapshot) => more.has(snapshot)));
      assert.ok(keptOf({ last: 3 }).size >= Math.min(3, snapshots.length));
    }
  });
});
