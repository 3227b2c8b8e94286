import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { contextValues, type ContextValue } from '../../../src/contributions.ts';
import type { ContainerState } from '../../../src/core/engine/records.ts';
import { failure, type DrydockError } from '../../../src/core/errors.ts';
import { instructionOf } from '../../../src/core/dockerfile/instruction.ts';
import type { LayerFill } from '../../../src/core/inspect/imageLayers.ts';
import { ContainerItem } from '../../../src/views/containerItem.ts';
import { FileItem, type FileRow } from '../../../src/views/fileItem.ts';
import { FilesItem } from '../../../src/views/filesItem.ts';
import { ImageItem } from '../../../src/views/imageItem.ts';
import { LayerItem } from '../../../src/views/layerItem.ts';
import { failureMessage, MessageItem, type Message } from '../../../src/views/messageItem.ts';
import { MoreItem } from '../../../src/views/moreItem.ts';
import { ProjectItem } from '../../../src/views/projectItem.ts';
import { RegistryItem } from '../../../src/views/registryItem.ts';
import { remoteFacts } from '../../../src/views/remoteFactItem.ts';
import { remoteFailure } from '../../../src/views/remoteMessage.ts';
import { RemoteMoreItem } from '../../../src/views/remoteMoreItem.ts';
import { RemoteRepositoryItem } from '../../../src/views/remoteRepositoryItem.ts';
import { RemoteTagItem } from '../../../src/views/remoteTagItem.ts';
import { RepositoryItem } from '../../../src/views/repositoryItem.ts';
import { SnapshotItem } from '../../../src/views/snapshotItem.ts';
import { SourceItem } from '../../../src/views/sourceItem.ts';
import { VaultItem } from '../../../src/views/vaultItem.ts';
import { ownIcons, type DrydockItem } from '../../../src/views/viewItem.ts';
import { ChangesItem } from '../../../src/views/changesItem.ts';
import { LiveFileItem, type LiveRow } from '../../../src/views/liveFileItem.ts';
import { LiveFilesItem } from '../../../src/views/liveFilesItem.ts';
import { VolumeItem } from '../../../src/views/volumeItem.ts';
import type { KnownVault } from '../../../src/vaults/vaultList.ts';
import { snapshotRecord } from '../../support/snapshotRecords.ts';
import { container, idOf, image, volume } from '../inventory/records.ts';
import { plainWording } from './plainWording.ts';

const states: readonly ContainerState[] = [
  'created',
  'running',
  'paused',
  'restarting',
  'removing',
  'exited',
  'dead',
  'unknown',
];
const fills: readonly LayerFill[] = ['filled', 'empty', 'unknown'];

const unreachable = failure('engineUnreachable', { endpoint: 'unix:///x.sock' });
const messages: readonly (readonly [Message, string, string | undefined])[] = [
  [{ reason: 'loading' }, 'Loading…', undefined],
  [{ reason: 'empty', list: 'images' }, 'No images yet', 'drydock.loadArchive'],
  [{ reason: 'empty', list: 'containers' }, 'No containers yet', undefined],
  [{ reason: 'empty', list: 'volumes' }, 'No volumes yet', undefined],
  [{ reason: 'filtered', by: 'text', text: 'x' }, 'Nothing matches “x”', 'drydock.clearFilter'],
  [{ reason: 'filtered', by: 'setting' }, 'Only images without a tag', 'drydock.openSettings'],
  [{ reason: 'unread', imageId: idOf('web') }, 'The image was not read', 'drydock.readAgain'],
  [{ reason: 'noFiles', why: 'empty' }, 'This step made no layer of files', undefined],
  [{ reason: 'noFiles', why: 'unknown' }, 'It can’t be told which layer this step made', undefined],
  [{ reason: 'noFiles', why: 'nothing' }, 'No files', undefined],
  [failureMessage(unreachable), 'No engine answers', 'drydock.refresh'],
  [
    failureMessage(failure('engineDenied', { endpoint: 'unix:///x.sock' })),
    'The engine denies access',
    'drydock.chooseEngine',
  ],
  [
    failureMessage(failure('engineTooOld', { endpoint: 'e', found: '1.24', needed: '1.40' })),
    'The engine is too old',
    'drydock.chooseEngine',
  ],
  [
    failureMessage(failure('contextUnknown', { name: 'gone' })),
    'There is no Docker context "gone". `docker context ls` lists them; choose another engine.',
    'drydock.chooseEngine',
  ],
  [
    failureMessage(failure('engineRefused', { call: 'list volumes', reason: 'a plugin is gone' })),
    'The engine refused "list volumes": a plugin is gone',
    'drydock.refresh',
  ],
];

const remote = { host: 'registry.example', path: 'team/app' };
const remoteMessages: typeof messages = [
  [
    remoteFailure(remote, failure('registryLogInMissing', { host: remote.host, what: 'list tags' })),
    'The registry registry.example wants a log-in to list tags. Run `docker login registry.example`, then try again.',
    'drydock.logInRegistry',
  ],
  [
    remoteFailure(
      { host: remote.host },
      failure('registryDenied', { host: remote.host, what: 'x', reason: 'y' }),
    ),
    'This registry lists no repositories',
    'drydock.addRepository',
  ],
  [
    remoteFailure(remote, failure('registryDenied', { host: remote.host, what: 'x', reason: 'y' })),
    'The registry registry.example doesn’t let this log-in x: y. Ask whoever runs it for the right to.',
    'drydock.refreshRegistries',
  ],
  [{ reason: 'remote', why: 'cancelled', remote }, 'Not listed', 'drydock.refreshRegistries'],
  [{ reason: 'remote', why: 'none', remote }, 'No tags', 'drydock.refreshRegistries'],
  [
    { reason: 'remote', why: 'none', remote: { host: remote.host } },
    'No repositories yet',
    'drydock.addRepository',
  ],
];

const place = { imageId: idOf('web'), tag: 'web:latest', path: '' };
const plain: FileRow = { isFolder: false, hasChildren: false, sizeBytes: 12 };
const fileRows: readonly FileRow[] = [
  plain,
  { ...plain, isFolder: true, hasChildren: true },
  ...(['added', 'changed', 'metadata', 'same', 'removed', 'within'] as const).map((change) => ({
    ...plain,
    change,
  })),
];
const images = [new ImageItem(image('web'), 'web:latest'), new ImageItem(image('left'), undefined)];
const unopened: KnownVault = { name: 'v', path: '/v', state: { kind: 'opening' } };
const everyKind: readonly DrydockItem[] = [
  new RepositoryItem('web'),
  ...images,
  ...fills.map(
    (fill, index) =>
      new LayerItem(
        images[0] ?? assert.fail(),
        { fill, instruction: instructionOf('', '') },
        { fromBottom: index, step: { height: index, count: fills.length } },
      ),
  ),
  new FilesItem(images[0] ?? assert.fail()),
  ...fileRows.map((row, index) => new FileItem('key', { ...place, path: `etc/${index}` }, row)),
  new MoreItem('key', place, 12_345),
  new ProjectItem('shop'),
  ...states.map((state) => new ContainerItem(container('c', { state }))),
  new VolumeItem(volume('data')),
  ...liveItems(),
  ...[
    unopened,
    { ...unopened, path: 'registry://r.test/v' },
    { ...unopened, state: { kind: 'failed', error: failure('fileMissing', { path: '/v' }) } as const },
  ].map((vault) => new VaultItem(vault)),
  new SourceItem('/v', snapshotRecord('s').source),
  ...[true, false].map((isPinned) => new SnapshotItem('/v', snapshotRecord('s', { isPinned }))),
  ...remoteItems(),
  ...[...messages, ...remoteMessages].map(([message], index) => new MessageItem(String(index), message)),
];

describe('what items show', () => {
  it('uses every context value of the contributions, and no other', () => {
    const used = new Set<ContextValue | undefined>(
      everyKind.map((item) => item.face(plainWording).contextValue),
    );
    assert.deepEqual([...used].sort(), Object.values(contextValues).sort());
  });

  it('shows something for every menu of package.json that asks for an item', async () => {
    const manifest = await readFile(new URL('../../../package.json', import.meta.url), 'utf8');
    const asked = [
      ...[...manifest.matchAll(/viewItem == ([\w.]+)/g)].map(([, name]) => new RegExp(`^${name ?? ''}$`)),
      ...[...manifest.matchAll(/viewItem =~ \/(.+?)\/"/g)].map(
        ([, pattern]) => new RegExp((pattern ?? '').replaceAll('\\\\', '\\')),
      ),
    ];
    assert.ok(asked.length > 10);
    for (const pattern of asked)
      assert.ok(
        Object.values(contextValues).some((value) => pattern.test(value)),
        String(pattern),
      );
  });

  it('has a label and words for screen readers on every item', () => {
    for (const item of everyKind) {
      const face = item.face(plainWording);
      assert.notEqual(face.label, '');
      assert.ok(face.spoken.length >= face.label.length || face.spoken.includes(face.label));
    }
  });

  it('finds each icon of its own in the light and the dark set, and no icon that nothing uses', () => {
    for (const theme of ['light', 'dark']) {
      const files = readdirSync(new URL(`../../../media/icons/${theme}`, import.meta.url));
      assert.deepEqual(files.sort(), ownIcons.map((name) => `${name}.svg`).sort());
    }
    const used = everyKind.flatMap((item) => {
      const { icon } = item.face(plainWording);
      return 'own' in icon ? [icon.own] : [];
    });
    assert.deepEqual([...new Set(used)].sort(), [...ownIcons].sort());
    assert.ok(existsSync(new URL('../../../media/drydock.svg', import.meta.url)));
  });

  for (const [message, label, command] of [...messages, ...remoteMessages])
    it(`says "${label}" and offers ${command ?? 'nothing'}`, () => {
      const face = new MessageItem('m', message).face(plainWording);
      assert.equal(face.label, label);
      assert.equal(face.command?.id, command);
      assert.ok(
        ['loading', 'failed', 'noFiles', 'remote'].includes(message.reason) || face.description !== undefined,
      );
    });

  it('tells size, mode, owner and link of a file, in words for screen readers too', () => {
    const file = {
      type: 'symlink' as const,
      mode: 0o4755,
      uid: 1000,
      gid: 50,
      sizeBytes: 0,
      mtime: 1_700_000_000,
      link: '../a\u202eb',
      isSparse: false,
      header: 0,
      offset: 0,
      layer: undefined,
    };
    const item = new FileItem(
      'key',
      { ...place, path: 'usr/bin/sudo' },
      { ...plain, file, change: 'removed' },
    );
    const face = item.face(plainWording);
    assert.equal(face.label, 'sudo');
    assert.equal(face.description, 'removed · → ../a\\u{202e}b · lrwsr-xr-x · 1000:50');
    assert.equal(face.spoken, 'sudo, link to ../a\\u{202e}b, removed, mode 4755, owner 1000:50');
    assert.deepEqual(face.file, { name: 'sudo', change: 'removed' });
  });

  it('tells the whole sentence of a failure in the tooltip', () => {
    const told = (error: DrydockError, retryInMs?: number): string =>
      JSON.stringify(new MessageItem('m', failureMessage(error, retryInMs)).details(plainWording)?.rows);
    assert.match(told(unreachable), /No engine answers at unix:\/\/\/x\.sock/);
    assert.doesNotMatch(told(unreachable), /keeps trying/);
    assert.match(told(unreachable, 1_000), /keeps trying/);
  });
});

function liveItems(): readonly DrydockItem[] {
  const source = { kind: 'container', id: 'c', name: 'web' } as const;
  const row = (more: Partial<LiveRow>): LiveFileItem =>
    new LiveFileItem('container:c/files', {
      source,
      path: 'etc/hosts',
      isMount: false,
      hasChildren: false,
      file: { type: 'file', mode: 0o644, uid: 7, gid: 8, sizeBytes: 10, mtime: 1_700_000_000 },
      ...more,
    });
  const folder = { type: 'directory', mode: 0o755, sizeBytes: 0 } as const;
  return [
    new ChangesItem('container:c', source),
    new LiveFilesItem('container:c', source),
    row({}),
    row({ path: 'etc', file: folder, isMount: true, hasChildren: true }),
    row({ path: 'etc', change: 'within', hasChildren: true }),
    row({ path: 'var', file: folder, change: 'added' }),
    row({ path: 'a\u202eb', change: 'added' }),
    new LiveFileItem('container:c/changes', {
      source,
      path: 'gone',
      isMount: false,
      change: 'deleted',
      hasChildren: false,
    }),
    row({ path: 'new', file: { type: 'symlink', mode: 0o777, link: '/x' }, change: 'modified' }),
  ];
}

function remoteItems(): readonly DrydockItem[] {
  const digest = idOf('remote');
  const facts = { digest, mediaType: 'x', createdMs: 1_700_000_000_000, companions: 2 };
  const platforms = [
    { name: 'linux/amd64', digest, sizeBytes: 10 },
    { name: 'linux/arm\u202e64', digest },
  ];
  const tags = [
    undefined,
    { ...facts, what: { kind: 'image', sizeBytes: 10, platforms } } as const,
    { ...facts, what: { kind: 'artifact', type: 'application/x', sizeBytes: 10 } } as const,
    { ...facts, what: { kind: 'snapshot', snapshot: snapshotRecord('s') } } as const,
  ].map((known, index) => {
    const item = new RemoteTagItem('remote', remote.host, remote.path, `t${index}`);
    item.update(known);
    return item;
  });
  return [
    new RegistryItem({ host: remote.host, repositories: ['x'], isPlainHttp: true }),
    new RemoteRepositoryItem(remote.host, remote.path, false),
    new RemoteRepositoryItem(remote.host, remote.path, true),
    ...tags,
    ...tags.flatMap((item) => (item.facts ? remoteFacts(item, item.facts, plainWording) : [])),
    new RemoteMoreItem('remote', remote),
  ];
}

describe('what a tag of a registry shows', () => {
  it('tells images, artifacts and snapshots apart, once it is known', () => {
    const shown = remoteItems()
      .filter((item) => item.kind === 'remoteTag')
      .map((item) => item.face(plainWording));
    assert.deepEqual(
      shown.map(({ description, icon }) => [description, 'own' in icon ? icon.own : icon.codicon]),
      [
        [undefined, 'tag'],
        ['2 platforms · 10 B · yesterday', 'image'],
        ['artifact · 10 B · yesterday', 'package'],
        ['snapshot of the volume data · 2.00 MB · yesterday', 'history'],
      ],
    );
  });

  it('obeys no mark in what a registry says', () => {
    const labels = remoteItems().map((item) => item.face(plainWording).label);
    assert.ok(labels.includes('linux/arm\\u{202e}64'));
  });
});
