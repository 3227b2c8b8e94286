import assert from 'node:assert/strict';
import { folderSizes } from '../../../src/core/fileTrees/folderSizes.ts';
import { imageTree } from '../../../src/core/fileTrees/imageTree.ts';
import { nodeAt } from '../../../src/core/layers/treeNode.ts';
import { file, folder, listedImage } from '../../support/listedStack.ts';

const { signal } = new AbortController();

describe('the sizes of folders', () => {
  const layers = [
    [
      folder('a'),
      folder('a/b'),
      file('a/one', '1'),
      file('a/b/three', '333'),
      { path: 'a/b/again', type: 'hardlink' as const, linkPath: 'a/b/three' },
      folder('empty'),
      file('top', '22'),
    ],
  ];

  it('are those of all files below, each once however many names it has', async () => {
    const { root } = await imageTree(await listedImage(layers), signal);
    const sizes = await folderSizes(root, signal);
    const sizeOf = (path: string): number | undefined => {
      const node = nodeAt(root, path.split('/'));
      return node && sizes.get(node);
    };
    assert.deepEqual([sizeOf('a'), sizeOf('a/b'), sizeOf('empty'), sizes.get(root)], [4, 3, 0, 6]);
  });

  it('are not worked out to the end for nobody', async () => {
    const { root } = await imageTree(await listedImage(layers), signal);
    await assert.rejects(folderSizes(root, AbortSignal.abort()), { name: 'AbortError' });
  });
});
