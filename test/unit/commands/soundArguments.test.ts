import assert from 'node:assert/strict';
import { chosenNodes, containersAmong, imagesAmong } from '../../../src/commands/chosenNodes.ts';
import { soundArguments } from '../../../src/commands/soundArguments.ts';
import { parseDigest } from '../../../src/core/digest.ts';
import type { ContainerNode, ImageNode } from '../../../src/views/node.ts';

const image: ImageNode = {
  kind: 'image',
  id: parseDigest(`sha256:${'a'.repeat(64)}`, 'a test'),
  tag: 'app:1',
};
const other: ImageNode = { ...image, tag: 'app:2' };
const container: ContainerNode = { kind: 'container', id: 'c1', name: 'web' };
const file = { scheme: 'file', fsPath: '/backup/app.tar' };
const garbage = [
  undefined,
  null,
  0,
  'x',
  [],
  {},
  { kind: 'ship' },
  { kind: 'image' },
  { kind: 'volume', name: '' },
];

describe('arguments of commands', () => {
  it('let nodes and selections of nodes through', () => {
    assert.deepEqual(soundArguments('drydock.inspect', [image, [image, container]]), [
      image,
      [image, container],
    ]);
    assert.deepEqual(soundArguments('drydock.inspect', [container]), [container, undefined]);
  });

  it('let nodes and files through where both can be compared', () => {
    assert.deepEqual(soundArguments('drydock.compare', [file, [file, image]]), [file, [file, image]]);
    for (const thing of garbage)
      assert.deepEqual(soundArguments('drydock.compare', [thing, [thing]]), [undefined, undefined]);
  });

  it('drop whatever is no node', () => {
    for (const thing of [...garbage, file])
      assert.deepEqual(soundArguments('drydock.inspect', [thing, [thing]]), [undefined, undefined]);
    assert.deepEqual(soundArguments('drydock.inspect', [image, [null, image]]), [image, [image]]);
    const project = { kind: 'project', containers: [container, null] };
    assert.deepEqual(soundArguments('drydock.stopContainers', [project]), [undefined, undefined]);
  });

  it('let files of images through whose place is one', () => {
    const place = { imageId: image.id, tag: 'app:1', layer: 2, path: 'etc/passwd' };
    const node = { kind: 'file', isFolder: false, place };
    assert.deepEqual(soundArguments('drydock.openFile', [node]), [node, undefined]);
    const whole = { kind: 'file', isFolder: true, place: { imageId: image.id, path: '' } };
    assert.deepEqual(soundArguments('drydock.findFiles', [whole]), [whole, undefined]);
    for (const wrong of [
      undefined,
      { ...place, imageId: 'app:1' },
      { ...place, layer: -1 },
      { ...place, layer: 0.5 },
      { ...place, tag: 1 },
      { ...place, path: undefined },
    ])
      for (const kind of ['file', 'more'])
        assert.deepEqual(soundArguments('drydock.openFile', [{ kind, place: wrong }]), [
          undefined,
          undefined,
        ]);
  });

  it('drop nodes where a file is wanted, as a title button passes the focused one', () => {
    for (const thing of [...garbage, image, { scheme: 'https', fsPath: '/x.tar' }])
      assert.deepEqual(soundArguments('drydock.loadArchive', [thing, [thing]]), [undefined, undefined]);
    assert.deepEqual(soundArguments('drydock.loadArchive', [file, [file]]), [file, [file]]);
  });

  it('mean each thing once, when a group is chosen together with what is in it', () => {
    const repository = { kind: 'repository', repository: 'app', images: [image, other] } as const;
    assert.deepEqual(imagesAmong(chosenNodes([repository, [repository, { ...image }]])), [image, other]);
    const project = { kind: 'project', project: 'shop', containers: [container] } as const;
    assert.deepEqual(containersAmong([project, { ...container }]), [container]);
  });

  it('let places of registries through whose names are names', () => {
    const tag = { kind: 'remoteTag', host: 'registry.example:5000', path: 'team/app', tag: '1' };
    const digest = `sha256:${'a'.repeat(64)}`;
    const message = { kind: 'message', reason: 'remote', remote: { host: 'registry.example' } };
    for (const node of [
      tag,
      { ...tag, kind: 'remoteRepository' },
      { ...tag, kind: 'remoteFact', digest },
      { kind: 'registry', host: 'docker.io' },
      { kind: 'remoteMore', host: 'docker.io' },
      message,
      { kind: 'message', reason: 'loading' },
    ])
      assert.deepEqual(soundArguments('drydock.copyReference', [node]), [node, undefined]);
    for (const node of [
      { ...tag, host: 'x; rm -rf ~' },
      { ...tag, host: 'registry.example\nid' },
      { ...tag, path: '../../x' },
      { ...tag, path: '' },
      { ...tag, tag: 'a/../../b' },
      { ...tag, kind: 'remoteFact', digest: 'sha256:1' },
      { ...message, remote: { host: '$(id)' } },
      { kind: 'registry' },
    ])
      assert.deepEqual(soundArguments('drydock.copyReference', [node]), [undefined, undefined]);
  });
});
