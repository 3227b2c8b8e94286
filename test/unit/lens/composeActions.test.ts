import assert from 'node:assert/strict';
import { composeServices } from '../../../src/core/compose/composeServices.ts';
import type { ContainerSummary, ImageSummary } from '../../../src/core/engine/records.ts';
import { composeActions, projectName } from '../../../src/lens/composeActions.ts';
import type { LensAction } from '../../../src/lens/lensActions.ts';
import { container, image } from '../inventory/records.ts';
import { plainWording } from '../views/plainWording.ts';

function actions(
  text: string,
  images: readonly ImageSummary[],
  containers: readonly ContainerSummary[] = [],
): readonly LensAction[] {
  return composeActions(
    {
      file: composeServices(text),
      folder: 'My Shop',
      images: new Map(images.map((one) => [one.id, one])),
      containers,
      protection: { image: () => ({ kind: 'never' }) },
      dockerfileOf: ({ context }) => context,
    },
    plainWording,
  );
}

const shown = (all: readonly LensAction[]): readonly string[] =>
  all.map(({ line, title }) => `${line + 1} ${title}`);

describe('the lens over a Compose file', () => {
  it('tells size, age and backup of an image that is here, with what can be done', () => {
    const found = actions('services:\n  web:\n    image: web\n', [image('web')]);
    assert.deepEqual(shown(found), ['3 1.00 MB · yesterday · no backup', '3 History', '3 Back Up']);
    assert.deepEqual(found[2]?.args, [{ kind: 'image', id: image('web').id, tag: 'web:latest' }]);
  });

  it('finds what Compose built by the names of project and service', () => {
    const built = image('built', { tags: ['myshop-api:latest'] });
    const text = 'services:\n  api:\n    build: ./api\n';
    assert.deepEqual(shown(actions(text, [built])), [
      '3 myshop-api:latest · 1.00 MB · yesterday · no backup',
      '3 History',
      '3 Back Up',
      '3 Open Dockerfile',
    ]);
    assert.deepEqual(shown(actions(`name: other\n${text}`, [built])), [
      '4 other-api · not on this engine',
      '4 Open Dockerfile',
    ]);
  });

  it('does not guess an image that a variable names', () => {
    assert.deepEqual(shown(actions('services:\n  a:\n    image: $IMAGE\n', [image('a')])), [
      '3 a variable says which image',
    ]);
  });

  it('offers to back up the project whose containers are here', () => {
    const labels = { 'com.docker.compose.project': 'myshop' };
    const found = actions(
      'services:\n  a:\n    image: a\n',
      [],
      [container('one', { labels }), container('two')],
    );
    assert.deepEqual(shown(found).slice(0, 2), ['1 myshop · 1 container', '1 Back Up Project']);
    assert.equal(found[1]?.command, 'drydock.backUp');
  });

  it('names a project as Compose does', () => {
    assert.equal(projectName('_My Shop.v2'), 'myshopv2');
  });
});
