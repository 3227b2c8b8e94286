import assert from 'node:assert/strict';
import { digestOf } from '../../../src/core/digest.ts';
import type { SnapshotContents, SnapshotVolume } from '../../../src/core/snapshot/snapshot.ts';
import type {
  CapturedContainer,
  CapturedVolume,
  Remark,
} from '../../../src/core/snapshot/snapshotRecords.ts';
import type { FileEntry } from '../../../src/core/snapshotFiles/rootFiles.ts';
import { pageFiles, pageSnapshot } from '../../../src/report/snapshotPage.ts';
import {
  parseFromSnapshotPage,
  parseSnapshotPageKey,
  parseToSnapshotPage,
  snapshotStringKeys,
} from '../../../src/report/snapshotProtocol.ts';
import { snapshotRecord } from '../../support/snapshotRecords.ts';
import { plainWording } from '../views/plainWording.ts';

const descriptor = { mediaType: 'x', digest: digestOf('x'), size: 1 };
const remark: Remark = { kind: 'changed', subject: 'log/app.log', detail: 'size' };
const volumeDocument: CapturedVolume = {
  formatVersion: 1,
  name: 'data',
  kind: 'volume',
  driver: 'local',
  options: {},
  labels: {},
  isAnonymous: false,
  root: 'v/',
  entryCount: 2,
  plainBytes: 2_560,
  remarks: [remark, { kind: 'xattrs', subject: '.' }],
};
const containerDocument: CapturedContainer = {
  formatVersion: 1,
  name: 'web',
  id: 'c1',
  imageName: 'app:1',
  imageId: digestOf('app'),
  imageManifest: digestOf('manifest'),
  state: 'running',
  createBody: {},
  networks: [],
  mounts: [
    { type: 'volume', name: 'data', source: '', target: '/data', isReadOnly: false, isIncluded: true },
    { type: 'bind', name: '', source: '/etc/app', target: '/etc', isReadOnly: true, isIncluded: false },
  ],
  remarks: [],
  inspect: null,
};
const volume: SnapshotVolume = { descriptor, document: volumeDocument, parts: [] };
const contents: SnapshotContents = {
  snapshot: snapshotRecord('web', { source: { kind: 'container', name: 'web' } }),
  images: [
    { id: digestOf('app'), tags: ['app:1', 'app:latest'], role: 'image', target: descriptor, manifests: [] },
    { id: digestOf('own'), tags: [], role: 'writable', target: descriptor, manifests: [] },
  ],
  containers: [{ descriptor, document: containerDocument }],
  volumes: [volume],
};
const roots = (['container', 'volume', 'image'] as const).map((kind) => ({
  root: { name: kind, kind, mountedAt: [], strata: [] },
}));
const abilities = { extract: true, putBack: true };
const page = pageSnapshot(contents, roots, abilities, plainWording);

describe('the page of a snapshot', () => {
  it('lists what the snapshot holds, each kind in a section, and no image that means nothing to people', () => {
    assert.deepEqual(
      page.sections.map(({ title, rows }) => [title, rows.map(({ name }) => name)]),
      [
        ['Containers', ['web']],
        ['Volumes', ['data']],
        ['Images', ['app:1']],
      ],
    );
  });

  it('says which mounts are not included', () => {
    assert.deepEqual(page.sections[0]?.rows[0]?.lines, ['data → /data', '/etc/app → /etc (not included)']);
  });

  it('words every remark with the thing it is about, and what was found damaged', () => {
    assert.deepEqual(page.remarks, [
      { kind: 'changed while it was read', subject: 'data: log/app.log', detail: 'size' },
      { kind: 'is kept without what engines don’t hand out', subject: 'data', detail: '' },
    ]);
    const damaged = { ...contents.snapshot, damaged: { atMs: 1, reason: 'a blob is missing' } };
    const { alert } = pageSnapshot({ ...contents, snapshot: damaged }, [], abilities, plainWording);
    assert.equal(alert, 'This snapshot is damaged: a blob is missing');
  });

  it('offers to put files back where there is something to put them into, and only what can be done', () => {
    assert.deepEqual(
      page.roots.map(({ name, canPutBack }) => [name, canPutBack]),
      [
        ['container', true],
        ['volume', true],
        ['image', false],
      ],
    );
    const bare = pageSnapshot(contents, roots, { extract: false, putBack: false }, plainWording);
    assert.ok(bare.roots.every(({ canExtract, canPutBack }) => !canExtract && !canPutBack));
  });

  it('lists folders before files, with sizes, modes, owners and where links lead', () => {
    const entry = (name: string, change: Partial<FileEntry> = {}): FileEntry => ({
      ...{ name, path: `a/${name}`, type: 'file', mode: 0o100644, uid: 1, gid: 2, sizeBytes: 1_500 },
      ...change,
    });
    const files = pageFiles([
      entry('file'),
      entry('link', { type: 'symlink', link: '../x', mode: 0o777, sizeBytes: 0 }),
      entry('folder', { type: 'directory', mode: 0o1777, sizeBytes: 0 }),
      entry('pipe', { type: 'fifo', sizeBytes: 0 }),
    ]);
    assert.deepEqual(
      files.map(({ name, type, facts }) => [name, type, facts]),
      [
        ['folder', 'folder', '1777 · 1:2'],
        ['file', 'file', '1.50 kB · 0644 · 1:2'],
        ['link', 'link', '→ ../x · 0777 · 1:2'],
        ['pipe', 'other', '0644 · 1:2'],
      ],
    );
  });
});

describe('the messages of a snapshot’s page', () => {
  const strings = Object.fromEntries(snapshotStringKeys.map((key) => [key, key]));
  const key = { vaultPath: '/v', id: 'sha256:1', title: 'web' };
  const show = { type: 'show', key, language: 'en', strings, state: { kind: 'ready', snapshot: page } };

  it('arrive as they were sent', () => {
    const sent = [
      show,
      { ...show, state: { kind: 'failed', message: 'gone' } },
      { type: 'files', request: 1, left: 0, files: pageFiles([]) },
      { type: 'failed', request: 2, message: 'no' },
    ];
    for (const message of sent)
      assert.deepEqual(parseToSnapshotPage(JSON.parse(JSON.stringify(message))), message);
    const asked = [
      { type: 'ready' },
      { type: 'list', request: 3, root: 'data', path: '' },
      { type: 'open', root: 'data', path: 'a/b' },
    ];
    for (const message of asked) assert.deepEqual(parseFromSnapshotPage(message), message);
    assert.deepEqual(parseSnapshotPageKey(key), key);
  });

  it('are passed over when they are none', () => {
    const odd: readonly unknown[] = [
      undefined,
      null,
      [],
      'ready',
      { type: 'list', request: -1, root: 'data', path: '' },
      { type: 'open', root: 'data' },
      { type: 'delete', root: 'data', path: 'a' },
      { type: 'extract', root: 'data', path: 'x'.repeat(100_001) },
    ];
    for (const message of odd) assert.equal(parseFromSnapshotPage(message), undefined);
    const broken: readonly unknown[] = [
      { ...show, strings: {} },
      { ...show, key: { id: 1 } },
      { ...show, state: { kind: 'ready', snapshot: { ...page, remarks: [{ kind: 1 }] } } },
      { type: 'files', request: 1, left: 0, files: [{ name: 'x', path: 'x', facts: '', type: 'door' }] },
      { type: 'failed', request: 1 },
    ];
    for (const message of broken) assert.equal(parseToSnapshotPage(message), undefined);
    assert.equal(parseSnapshotPageKey({ vaultPath: '/v' }), undefined);
  });
});
