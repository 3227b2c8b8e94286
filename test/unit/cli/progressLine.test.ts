import assert from 'node:assert/strict';
import { ProgressLine, progressWords } from '../../../src/cli/progressLine.ts';

describe('progress on a terminal', () => {
  it('says what is done, how fast, and how long it will take', () => {
    assert.equal(
      progressWords({
        phase: 'reading',
        item: 'app:1',
        doneBytes: 400e6,
        totalBytes: 1e9,
        percent: 40,
        bytesPerSecond: 20e6,
        secondsLeft: 30,
        secondsInPhase: 20,
      }),
      'Reading app:1 · 400 MB of 1.00 GB · 40% · 20.0 MB/s · 0:30 left',
    );
  });

  it('counts the seconds while the engine prepares', () => {
    assert.equal(progressWords({ phase: 'preparing', secondsInPhase: 65 }), 'The engine is preparing · 1:05');
  });

  it('leaves out a total that was passed', () => {
    const reading = {
      phase: 'reading',
      doneBytes: 2e6,
      totalBytes: 1e6,
      percent: 100,
      secondsInPhase: 1,
    } as const;
    assert.equal(progressWords(reading), 'Reading · 2.00 MB');
  });

  it('rewrites one line no wider than the terminal, ten times a second at most, and wipes it', () => {
    let written = '';
    let nowMs = 0;
    const line = new ProgressLine({
      write: (text) => void (written += text),
      columns: () => 20,
      now: () => nowMs,
    });
    for (nowMs = 0; nowMs < 1_000; nowMs += 10)
      line.report({ phase: 'reading', item: 'a\u001b[2Jvery long name', doneBytes: nowMs });
    line.end();
    const drawn = written.split('\r\u001b[K').slice(1);
    assert.equal(drawn.pop(), '');
    assert.equal(drawn.length, 10);
    assert.ok(drawn.every((text) => text.length <= 19 && !text.includes('\u001b') && !text.includes('\n')));
  });

  it('writes nothing when nothing was reported', () => {
    let written = '';
    const line = new ProgressLine({
      write: (text) => void (written += text),
      columns: () => 80,
      now: () => 0,
    });
    line.end();
    assert.equal(written, '');
  });
});
