import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';
import { provideRestic } from '../../../scripts/provision/provideRestic.ts';
import { planRetention, type RetentionPolicy } from '../../../src/core/maintenance/planRetention.ts';
import { retentionReasonText } from '../../../src/core/maintenance/retentionWords.ts';
import { seededRandom } from '../../support/archives/seededRandom.ts';
import { snapshotRecord } from '../../support/snapshotRecords.ts';

const run = promisify(execFile);
const seed = 20_261_121;
const tagSets = [[], ['a'], ['b'], ['a', 'b'], ['a', 'b', 'c']];

interface Taken {
  /** As restic and the local calendar read it. */
  readonly time: string;
  readonly tags: readonly string[];
}

/** What lies close together, about the ends of days, weeks, years and of summer time, and spread over years. */
function timesToTake(): readonly Taken[] {
  const random = seededRandom(seed);
  const below = (limit: number): number => random.below(limit);
  const two = (number: number): string => String(number).padStart(2, '0');
  const some = (count: number, year: () => number, month: () => number, day: () => number): string[] =>
    Array.from(
      { length: count },
      () => `${year()}-${two(month())}-${two(day())} ${two(below(24))}:${two(below(60))}:${two(below(60))}`,
    );
  const times = new Set([
    '2019-12-31 23:59:59',
    '2019-12-30 00:00:00',
    '2019-12-29 23:59:59',
    '2020-01-01 00:00:00',
    '2019-10-27 01:30:00',
    '2019-10-27 03:30:00',
    '2020-02-29 12:00:00',
    '2019-03-31 03:30:00',
    '2020-03-29 12:00:00',
    ...some(
      12,
      () => 2020,
      () => 3,
      () => 25 + below(5),
    ),
    ...some(
      9,
      () => 2020,
      () => 1 + below(3),
      () => 1 + below(28),
    ),
    ...some(
      7,
      () => 2014 + below(6),
      () => 1 + below(12),
      () => 1 + below(28),
    ),
  ]);
  return [...times].map((time) => ({ time, tags: tagSets[below(tagSets.length)] ?? [] }));
}

const policies: readonly RetentionPolicy[] = [
  { last: 5 },
  { last: 1_000 },
  { hourly: 7 },
  { daily: 9 },
  { weekly: 8 },
  { monthly: 6 },
  { yearly: 3 },
  { yearly: 20 },
  { within: '1d' },
  { within: '1y1m1d1h' },
  { within: '30y' },
  { withinHourly: '2d12h' },
  { withinDaily: '3m' },
  { withinWeekly: '1y' },
  { withinMonthly: '2y5m' },
  { withinYearly: '40y' },
  { tags: ['a'] },
  { tags: ['a,b', 'c'] },
  { tags: [''], last: 1 },
  { last: 2, daily: 7, weekly: 4, monthly: 12, yearly: 75 },
  { hourly: 24, within: '36h', tags: ['b'] },
  {
    last: 1,
    withinHourly: '1d',
    withinDaily: '7d',
    withinWeekly: '1m',
    withinMonthly: '1y',
    withinYearly: '75y',
  },
  { daily: 3, withinDaily: '10d', monthly: 2, withinYearly: '2y' },
];

const keptSnapshot = z.looseObject({ time: z.string() });
const forgetReport = z
  .tuple([
    z.looseObject({
      remove: z.array(keptSnapshot).nullable(),
      reasons: z.array(z.looseObject({ snapshot: keptSnapshot, matches: z.array(z.string()) })),
    }),
  ])
  .transform(([group]) => group);

function optionsOf(policy: RetentionPolicy): string[] {
  const dashed = (name: string): string => name.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`);
  return Object.entries(policy).flatMap(([name, value]) =>
    name === 'tags'
      ? (policy.tags ?? []).map((tags) => `--keep-tag=${tags}`)
      : [`--keep-${dashed(name)}=${String(value)}`],
  );
}

describe('a retention policy, beside restic', function () {
  this.timeout(300_000);
  // A zone with summer time, since hours and days are those of the local calendar.
  const zone = process.env.TZ;
  let folder: string;
  let restic: (...args: readonly string[]) => Promise<string>;
  before(async () => {
    process.env.TZ = 'Europe/Berlin';
    folder = await mkdtemp(join(tmpdir(), 'drydock-restic-'));
    const program = await provideRestic();
    const env = {
      ...process.env,
      RESTIC_PASSWORD: 'x',
      RESTIC_REPOSITORY: join(folder, 'repository'),
      RESTIC_CACHE_DIR: join(folder, 'cache'),
    };
    restic = async (...args) => (await run(program, args, { env, cwd: folder, maxBuffer: 1 << 26 })).stdout;
    await writeFile(join(folder, 'data'), 'x');
    await restic('init');
    const ahead = timesToTake().values();
    const lane = async (): Promise<void> => {
      for (const { time, tags } of ahead)
        await restic('backup', '-q', '--time', time, ...tags.flatMap((tag) => ['--tag', tag]), 'data');
    };
    await Promise.all([lane(), lane()]);
  });
  after(async () => {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
    await rm(folder, { recursive: true, force: true });
  });

  it('keeps the same snapshots for the same reasons', async () => {
    const snapshots = timesToTake().map(({ time, tags }) =>
      snapshotRecord(time, { createdMs: new Date(time.replace(' ', 'T')).getTime(), refName: time, tags }),
    );
    const compare = async (policy: RetentionPolicy): Promise<void> => {
      const said = forgetReport.parse(
        JSON.parse(await restic('--no-lock', 'forget', '--dry-run', '--json', ...optionsOf(policy))),
      );
      const [group] = planRetention(snapshots, policy, Date.now());
      assert.ok(group);
      const [kept, removed] = [new Map<number, string>(), new Set<number>()];
      for (const { snapshot, matches } of said.reasons) {
        const words = matches.map((match) =>
          match === 'has tags []' ? 'has no tags' : match.replace(/^has tags \[(.*)\]$/, 'has tags $1'),
        );
        kept.set(Date.parse(snapshot.time), words.join('; ').replaceAll(', ', ','));
      }
      for (const { time } of said.remove ?? []) removed.add(Date.parse(time));
      const where = `${JSON.stringify(policy)}, seed ${seed}`;
      assert.deepEqual(
        new Map(
          group.kept.map(({ snapshot, reasons }) => [
            snapshot.createdMs,
            reasons.map(retentionReasonText).join('; '),
          ]),
        ),
        kept,
        where,
      );
      assert.deepEqual(new Set(group.removed.map(({ createdMs }) => createdMs)), removed, where);
      assert.ok(kept.size + removed.size === snapshots.length, where);
    };
    const ahead = policies.values();
    const lane = async (): Promise<void> => {
      for (const policy of ahead) await compare(policy);
    };
    await Promise.all([lane(), lane()]);
  });
});
