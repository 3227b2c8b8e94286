import assert from 'node:assert/strict';
import { DockerfileParser } from 'dockerfile-ast';
import { readInstructions } from '../../../src/core/dockerfile/readInstructions.ts';
import { buildableDockerfiles } from '../../support/dockerfiles/buildable.ts';

interface Line {
  readonly keyword: string;
  readonly operands: string;
  readonly lines: readonly [first: number, last: number];
}

function linesOf(text: string): readonly Line[] {
  return readInstructions(text).instructions.map(({ keyword, flags, operands, firstLine, lastLine }) => ({
    keyword,
    operands: [...flags, operands].join(' '),
    lines: [firstLine, lastLine],
  }));
}

describe('readInstructions', () => {
  it('joins continued lines, without the comments and empty lines between them', () => {
    assert.deepEqual(linesOf('FROM a\nRUN one && \\\n  # comment\n    two \\\n\n  three\nCMD x\n'), [
      { keyword: 'FROM', operands: 'a', lines: [0, 0] },
      { keyword: 'RUN', operands: 'one &&     two   three', lines: [1, 5] },
      { keyword: 'CMD', operands: 'x', lines: [6, 6] },
    ]);
  });

  it('goes on behind an escape sign that is escaped itself, or followed by blanks', () => {
    assert.deepEqual(linesOf('RUN echo \\\\\nRUN a \\  \n b'), [
      { keyword: 'RUN', operands: 'echo \\\\', lines: [0, 0] },
      { keyword: 'RUN', operands: 'a  b', lines: [1, 2] },
    ]);
  });

  it('takes the escape sign that a directive names, and only there', () => {
    assert.equal(readInstructions('# syntax=docker/dockerfile:1\n# escape = `\nFROM a').escape, '`');
    assert.equal(readInstructions('#escape=`\r\nFROM a').escape, '`');
    assert.equal(readInstructions('# a comment\n# escape=`\nFROM a').escape, '\\');
    assert.equal(readInstructions('\n# escape=`\nFROM a').escape, '\\');
    assert.equal(readInstructions('# unknown=1\n# escape=`\nFROM a').escape, '\\');
    assert.deepEqual(linesOf('# escape=`\nRUN a `\n  b c:\\\nRUN d')[0]?.lines, [1, 2]);
  });

  it('keeps the flags of an instruction apart', () => {
    const [run, copy] = readInstructions(
      'RUN --mount=type=cache,target=/c --network=none make --all\nCOPY --from=x --chown="a b" s d',
    ).instructions;
    assert.deepEqual(run?.flags, ['--mount=type=cache,target=/c', '--network=none']);
    assert.equal(run.operands, 'make --all');
    assert.deepEqual(copy?.flags, ['--from=x', '--chown="a b"']);
  });

  it('reads here-documents to their marks, whatever is in them', () => {
    const [run, two, copy, last] = readInstructions(
      'RUN <<EOF\nset -e\nFROM b \\\nEOF\nRUN cat <<A <<-"B"\n1\nA\n\t2\n\tB\nCOPY <<x.conf /etc/\nkey\nx.conf\nCMD x',
    ).instructions;
    assert.deepEqual(run?.hereDocuments, [
      { name: 'EOF', raw: 'set -e\nFROM b \\\n', content: 'set -e\nFROM b \\\n' },
    ]);
    assert.deepEqual(two?.hereDocuments, [
      { name: 'A', raw: '1\n', content: '1\n' },
      { name: 'B', raw: '\t2\n', content: '2\n' },
    ]);
    assert.deepEqual([copy?.firstLine, copy?.lastLine], [9, 11]);
    assert.deepEqual([last?.keyword, last?.firstLine], ['CMD', 12]);
  });

  it('does not take shifts, here-strings and quoted signs for here-documents', () => {
    const text =
      'RUN test $((1<<2)) && echo "<<EOF" \'<<EOF\' && cat <<<word\nRUN test $((1 << 2))\nENV A=<<EOF\nCMD x';
    assert.deepEqual(
      linesOf(text).map(({ lines }) => lines[0]),
      [0, 1, 2, 3],
    );
  });

  it('ends an open here-document, and an open line, with the file', () => {
    assert.deepEqual(linesOf('RUN <<EOF\na\nb\n')[0]?.lines, [0, 3]);
    assert.deepEqual(linesOf('RUN a \\\n\n# end\n'), [{ keyword: 'RUN', operands: 'a', lines: [0, 0] }]);
    assert.deepEqual(linesOf(''), []);
  });

  it('reads files as Windows writes them, with a byte order mark', () => {
    assert.deepEqual(linesOf('\ufeffFROM a\r\nRUN b \\\r\n  c\r\n'), [
      { keyword: 'FROM', operands: 'a', lines: [0, 0] },
      { keyword: 'RUN', operands: 'b   c', lines: [1, 2] },
    ]);
  });

  for (const { name, text } of buildableDockerfiles.filter(({ name }) => name !== 'escapes')) {
    it(`cuts the Dockerfile "${name}" as dockerfile-ast does`, () => {
      const theirs = DockerfileParser.parse(text)
        .getInstructions()
        .map((each) => ({
          keyword: each.getKeyword(),
          lines: [each.getRange().start.line, each.getRange().end.line],
        }));
      assert.deepEqual(
        linesOf(text).map(({ keyword, lines }) => ({ keyword, lines })),
        theirs,
      );
    });
  }

  it('refuses what no person writes', () => {
    for (const text of ['#'.repeat((512 << 10) + 1), 'RUN a\n'.repeat(5_001)])
      assert.throws(() => readInstructions(text), { code: 'dockerfileTooLarge' });
  });

  const hostile: Readonly<Record<string, string>> = {
    'continued for ever': 'RUN a \\\n'.repeat(60_000),
    'one long line': `RUN ${'a '.repeat(250_000)}`,
    'quotes that never end': `COPY << ${'"a '.repeat(150_000)}`,
    'escape signs': `COPY <<a ${'\\'.repeat(500_000)}`,
    'many marks': `RUN ${'<<a '.repeat(60_000)}\n${'a\n'.repeat(60_000)}`,
    'flags without end': `RUN ${'--a=b '.repeat(80_000)}`,
  };
  for (const [what, text] of Object.entries(hostile)) {
    it(`comes to an end with ${what}`, () => {
      assert.ok(readInstructions(text).instructions.length <= 1);
    });
  }
});
