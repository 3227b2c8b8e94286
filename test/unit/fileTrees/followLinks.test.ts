import assert from 'node:assert/strict';
import { followLinks } from '../../../src/core/fileTrees/followLinks.ts';
import { imageTree } from '../../../src/core/fileTrees/imageTree.ts';
import type { Given } from '../../support/overlayReference.ts';
import { file, folder, listedImage } from '../../support/listedStack.ts';

function link(path: string, target: string): Given {
  return { path, type: 'symlink', linkPath: target };
}

describe('where a path of an image leads', () => {
  const layers = [
    [
      folder('usr'),
      folder('usr/lib'),
      file('usr/lib/a', 'a'),
      link('lib', 'usr/lib'),
      link('usr/up', '../../../usr/lib/a'),
      link('usr/there', '/lib/a'),
      link('usr/lost', '/nowhere'),
      link('round', 'about'),
      link('about', 'round'),
      link('self', '.'),
    ],
  ];
  const lead = async (path: string): Promise<string | undefined> => {
    const tree = await imageTree(await listedImage(layers), new AbortController().signal);
    return followLinks(tree, path)?.path;
  };

  it('is the path itself where no link is on it', async () => {
    assert.equal(await lead('usr/lib/a'), 'usr/lib/a');
    assert.equal(await lead(''), '');
  });

  it('is behind links on the way and at the end, from the root and from the folder', async () => {
    assert.equal(await lead('lib/a'), 'usr/lib/a');
    assert.equal(await lead('usr/there'), 'usr/lib/a');
    assert.equal(await lead('self/self/lib'), 'usr/lib');
  });

  it('is never outside', async () => {
    assert.equal(await lead('usr/up'), 'usr/lib/a');
    assert.equal(await lead('../../lib/a'), 'usr/lib/a');
  });

  it('is nowhere where a link leads to nothing, or a file stands on the way', async () => {
    assert.equal(await lead('usr/lost'), undefined);
    assert.equal(await lead('usr/lib/a/b'), undefined);
    assert.equal(await lead('usr/none'), undefined);
  });

  it('is refused where links lead in a circle', async () => {
    await assert.rejects(lead('round'), { code: 'pathUnreadable' });
  });
});
