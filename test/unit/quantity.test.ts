import assert from 'node:assert/strict';
import { fileTimestamp, formatAge, formatBytes, formatDuration } from '../../src/core/quantity.ts';

describe('quantities', () => {
  for (const [bytes, words] of [
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1.00 kB'],
    [9_994, '9.99 kB'],
    [9_996, '10.0 kB'],
    [99_960, '100 kB'],
    [999_499, '999 kB'],
    [999_500, '1.00 MB'],
    [1_234_567, '1.23 MB'],
    [1_590_000_000, '1.59 GB'],
    [-5, '0 B'],
  ] as const) {
    it(`words ${bytes} bytes as ${words}`, () => {
      assert.equal(formatBytes(bytes), words);
    });
  }

  it('words durations as a clock', () => {
    assert.deepEqual([0, 59.6, 75, 3_675, -3].map(formatDuration), [
      '0:00',
      '1:00',
      '1:15',
      '1:01:15',
      '0:00',
    ]);
  });

  it('words ages in the language it is given', () => {
    const now = Date.UTC(2026, 10, 21);
    assert.equal(formatAge(now - 3 * 86_400_000, now), '3 days ago');
    assert.equal(formatAge(now - 30_000, now), 'now');
    assert.equal(formatAge(now + 5_000, now), 'now');
    assert.equal(formatAge(now - 2 * 3_600_000, now, 'zh-CN'), '2小时前');
  });

  it('makes time stamps that sort and that every file system takes', () => {
    assert.equal(fileTimestamp(Date.UTC(2026, 10, 21, 7, 45, 9)), '20261121T074509Z');
  });
});
