import assert from 'node:assert/strict';
import { parseDockerfile, stagesBelow } from '../../../src/core/dockerfile/parseDockerfile.ts';

describe('parseDockerfile', () => {
  it('tells stages and what each is built on', () => {
    const { stages } = parseDockerfile(
      'FROM golang:1 AS Build\nRUN make\nFROM --platform=linux/arm64 build as tools\nFROM scratch\nCOPY --from=0 a b\nFROM tools',
    );
    assert.deepEqual(
      stages.map(({ name, base }) => [name, base]),
      [
        ['build', { kind: 'image', name: 'golang:1', written: 'golang:1' }],
        ['tools', { kind: 'stage', stage: 0 }],
        [undefined, { kind: 'scratch' }],
        [undefined, { kind: 'stage', stage: 1 }],
      ],
    );
    assert.deepEqual(
      stages.map(({ instructions }) => instructions.length),
      [1, 0, 1, 0],
    );
  });

  it('refuses more stages than a person writes', () => {
    assert.equal(parseDockerfile('FROM a\n'.repeat(300)).stages.length, 300);
    assert.throws(() => parseDockerfile('FROM a\n'.repeat(301)), { code: 'dockerfileTooLarge' });
  });

  it('takes an image for an image although a later stage has its name', () => {
    const { stages } = parseDockerfile('FROM later\nFROM x AS later');
    assert.deepEqual(stages[0]?.base, { kind: 'image', name: 'later', written: 'later' });
  });

  it('takes the latest of several stages of one name', () => {
    const { stages } = parseDockerfile('FROM a AS x\nFROM b AS x\nFROM x');
    assert.deepEqual(stages[2]?.base, { kind: 'stage', stage: 1 });
  });

  it('puts global arguments into FROM, each seeing those before it', () => {
    const { stages, globalArgs } = parseDockerfile(
      'ARG V=1\nARG TAG=${V}.2-slim NAME\nFROM app:${TAG}\nFROM $NAME\nFROM --platform=$BUILDPLATFORM app:${NONE:-3}',
    );
    assert.equal(globalArgs.get('TAG'), '1.2-slim');
    assert.deepEqual(
      stages.map(({ base }) => base),
      [
        { kind: 'image', name: 'app:1.2-slim', written: 'app:${TAG}' },
        { kind: 'image', written: '$NAME' },
        { kind: 'image', name: 'app:3', written: 'app:${NONE:-3}' },
      ],
    );
  });

  it('follows stages down to the image below all of them', () => {
    const dockerfile = parseDockerfile('FROM a AS x\nFROM b AS y\nFROM x AS z\nFROM z');
    assert.deepEqual(
      stagesBelow(dockerfile, 3).map(({ place }) => place),
      [0, 2, 3],
    );
    assert.deepEqual(stagesBelow(dockerfile, 9), []);
  });

  it('makes no stage of a file without FROM', () => {
    assert.deepEqual(parseDockerfile('RUN a\n# FROM b').stages, []);
  });
});
