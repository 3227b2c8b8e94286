import assert from 'node:assert/strict';
import type { TransportReport } from '../../../src/core/backup/transport.ts';
import { transportWords } from '../../../src/ui/transportWords.ts';
import { plainWording } from '../views/plainWording.ts';

const words = (...reports: readonly (TransportReport | undefined)[]): readonly string[] =>
  transportWords(
    reports.map((transport) => (transport === undefined ? {} : { transport })),
    plainWording,
  );

describe('the words of how images came', () => {
  it('are none for volumes, and where nothing had to come', () => {
    assert.deepEqual(words(undefined, { transport: 'none', reason: 'nothingMissing', receivedBytes: 0 }), []);
  });

  it('say what came and why so, once for what came together', () => {
    const together: TransportReport = { transport: 'delta', reason: 'mostIsThere', receivedBytes: 1_000_000 };
    assert.deepEqual(words(together, together, { ...together, receivedBytes: 500_000 }), [
      'Only what was missing came (1.50 MB): the vault had the rest.',
    ]);
  });

  it('say each way, and what a push failed with', () => {
    assert.deepEqual(
      words(
        { transport: 'stream', reason: 'mostIsMissing', receivedBytes: 30_000_000 },
        { transport: 'stream', reason: 'pushFailed', detail: 'it hung up', receivedBytes: 1000 },
      ),
      [
        'Whole images came (30.0 MB): the vault had little of them.',
        'Whole images came (1.00 kB): the engine could not push what was missing (it hung up).',
      ],
    );
  });
});
