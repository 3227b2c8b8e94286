import assert from 'node:assert/strict';
import { parseBackupPolicies, policyFor, parseSpan } from '../../../src/core/inspect/backupPolicies.ts';
import { countUnprotected, Protection, type ProtectionInput } from '../../../src/core/inspect/protection.ts';
import { snapshotRecord } from '../../support/snapshotRecords.ts';
import { container, idOf, image, volume } from '../inventory/records.ts';

const dayMs = 86_400_000;
const madeMs = 1_700_000_000_000;

function protection(change: Partial<ProtectionInput>): Protection {
  return new Protection({
    snapshots: [],
    engineId: 'engine-1',
    policies: [],
    nowMs: madeMs + dayMs,
    heldBy: () => ({ containers: [], volumes: [] }),
    ...change,
  });
}

const labelled = (labels: Record<string, string>) => ({ names: ['web'], labels });
const webSnapshot = snapshotRecord('web', { source: { kind: 'container', name: 'web' } });

describe('protection', () => {
  it('is current for an image whose ID a snapshot of any engine holds, however old', () => {
    const snapshots = [
      snapshotRecord('app', {
        createdMs: 1,
        imageIds: [idOf('app')],
        source: { kind: 'image', name: 'app:1', engineId: 'elsewhere' },
      }),
    ];
    assert.equal(protection({ snapshots }).image(image('app')).kind, 'current');
  });

  it('is stale for an image of which only another one under the same tag is kept', () => {
    const snapshots = [
      snapshotRecord('app', { imageIds: [idOf('old')], source: { kind: 'image', name: 'app:1' } }),
    ];
    assert.equal(protection({ snapshots }).image(image('new', { tags: ['app:1'] })).kind, 'stale');
    assert.equal(protection({ snapshots }).image(image('new', { tags: ['app:2'] })).kind, 'never');
  });

  it('of a container comes from its own snapshot or one of its project that has it, on this engine', () => {
    const snapshots = [snapshotRecord('shop', { source: { kind: 'project', name: 'shop' } })];
    const ofProject = labelled({ 'com.docker.compose.project': 'shop' });
    const kindWith = (containers: readonly string[]): string =>
      protection({ snapshots, heldBy: () => ({ containers, volumes: [] }) }).container(ofProject).kind;
    assert.equal(kindWith(['db', 'web']), 'current');
    assert.equal(kindWith(['db']), 'never', 'it came to the project after the snapshot');
    assert.equal(protection({ snapshots: [webSnapshot] }).container(labelled({})).kind, 'current');
    const other = protection({ snapshots: [webSnapshot], engineId: 'engine-2' });
    assert.equal(other.container(labelled({})).kind, 'never');
  });

  it('of a volume comes from its own snapshot or one that it was captured with', () => {
    const captured = protection({
      snapshots: [webSnapshot],
      heldBy: () => ({ containers: [], volumes: ['data'] }),
    });
    assert.equal(captured.volume(volume('data')).kind, 'current');
    assert.equal(captured.volume(volume('other')).kind, 'never');
    assert.equal(protection({ snapshots: [snapshotRecord('v')] }).volume(volume('data')).kind, 'current');
  });

  it('is never given by a damaged snapshot', () => {
    const damaged = { ...webSnapshot, damaged: { atMs: madeMs, reason: 'a blob is missing' } };
    assert.equal(protection({ snapshots: [damaged] }).container(labelled({})).kind, 'never');
  });

  it('goes stale after a week, or after what the policy says', () => {
    const aged = (days: number, labels = {}, policies = parseBackupPolicies([])) =>
      protection({ snapshots: [webSnapshot], nowMs: madeMs + days * dayMs, policies }).container(
        labelled(labels),
      ).kind;
    assert.equal(aged(7), 'current');
    assert.equal(aged(7.01), 'stale');
    assert.equal(aged(2, { 'dev.drydock.backup': 'daily' }), 'stale');
    const policies = parseBackupPolicies([{ name: 'web', sources: ['container:w*b'], staleAfter: '30d' }]);
    assert.equal(aged(29, {}, policies), 'current');
    assert.equal(aged(31, {}, policies), 'stale');
  });

  it('takes the newest of several snapshots', () => {
    const older = snapshotRecord('older', { createdMs: 5, source: { kind: 'container', name: 'web' } });
    const state = protection({ snapshots: [webSnapshot, older] }).container(labelled({}));
    assert.ok(state.kind === 'current');
    assert.equal(state.snapshot, webSnapshot);
  });

  it('counts what no snapshot holds, without images that have no tag', () => {
    const counted = countUnprotected(protection({ snapshots: [webSnapshot] }), {
      images: [image('a'), image('b', { tags: [] })],
      containers: [container('web', { names: ['web'] }), container('db', { names: ['db'] })],
      volumes: [volume('data')],
    });
    assert.deepEqual(counted, { images: 1, containers: 1, volumes: 1 });
  });
});

describe('backup policies', () => {
  it('are read with limits, and what is none is passed over', () => {
    const read = parseBackupPolicies([
      {
        name: 'p',
        sources: ['*', 3],
        staleAfter: '36h',
        keep: { last: 2, within: '1y6m', withinDaily: '30d', tags: ['x'] },
      },
      { sources: ['*'] },
      'text',
      null,
    ]);
    assert.deepEqual(read, [
      {
        name: 'p',
        sources: ['*'],
        staleAfterMs: 36 * 3_600_000,
        keep: { last: 2, within: '1y6m', withinDaily: '30d', tags: ['x'] },
      },
    ]);
    assert.deepEqual(parseBackupPolicies({ name: 'p' }), []);
  });

  it('keep nothing by rules of which one can’t be read, and name it: less would stay than was meant', () => {
    const rules: readonly [Record<string, unknown>, string][] = [
      [{ last: 3, within: '1 year' }, 'within: "1 year"'],
      [{ last: 3, withinDaily: '1d1d' }, 'withinDaily: "1d1d"'],
      [{ last: 3, within: '0d' }, 'within: "0d"'],
      [{ last: 3, dayly: 7 }, 'dayly: 7'],
      [{ last: 3, daily: -1 }, 'daily: -1'],
      [{ last: 3, tags: ['x', 1] }, 'tags: ["x",1]'],
    ];
    for (const [keep, unreadableRule] of rules) {
      const [policy] = parseBackupPolicies([{ name: 'p', keep }]);
      assert.deepEqual([policy?.keep, policy?.unreadableRule], [{}, unreadableRule]);
    }
  });

  it('meet a source by kind and name, the label before the patterns', () => {
    const policies = parseBackupPolicies([
      { name: 'images', sources: ['image:team/*:1.*'] },
      { name: 'all', sources: ['*'] },
    ]);
    const nameFor = (kind: 'image' | 'volume', name: string, labels = {}) =>
      policyFor(policies, { kind, name, labels })?.name;
    assert.equal(nameFor('image', 'team/app:1.2'), 'images');
    assert.equal(nameFor('image', 'team/app:2.1'), 'all');
    assert.equal(nameFor('volume', 'team/app:1.2'), 'all');
    assert.equal(nameFor('volume', 'x', { 'dev.drydock.backup': 'images' }), 'images');
    assert.equal(nameFor('volume', 'x', { 'dev.drydock.backup': 'weekly' }), 'weekly');
    assert.equal(policyFor([], { kind: 'volume', name: 'x', labels: {} }), undefined);
  });

  it('never let a pattern’s pieces overlap', () => {
    const meets = (pattern: string, name: string): boolean =>
      policyFor(parseBackupPolicies([{ name: 'p', sources: [pattern] }]), {
        kind: 'volume',
        name,
        labels: {},
      }) !== undefined;
    assert.ok(!meets('ab*ba', 'aba'));
    assert.ok(meets('ab*ba', 'abba'));
    assert.ok(!meets('a*b*b', 'ab'));
    assert.ok(meets('a*b*c', 'a--b--c'));
    assert.ok(!meets('plain', 'plainer'));
  });

  it('read spans in minutes, hours, days and weeks alone', () => {
    assert.deepEqual(['90m', '2h', '1d', '1w', '1y', '', '-1d'].map(parseSpan), [
      5_400_000,
      7_200_000,
      dayMs,
      7 * dayMs,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
