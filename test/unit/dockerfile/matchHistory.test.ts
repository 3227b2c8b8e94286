import assert from 'node:assert/strict';
import type { BuildStep } from '../../../src/core/dockerfile/buildFacts.ts';
import {
  matchHistory,
  type HistoryMatch,
  type LineMatch,
} from '../../../src/core/dockerfile/matchHistory.ts';
import { parseDockerfile } from '../../../src/core/dockerfile/parseDockerfile.ts';
import { buildableDockerfiles } from '../../support/dockerfiles/buildable.ts';
import {
  recordedBuilders,
  recordedHistories,
  shellHistory,
  type RecordedBuilder,
} from '../../support/dockerfiles/recordedHistories.ts';

function match(
  text: string,
  steps: readonly BuildStep[],
  more: {
    readonly base?: readonly BuildStep[];
    readonly target?: string;
    readonly triggers?: readonly string[];
  } = {},
): HistoryMatch {
  const dockerfile = parseDockerfile(text);
  const target = dockerfile.stages.find(({ name }) => name !== undefined && name === more.target);
  const { base, triggers } = more;
  return matchHistory({
    dockerfile,
    stage: target?.place ?? dockerfile.stages.length - 1,
    steps,
    ...(base && { base }),
    ...(triggers && { triggers }),
  });
}

/** `4 CMD matched`, lines counted from 1. */
function told({ lines }: HistoryMatch): readonly string[] {
  return lines.map(
    ({ instruction, match: { kind } }) => `${instruction.firstLine + 1} ${instruction.keyword} ${kind}`,
  );
}

function stepsOf({ lines }: HistoryMatch): readonly (number | LineMatch['kind'])[] {
  return lines.map(({ match: found }) => ('step' in found ? found.step : found.kind));
}

function recorded(builder: RecordedBuilder, name: string): readonly BuildStep[] {
  const steps = recordedHistories(builder).get(name);
  assert.ok(steps);
  return steps;
}

function textOf(name: string): string {
  const text = buildableDockerfiles.find((each) => each.name === name)?.text;
  assert.ok(text !== undefined);
  return text;
}

/** What Docker's engines tell of a build by the classic builder. */
const classic = (...commands: readonly string[]): readonly BuildStep[] =>
  commands.map((createdBy) => ({ createdBy, comment: '' }));
const nop = (text: string): string => `/bin/sh -c #(nop)  ${text}`;
const run = (text: string): string => `/bin/sh -c ${text}`;

describe('matchHistory, recorded histories', () => {
  for (const builder of recordedBuilders) {
    for (const { name, text, target } of buildableDockerfiles) {
      const steps = recordedHistories(builder).get(name);
      // buildah takes an escaped escape sign for a continued line, and ran another command than the file says. Squashed
      // stages leave nothing of the stage below.
      const differs =
        (builder === 'buildah' && name === 'escapes') ||
        (builder === 'buildah-squash' && name === 'fromstage');
      if (steps === undefined || differs) continue;

      it(`finds each line of "${name}" in what ${builder} left, in order`, () => {
        const base =
          name === 'triggered' || name === 'onbase'
            ? recorded(builder, name === 'onbase' ? 'runs' : 'onbuild')
            : shellHistory;
        const triggers = ['COPY a.txt /triggered/', 'RUN touch /onbuild'];
        const found = match(text, steps, {
          base,
          ...(target === undefined ? {} : { target }),
          ...(name === 'triggered' ? { triggers } : {}),
        });
        assert.ok(['exact', 'likely'].includes(found.confidence), found.confidence);
        assert.deepEqual(found.leftOver, []);
        const places = stepsOf(found).filter((place) => place !== 'silent');
        const above = found.baseSteps ?? 0;
        const first = name === 'triggered' ? above + 2 : above;
        assert.deepEqual(
          places,
          places.map((_, at) => first + at),
        );
        assert.equal(
          new Set(told(found).filter((line) => line.endsWith('silent'))).size,
          silentIn(name, builder),
        );
      });
    }
  }

  /** BuildKit notes no ONBUILD. */
  function silentIn(name: string, builder: RecordedBuilder): number {
    return name === 'onbuild' && builder.startsWith('buildkit') ? 2 : 0;
  }

  it('says which lines were edited since', () => {
    const steps = recorded('buildkit-28', 'heredocs');
    const edited = textOf('heredocs')
      .replace('touch /three', 'touch /four')
      .replace('  touch /two\nEOF', '  touch /2\nEOF');
    const found = match(edited, steps, { base: shellHistory });
    assert.equal(found.confidence, 'edited');
    assert.deepEqual(told(found), [
      '2 RUN changed',
      '8 RUN matched',
      // BuildKit notes the name of such a script, not what is in it.
      '13 RUN matched',
      '17 COPY matched',
      '22 COPY matched',
      '23 CMD matched',
    ]);
    assert.deepEqual(found.leftOver, []);
  });

  it('finds where the base ends in the note that buildah leaves', () => {
    const steps = [...recorded('buildah', 'onbuild'), ...recorded('buildah', 'runs').slice(1)];
    assert.equal(match(textOf('runs'), steps).baseSteps, recorded('buildah', 'onbuild').length);
  });

  it('does not take one image for another', () => {
    for (const builder of recordedBuilders)
      for (const [name, steps] of recordedHistories(builder))
        for (const other of ['metadata', 'env', 'copies', 'long', 'heredocs', 'unicode'])
          if (other !== name)
            assert.equal(
              match(textOf(other), steps, { base: shellHistory }).confidence,
              'none',
              `${other} in ${name}`,
            );
  });
});

describe('matchHistory, edited files', () => {
  const base = classic(nop('ADD file:0123456789abcdef0123 in /'), nop('CMD ["bash"]'));
  const steps = [...base, ...classic(run('one'), nop('ENV A=1'), run('two'), nop('CMD ["sh"]'))];

  it('tells a changed line from a new one and one that was taken out', () => {
    const changed = match('FROM x\nRUN one\nENV A=1\nRUN 2\nCMD ["sh"]', steps, { base });
    assert.deepEqual(stepsOf(changed), [2, 3, 4, 5]);
    assert.deepEqual(told(changed), ['2 RUN matched', '3 ENV matched', '4 RUN changed', '5 CMD matched']);

    const added = match('FROM x\nRUN one\nENV A=1\nRUN extra\nRUN two\nCMD ["sh"]', steps, { base });
    assert.deepEqual(stepsOf(added), [2, 3, 'missing', 4, 5]);

    const removed = match('FROM x\nRUN one\nENV A=1\nCMD ["sh"]', steps, { base });
    assert.deepEqual(stepsOf(removed), [2, 3, 5]);
    assert.deepEqual(removed.leftOver, [4]);
    for (const found of [changed, added, removed]) assert.equal(found.confidence, 'edited');
  });

  it('does not mistake steps of the base for lines, where the base is known', () => {
    const found = match('FROM x\nRUN one\nENV A=1\nRUN two\nCMD ["bash"]', steps, { base });
    assert.deepEqual(told(found).at(-1), '5 CMD changed');
    assert.deepEqual(found.baseSteps, 2);
  });

  it('says nothing of a history that fits too little', () => {
    assert.equal(match('FROM x\nRUN other\nCMD ["sh"]', steps).confidence, 'none');
    assert.equal(match('FROM x\nCMD ["sh"]', steps).confidence, 'none');
    assert.equal(match('FROM x\nRUN one', []).confidence, 'none');
    assert.equal(match('FROM x', steps).confidence, 'none');
    assert.equal(match('RUN one', steps).confidence, 'none');
  });

  it('ignores a base that is not below the image, for example one that was updated since', () => {
    const found = match('FROM x\nRUN one\nENV A=1\nRUN two\nCMD ["sh"]', steps, {
      base: classic(nop('CMD ["zsh"]')),
    });
    assert.equal(found.baseSteps, undefined);
    assert.equal(found.isOnOtherBase, true);
    assert.equal(found.confidence, 'likely');
  });

  it('takes a changed default of an argument for an edit where the builder notes defaults', () => {
    const argued = [...base, ...classic(nop('ARG V=1'), '|1 V=2 /bin/sh -c touch $V', run('x'))];
    assert.equal(match('FROM x\nARG V=1\nRUN touch $V\nRUN x', argued, { base }).confidence, 'exact');
    assert.deepEqual(
      told(match('FROM x\nARG V=3\nRUN touch $V\nRUN x', argued, { base }))[0],
      '2 ARG changed',
    );
  });
});

describe('matchHistory, where a history fits in several ways', () => {
  const base = classic(nop('ADD file:0123456789abcdef0123 in /'));

  it('keeps equal lines apart by their order while all are there', () => {
    const steps = [...base, ...classic(run('make'), run('make'), nop('CMD ["a"]'), run('make'))];
    const found = match('FROM x\nRUN make\nRUN make\nCMD ["a"]\nRUN make', steps, { base });
    assert.deepEqual(stepsOf(found), [1, 2, 3, 4]);
    assert.equal(found.confidence, 'exact');
  });

  it('does not guess which of two equal steps is left when one line was taken out', () => {
    const steps = [...base, ...classic(run('setup'), run('make'), run('make'), nop('CMD ["a"]'))];
    const text = 'FROM x\nRUN setup\nRUN make\nCMD ["a"]';
    for (const more of [{ base }, {}])
      assert.deepEqual(told(match(text, steps, more)), ['2 RUN matched', '3 RUN unclear', '4 CMD matched']);
  });

  it('does not guess which of two equal lines is new', () => {
    const steps = [...base, ...classic(run('setup'), run('make'), nop('CMD ["a"]'))];
    const found = match('FROM x\nRUN setup\nRUN make\nRUN make\nCMD ["a"]', steps, { base });
    assert.deepEqual(told(found), ['2 RUN matched', '3 RUN unclear', '4 RUN unclear', '5 CMD matched']);
  });

  it('does not tell the first line from the same one in an unknown base when the file was edited', () => {
    const steps = [...base, ...classic(run('make everything'), run('make everything'), nop('ENV A=1'))];
    const found = match('FROM x\nRUN make everything\nENV A=2', steps);
    assert.equal(found.confidence, 'none');
    assert.ok(told(found).every((line) => line.endsWith('unclear')));
  });

  it('does not pair copies that went to the same folder across an edit', () => {
    const hash = (digit: string): string => digit.repeat(64);
    const steps = [
      ...base,
      ...classic(
        run('setup'),
        `/bin/sh -c #(nop) COPY file:${hash('1')} in /app/ `,
        `/bin/sh -c #(nop) COPY file:${hash('2')} in /app/ `,
        run('build'),
      ),
    ];
    const found = match('FROM x\nRUN setup\nCOPY a /app/\nRUN build', steps, { base });
    assert.deepEqual(told(found), ['2 RUN matched', '3 COPY unclear', '4 RUN matched']);
  });
});

describe('matchHistory, what builders do beside the lines', () => {
  it('tells no layer of a build whose layers do not pair with its steps, as with an inline cache', () => {
    const buildkit = (createdBy: string, comment = 'buildkit.dockerfile.v0'): BuildStep => ({
      createdBy,
      comment,
    });
    const steps = [
      buildkit('RUN /bin/sh -c make all # buildkit'),
      buildkit('ENV A=1'),
      buildkit('COPY srv /srv # buildkit'),
      buildkit('', 'buildkit.exporter.image.v0'),
    ];
    const found = match('FROM scratch\nRUN make all\nENV A=1\nCOPY srv /srv', steps);
    assert.deepEqual(told(found), ['2 RUN unclear', '3 ENV matched', '4 COPY unclear']);
    assert.equal(found.confidence, 'edited');
    assert.deepEqual(found.leftOver, []);
  });

  it('passes over the one layer that a squashed build ends with', () => {
    const steps = [
      ...classic(run('make all'), nop('CMD ["sh"]'), nop('LABEL given=1')),
      { createdBy: '', comment: `merge sha256:${'a'.repeat(64)} to sha256:${'b'.repeat(64)}` },
    ];
    const found = match('FROM x\nRUN make all\nCMD ["sh"]', steps);
    assert.equal(found.confidence, 'exact');
    assert.deepEqual(found.leftOver, []);
  });

  it('passes over labels that were given to the build', () => {
    const steps = classic(run('one thing'), nop('CMD ["sh"]'), nop('LABEL given=1'));
    const found = match('FROM x\nRUN one thing\nCMD ["sh"]', steps);
    assert.equal(found.confidence, 'exact');
    assert.deepEqual(found.leftOver, []);
  });

  it('passes over steps that triggers of the base made, as its history or its config tells', () => {
    const base = classic(run('base'), nop('ONBUILD COPY . /app'), nop('ONBUILD RUN make'));
    const own = classic(`/bin/sh -c #(nop) COPY dir:${'a'.repeat(64)} in /app `, run('make'), run('mine'));
    const found = match('FROM x\nRUN mine', [...base, ...own], { base });
    assert.deepEqual(stepsOf(found), [5]);
    assert.equal(found.confidence, 'exact');
  });

  it('reads kaniko’s steps, which have the lines as written', () => {
    const kaniko = (createdBy: string): BuildStep => ({ createdBy, comment: '' });
    const steps = [
      kaniko('/bin/sh -c #(nop) ADD file:0123456789abcdef0123 in / '),
      kaniko('RUN apk add --no-cache curl'),
      kaniko('COPY src /src'),
      kaniko('RUN make -C /src'),
    ];
    const found = match('FROM x\nRUN apk add --no-cache curl\nCOPY src /src\nRUN make -C /src', steps);
    assert.equal(found.confidence, 'exact');
  });

  it('takes hundreds of steps and lines in a blink', () => {
    const count = 400;
    const steps = classic(...Array.from({ length: count }, (_, at) => run(`step ${at}`)));
    const text = `FROM x\n${Array.from({ length: count }, (_, at) => `RUN step ${at}\n`).join('')}`;
    const found = match(text, steps);
    assert.equal(found.confidence, 'exact');
    assert.deepEqual(
      stepsOf(found),
      steps.map((_, at) => at),
    );
  });
});
