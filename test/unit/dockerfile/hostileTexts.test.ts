import assert from 'node:assert/strict';
import { matchHistory, type HistoryMatch } from '../../../src/core/dockerfile/matchHistory.ts';
import { parseDockerfile } from '../../../src/core/dockerfile/parseDockerfile.ts';

/** Half a million signs: what was looked at over and over again took minutes. */
const many = 500_000;

function match(text: string, createdBy: string | readonly string[]): HistoryMatch {
  const texts = typeof createdBy === 'string' ? [createdBy] : createdBy;
  return matchHistory({
    dockerfile: parseDockerfile(text),
    stage: 0,
    steps: texts.map((each) => ({ createdBy: each, comment: 'buildkit.dockerfile.v0' })),
  });
}

/** `A1=$A0$A0`, `A2=$A1$A1`, …: the last one would have as many signs as no memory holds. */
function doubled(keyword: string): string {
  const lines = Array.from({ length: 60 }, (_, at) => `${keyword} A${at + 1}=$A${at}$A${at}`);
  return [`${keyword} A0=${'x'.repeat(16)}`, ...lines].join('\n');
}

describe('Dockerfiles and histories that are made to hold up who reads them', () => {
  const files: Readonly<Record<string, string>> = {
    'a directive with blanks in it': `# escape=a${' '.repeat(many)}x\nFROM scratch\nRUN a`,
    'a copy of one long name': `FROM scratch\nCOPY ${'a'.repeat(many)} b`,
    'ranges of ports': `FROM scratch\nEXPOSE ${'1-999 '.repeat(many / 8)}`,
    'values that double in each ENV': `FROM scratch\n${doubled('ENV')}\nLABEL a=$A60`,
    'values that double in each ARG': `${doubled('ARG')}\nFROM app:$A60\nRUN a`,
    'one value many times': `FROM scratch\nENV A=${'x'.repeat(10_000)}\nLABEL a=${'$A'.repeat(many / 3)}`,
  };
  for (const [what, text] of Object.entries(files)) {
    it(`reads a file with ${what}`, () => {
      assert.equal(match(text, 'RUN other # buildkit').confidence, 'none');
    });
  }

  const steps: Readonly<Record<string, string>> = {
    'blanks in an argument': `ARG a${' '.repeat(many)}b`,
    'a check that looks like its own end': `HEALTHCHECK &{["a"${'] "" "" "" \''.repeat(many / 12)}`,
    'ranges of ports': `EXPOSE ${'1-999 '.repeat(many / 8)}`,
    'a copy of one long name': `COPY ${'a'.repeat(many)} b # buildkit`,
  };
  for (const [what, createdBy] of Object.entries(steps)) {
    it(`reads a step with ${what}`, () => {
      assert.equal(match('FROM scratch\nRUN a', createdBy).confidence, 'none');
    });
  }

  it('does not call a file an image’s whose ends it has not compared', () => {
    const lines = Array.from({ length: 600 }, (_, at) => `RUN step ${at}`);
    const made = lines.map((line) => line.replace('RUN', 'RUN /bin/sh -c'));
    const found = match(`FROM scratch\n${lines.join('\n')}`, [...made.slice(0, 590), 'RUN /bin/sh -c other']);
    assert.equal(found.confidence, 'none');
    assert.ok(found.lines.every(({ match: { kind } }) => kind === 'unclear'));
  });
});
