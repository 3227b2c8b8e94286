import assert from 'node:assert/strict';
import type { ContainerDetails } from '../../../src/core/engine/records.ts';
import { unusableEngine } from '../../../src/core/engine/unusableEngine.ts';
import { failure } from '../../../src/core/errors.ts';
import { changedLayer } from '../../../src/core/fileTrees/changedLayer.ts';
import type { ChangedNode } from '../../../src/core/fileTrees/containerChanges.ts';
import { exactPath } from '../../../src/core/layers/entryNames.ts';
import type { TreeFile, TreeNode } from '../../../src/core/layers/treeNode.ts';
import { unattended } from '../../../src/core/progress.ts';
import { tarEntries } from '../../../src/core/volumes/tarEntries.ts';
import { failureOf } from '../../support/failureOf.ts';
import { emptyRunConfig } from '../../support/emptyRunConfig.ts';

describe('changedLayer', () => {
  /** It has no file that it could hand out. */
  const engine = unusableEngine('unix:///none', failure('engineNotFound', { kind: 'path', name: 'x' }));
  const container: ContainerDetails = {
    id: 'c'.repeat(64),
    name: 'web',
    image: 'app:1',
    imageId: `sha256:${'a'.repeat(64)}`,
    state: 'exited',
    health: 'none',
    mounts: [],
    config: emptyRunConfig,
    raw: {},
  };

  const file: TreeFile<undefined> = {
    type: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    sizeBytes: 0,
    mtime: 0,
    header: 0,
    offset: 0,
    isSparse: false,
    layer: undefined,
  };
  /** An image with these files in its folder `data`. */
  const imageWith = (...names: readonly string[]): TreeNode<undefined> => {
    const files = names.map((name) => [name, { file, hidesLower: false }] as const);
    const data = { children: new Map(files), hidesLower: false };
    return { children: new Map([['data', data]]), hidesLower: false };
  };
  /** One name in `data` that is as the engine told it. */
  const changed = (name: string, kind: ChangedNode['kind'] & string): ChangedNode => {
    const none = { children: new Map<string, ChangedNode>(), hidesLower: false };
    const child = { ...none, name, path: `data/${name}`, kind };
    const data = { ...none, name: 'data', path: 'data', children: new Map([[name, child]]) };
    return { ...none, name: '', path: '', children: new Map([['data', data]]) };
  };
  const names = async (changes: ChangedNode, image: TreeNode<undefined>): Promise<readonly string[]> => {
    const chosen = { container, changes, paths: new Set(['']), image };
    const found: string[] = [];
    for await (const entry of tarEntries(changedLayer(engine, chosen, unattended()), 'web'))
      found.push(exactPath(entry));
    return found;
  };

  it('takes a deleted file away by the bytes of its name, which engines don’t tell', async () => {
    const told = changed('raw-\ufffd', 'deleted');
    assert.deepEqual(await names(told, imageWith('raw-\udcff', 'other')), ['data/', 'data/.wh.raw-\udcff']);
    assert.deepEqual(await names(told, imageWith('raw-\ufffd')), ['data/', 'data/.wh.raw-\ufffd']);
  });

  it('fails where several files may be the deleted one', async () => {
    for (const other of ['raw-\udcfe', 'raw-\ufffd']) {
      const work = names(changed('raw-\ufffd', 'deleted'), imageWith('raw-\udcff', other));
      assert.equal((await failureOf(work)).code, 'fileChanged');
    }
  });

  it('fails where a chosen file is not there any more', async () => {
    assert.equal((await failureOf(names(changed('new', 'added'), imageWith()))).code, 'fileChanged');
  });
});
