import assert from 'node:assert/strict';
import type { ProgressFact } from '../../src/core/progress.ts';
import { ProgressMeter, throttled } from '../../src/core/progressMeter.ts';

describe('progress meter', () => {
  it('says nothing of the rate before half a second has passed', () => {
    const meter = new ProgressMeter();
    meter.read({ phase: 'reading', doneBytes: 0, totalBytes: 1_000 }, 0);
    assert.equal(
      meter.read({ phase: 'reading', doneBytes: 400, totalBytes: 1_000 }, 400).bytesPerSecond,
      undefined,
    );
  });

  it('derives percent, rate and time left', () => {
    const meter = new ProgressMeter();
    meter.read({ phase: 'reading', doneBytes: 0, totalBytes: 1_000 }, 0);
    const reading = meter.read({ phase: 'reading', doneBytes: 250, totalBytes: 1_000 }, 1_000);
    assert.equal(reading.percent, 25);
    assert.equal(reading.bytesPerSecond, 250);
    assert.equal(reading.secondsLeft, 3);
  });

  it('follows a change of pace within its window', () => {
    const meter = new ProgressMeter();
    for (let second = 0; second <= 10; second += 1)
      meter.read({ phase: 'reading', doneBytes: second * 1_000 }, second * 1_000);
    let last;
    for (let second = 11; second <= 20; second += 1) {
      last = meter.read({ phase: 'reading', doneBytes: 10_000 + (second - 10) * 10 }, second * 1_000);
    }
    assert.equal(last?.bytesPerSecond, 10);
  });

  it('starts anew with each phase, and when the count goes back', () => {
    const meter = new ProgressMeter();
    meter.read({ phase: 'reading', doneBytes: 0 }, 0);
    meter.read({ phase: 'reading', doneBytes: 5_000 }, 1_000);
    assert.equal(meter.read({ phase: 'checking', doneBytes: 10 }, 2_000).bytesPerSecond, undefined);
    assert.equal(meter.read({ phase: 'checking', doneBytes: 5 }, 3_000).bytesPerSecond, undefined);
    assert.equal(meter.read({ phase: 'checking', doneBytes: 5 }, 4_000).secondsInPhase, 2);
  });

  it('never shows more than all of it', () => {
    const reading = new ProgressMeter().read({ phase: 'reading', doneBytes: 12, totalBytes: 10 }, 0);
    assert.equal(reading.percent, 100);
  });

  it('throttles within a phase and lets a new phase through', () => {
    const shown: ProgressFact[] = [];
    let now = 0;
    const report = throttled(
      (fact) => shown.push(fact),
      100,
      () => now,
    );
    report({ phase: 'reading', doneBytes: 1 });
    now = 50;
    report({ phase: 'reading', doneBytes: 2 });
    report({ phase: 'checking' });
    now = 160;
    report({ phase: 'checking', doneBytes: 3 });
    assert.deepEqual(
      shown.map(({ phase, doneBytes }) => [phase, doneBytes]),
      [
        ['reading', 1],
        ['checking', undefined],
        ['checking', 3],
      ],
    );
  });
});
