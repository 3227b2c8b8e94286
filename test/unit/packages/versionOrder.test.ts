import assert from 'node:assert/strict';
import type { PackageManager } from '../../../src/core/packages/installedPackage.ts';
import { versionOrder } from '../../../src/core/packages/versionOrder.ts';

/** Earlier versions first. */
const rising: Readonly<Record<PackageManager, readonly (readonly string[])[]>> = {
  dpkg: [
    [
      '1.0~~',
      '1.0~~a',
      '1.0~',
      '1.0',
      '1.0-0ubuntu1',
      '1.0-1',
      '1.0a',
      '1.0+b1',
      '1.0.1',
      '1.2',
      '1.10',
      '1:0.1',
    ],
    ['2.36-9', '2.36-9+deb12u1', '2.36-9+deb12u10', '2.36-10'],
    ['9', '10', '100000000000000000000000', '100000000000000000000001'],
  ],
  rpm: [
    ['1.0~beta', '1.0~rc1', '1.0', '1.0^git1', '1.0.1', '1.1', '1:0.5'],
    ['1.0-1.el8', '1.0-1.el9', '1.0-2.el8', '1.0-10.el8'],
    ['1.a', '1.1', '1.1a', '1.1.1'],
  ],
  apk: [
    [
      '1.0_alpha1-r0',
      '1.0_alpha2-r0',
      '1.0_beta',
      '1.0_pre1',
      '1.0_rc1-r9',
      '1.0',
      '1.0-r1',
      '1.0_git20200101',
      '1.0_p1',
    ],
    ['1.06-r6', '1.9', '006'],
    ['1.0', '1.0a', '1.0b-r1', '1.0.1'],
    ['3.4.0-r9', '3.4.0-r10', '3.10.0-r0', '20230506-r0'],
  ],
  npm: [
    [
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-alpha.beta',
      '1.0.0-beta',
      '1.0.0-beta.2',
      '1.0.0-beta.11',
      '1.0.0-rc.1',
      '1.0.0',
      '1.0.1',
      '1.10.0',
    ],
    ['latest-1', 'latest-2'],
  ],
  pip: [
    [
      '1.0.dev1',
      '1.0a1',
      '1.0a2.dev4',
      '1.0a2',
      '1.0b1',
      '1.0rc1',
      '1.0',
      '1.0+local',
      '1.0+5',
      '1.0.post1.dev1',
      '1.0.post1',
      '1.1',
      '1.10',
      '1!0.1',
    ],
    ['2011a', '2024a', '2024.1.2'],
    ['old.version.1', 'old.version.2'],
  ],
};

const same: Readonly<Record<PackageManager, readonly (readonly [string, string])[]>> = {
  dpkg: [
    ['0:1.0-1', '1.0-1'],
    ['1.0', '1.0-0'],
    ['1.01', '1.1'],
  ],
  rpm: [
    ['1.0-1', '0:1.0-1'],
    ['1.0', '1_0'],
    ['1.0', '1.0-5'],
    ['1.01', '1.1'],
  ],
  apk: [['1.0-r1', '1.0-r01']],
  npm: [
    ['1.0.0+a', '1.0.0+b'],
    ['v1.0.0', '1.0.0'],
  ],
  pip: [
    ['1.0', '1.0.0'],
    ['1.0RC1', '1.0c1'],
    ['1.0-1', '1.0.post1'],
    ['v1.0', '1.0'],
  ],
};

for (const manager of ['dpkg', 'apk', 'rpm', 'npm', 'pip'] as const)
  describe(`versions of ${manager}`, () => {
    const order = versionOrder[manager];

    for (const row of rising[manager])
      it(`rise: ${row.join(' < ')}`, () => {
        for (const [at, one] of row.entries())
          for (const [otherAt, other] of row.entries())
            assert.equal(Math.sign(order(one, other)), Math.sign(at - otherAt), `${one} and ${other}`);
      });

    for (const [one, other] of same[manager])
      it(`take ${one} and ${other} for the same`, () => {
        assert.deepEqual([order(one, other), order(other, one)], [0, 0]);
      });

    it('come to an order at once, whatever they are', () => {
      const odd = [
        '',
        '-',
        '~',
        ':',
        '.',
        '..1',
        '1..',
        'é',
        '1.0-',
        '-r',
        '1'.repeat(100_000),
        '1.'.repeat(50_000),
        'a'.repeat(100_000),
      ];
      for (const one of odd) for (const other of odd) assert.ok(Number.isFinite(order(one, other)));
    });
  });
