import assert from 'node:assert/strict';
import { builtImage, type BuiltCandidate } from '../../../src/core/dockerfile/builtImage.ts';
import type { MatchConfidence } from '../../../src/core/dockerfile/matchHistory.ts';

function candidate(
  id: string,
  tags: readonly string[],
  createdAtMs: number,
  confidence: MatchConfidence = 'exact',
  worth = 10,
): BuiltCandidate {
  return { id, tags, createdAtMs, match: { confidence, worth } };
}

function chosen(...candidates: readonly BuiltCandidate[]): string | readonly string[] {
  const found = builtImage(candidates);
  if (found.kind === 'found') return found.image.id;
  return found.kind === 'several' ? found.images.map(({ id }) => id).sort() : 'none';
}

describe('builtImage', () => {
  it('takes the image that fits best', () => {
    assert.equal(
      chosen(candidate('a', ['a:1'], 1, 'likely', 90), candidate('b', ['b:1'], 1, 'exact', 3)),
      'b',
    );
    assert.equal(
      chosen(candidate('a', ['a:1'], 1, 'edited', 9), candidate('b', ['b:1'], 1, 'edited', 8)),
      'a',
    );
    assert.equal(chosen(candidate('a', ['a:1'], 1, 'none', 90)), 'none');
    assert.equal(chosen(), 'none');
  });

  it('takes one with a name before earlier builds that lost theirs', () => {
    assert.equal(
      chosen(candidate('old', [], 1), candidate('now', ['app:1'], 2), candidate('older', [], 0)),
      'now',
    );
  });

  it('takes the newest of one repository', () => {
    assert.equal(chosen(candidate('1', ['team/app:1'], 1), candidate('2', ['docker.io/team/app:2'], 2)), '2');
  });

  it('takes none of several repositories, nor of several without a name', () => {
    assert.deepEqual(chosen(candidate('a', ['a:1'], 1), candidate('b', ['b:1'], 2)), ['a', 'b']);
    assert.deepEqual(chosen(candidate('a', [], 1), candidate('b', [], 2)), ['a', 'b']);
  });
});
