import assert from 'node:assert/strict';
import { digestOf } from '../../../src/core/digest.ts';
import { layerInstructions } from '../../../src/core/dockerfile/layerInstructions.ts';
import { parseImageConfig } from '../../../src/core/oci/manifest.ts';

function textsOf(history: unknown, layers: number): readonly (string | undefined)[] {
  const diff_ids = Array.from({ length: layers }, (_, at) => digestOf(String(at)));
  const config = { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids }, history };
  return layerInstructions(parseImageConfig(Buffer.from(JSON.stringify(config)), 'x')).map(
    (one) => one?.text,
  );
}

describe('the instructions of layers', () => {
  it('are those steps of the history that are not empty, in their order', () => {
    const history = [
      { created_by: '/bin/sh -c #(nop) ADD file:0123456789abcdef0123 in / ' },
      { created_by: '/bin/sh -c #(nop)  CMD ["sh"]', empty_layer: true },
      { created_by: 'RUN /bin/sh -c make # buildkit' },
    ];
    assert.deepEqual(textsOf(history, 2), ['ADD file:0123456789abcdef0123 /', 'RUN make']);
  });

  it('are not guessed where the history has more or fewer steps than layers', () => {
    assert.deepEqual(textsOf([{ created_by: 'RUN make' }], 2), [undefined, undefined]);
    assert.deepEqual(textsOf([{ created_by: 'RUN a' }, { created_by: 'RUN b' }], 1), [undefined]);
    assert.deepEqual(textsOf(undefined, 1), [undefined]);
  });
});
