import assert from 'node:assert/strict';
import { failure } from '../../../src/core/errors.ts';
import type { ChangedNode } from '../../../src/core/fileTrees/containerChanges.ts';
import type { LiveEntry } from '../../../src/core/fileTrees/liveTree.ts';
import { LiveBranches, type LiveListings } from '../../../src/views/liveBranches.ts';
import type { DrydockItem } from '../../../src/views/viewItem.ts';
import { plainWording } from './plainWording.ts';

describe('the files below a container', () => {
  const source = { kind: 'container', id: 'c1', name: 'web' } as const;
  const owner = { key: 'container:c1' };
  const entry = (path: string, more: Partial<LiveEntry> = {}): LiveEntry => ({
    name: path.split('/').at(-1) ?? '',
    path,
    type: 'file',
    mode: 0o640,
    uid: 1,
    gid: 2,
    sizeBytes: 1_500,
    mtime: 0,
    isMount: false,
    ...more,
  });
  const node = (path: string, more: Partial<ChangedNode> = {}): ChangedNode => ({
    name: path.split('/').at(-1) ?? '',
    path,
    children: new Map(),
    hidesLower: false,
    ...more,
  });
  const changed: ChangedNode = node('', {
    children: new Map([
      ['a', node('a', { kind: 'added', file: { type: 'file', mode: 0o644, sizeBytes: 3, mtime: 0 } })],
      ['gone', node('gone', { kind: 'deleted' })],
      ['etc', node('etc', { children: new Map([['b', node('etc/b', { kind: 'modified' })]]) })],
    ]),
  });

  const branches = (live: Partial<LiveListings>): LiveBranches =>
    new LiveBranches({
      list: () => Promise.resolve([]),
      changes: () =>
        Promise.resolve({
          container: { id: 'c1', name: 'web', imageId: 'sha256:1', state: 'running' },
          root: changed,
          counts: { added: 1, modified: 1, deleted: 1 },
          sizeBytes: 3,
        }),
      ...live,
    });

  const faces = (items: readonly DrydockItem[]): readonly string[] =>
    items.map((item) => {
      const { label, description = '' } = item.face(plainWording);
      return `${label} | ${description}`;
    });

  it('are its changes and its files, the same items each time', () => {
    const live = branches({});
    const items = live.of(owner, source);
    assert.deepEqual(faces(items), ['Changes | against its image', 'Files | as they are now']);
    assert.equal(live.of(owner, source), items);
    assert.deepEqual(faces(live.of({ key: 'volume:v' }, { kind: 'volume', name: 'v' })), [
      'Files | as they are now',
    ]);
  });

  it('are listed folder by folder, each when it is opened', async () => {
    const asked: string[] = [];
    const live = branches({
      list: (_source, path) => {
        asked.push(path);
        return Promise.resolve(
          path === ''
            ? [entry('etc', { type: 'directory' }), entry('x\u001b[31m')]
            : [entry('etc/hosts', { type: 'symlink', link: '/run/hosts' })],
        );
      },
    });
    const [, files] = live.of(owner, source);
    assert.ok(files);
    const listed = await live.children(files, () => undefined);
    assert.deepEqual(
      faces(listed),
      ['etc | drwxr-x--- · 1:2', 'x\\u{1b}[31m | 1.50 kB · -rw-r----- · 1:2'].map((line) =>
        line.replace('drwxr-x---', 'drw-r-----'),
      ),
    );
    const [etc] = listed;
    assert.ok(etc);
    assert.deepEqual(faces(await live.children(etc, () => undefined)), [
      'hosts | → /run/hosts · lrw-r----- · 1:2',
    ]);
    assert.deepEqual(asked, ['', 'etc']);
  });

  it('say what changed, folders first, and how much in all', async () => {
    const live = branches({});
    const [changes] = live.of(owner, source);
    assert.ok(changes);
    const redrawn: DrydockItem[] = [];
    const items = await live.children(changes, (some) => redrawn.push(...some));
    assert.deepEqual(faces(items), ['etc | ', 'a | added · 3 B · -rw-r--r--', 'gone | deleted']);
    assert.deepEqual(redrawn, [changes]);
    assert.deepEqual(faces([changes]), ['Changes | 1 added, 1 modified, 1 deleted · 3 B']);
    const [etc] = items;
    assert.ok(etc);
    const [b] = await live.children(etc, () => undefined);
    assert.equal(b?.face(plainWording).command?.id, 'drydock.compareWithImage');
  });

  it('say why they could not be listed, and that a list was cancelled', async () => {
    let error: Error = failure('engineNotFound', { kind: 'container', name: 'web' });
    const live = branches({ list: () => Promise.reject(error) });
    const [, files] = live.of(owner, source);
    assert.ok(files);
    assert.match(faces(await live.children(files, () => undefined))[0] ?? '', /web/);
    error = new DOMException('aborted', 'AbortError');
    assert.deepEqual(faces(await live.children(files, () => undefined)), ['Not listed | cancelled']);
  });
});
