import assert from 'node:assert/strict';
import { digestOf } from '../../../src/core/digest.ts';
import { engineIdentity } from '../../../src/core/snapshot/engineIdentity.ts';
import { snapshotRef, sourceInRef, sourceRef, timeInRef } from '../../../src/core/snapshot/refNames.ts';
import type { Snapshot } from '../../../src/core/snapshot/snapshot.ts';
import { annotationsOf, entryOf, snapshotOf } from '../../../src/core/snapshot/snapshotAnnotations.ts';
import { findSnapshot, readSnapshots } from '../../../src/core/snapshot/snapshots.ts';
import { putDocument } from '../../../src/core/vault/blobStore.ts';
import { createVault } from '../../../src/core/vault/layout.ts';
import { currentProcess } from '../../../src/core/vault/processIdentity.ts';
import {
  newEntry,
  parseSnapshotIndex,
  snapshotType,
  type IndexEntry,
} from '../../../src/core/vault/snapshotIndex.ts';
import { updateSnapshotIndex } from '../../../src/core/vault/updateIndex.ts';
import { sourceOf } from '../../support/capturedThings.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const createdMs = Date.parse('2026-11-21T10:20:30.400Z');

function snapshotNamed(name: string, at = createdMs, engineId = 'E1'): Snapshot {
  const source = sourceOf('image', name, engineId);
  const refName = snapshotRef(source, at, () => false);
  return {
    id: digestOf(`${refName} ${engineId}`),
    sizeBytes: 10,
    refName,
    source,
    createdMs: at,
    plainBytes: 5,
    newBytes: 4,
    imageIds: [digestOf('image')],
    tags: [],
    isPinned: false,
    remarkCount: 0,
  };
}

function entryWith(annotations: Readonly<Record<string, unknown>>): IndexEntry {
  const manifest = {
    mediaType: 'x',
    artifactType: snapshotType,
    digest: digestOf('s'),
    size: 1,
    annotations,
  };
  const index = parseSnapshotIndex(
    Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [manifest] })),
    'x',
  );
  return index.entries[0] ?? assert.fail();
}

describe('what index.json says of a snapshot', () => {
  const full: Snapshot = {
    ...snapshotNamed('app:1'),
    tags: ['daily', 'a,b'],
    isPinned: true,
    verified: { atMs: createdMs + 1, depth: 'contents' },
    damaged: { atMs: createdMs + 2, reason: 'gone' },
    remarkCount: 3,
  };
  const entry = (of: Snapshot): IndexEntry =>
    newEntry({
      mediaType: 'x',
      artifactType: snapshotType,
      digest: of.id,
      sizeBytes: 10,
      annotations: annotationsOf(of),
    });

  it('comes back as it was, with all of it and with the least', () => {
    assert.deepEqual(snapshotOf(entry(full)), full);
    const least = { ...snapshotNamed('app:1'), imageIds: [] };
    assert.deepEqual(snapshotOf(entry(least)), least);
    assert.equal(annotationsOf(full)['io.containerd.image.name'], 'docker.io/library/app:1');
  });

  it('keeps what others wrote beside it when it is changed', () => {
    const before = entryWith({ ...annotationsOf(full), 'org.example': 'theirs' });
    const after = entryOf({ ...full, isPinned: false }, before);
    assert.equal(after.descriptor?.annotations['org.example'], 'theirs');
    assert.equal(after.descriptor.annotations['dev.drydock.pinned'], undefined);
    assert.equal(snapshotOf(after)?.isPinned, false);
  });

  it('is nothing for entries of other tools', () => {
    assert.equal(snapshotOf({ fields: {} }), undefined);
    const foreign = newEntry({ mediaType: 'x', digest: digestOf('s'), sizeBytes: 1, annotations: {} });
    assert.equal(snapshotOf(foreign), undefined);
  });

  it('still lists a snapshot whose every annotation is missing or broken, and names what is', () => {
    const bare = snapshotOf(entryWith({}));
    assert.equal(bare?.createdMs, 0);
    assert.ok(bare.unreadable?.includes('org.opencontainers.image.created'));
    const broken = snapshotOf(
      entryWith({
        'org.opencontainers.image.ref.name': 'web:1@20260102T030405Z',
        'org.opencontainers.image.created': 'yesterday',
        'dev.drydock.kind': 'planet',
        'dev.drydock.source': 7,
        'dev.drydock.image.ids': 'x,sha256:1',
        'dev.drydock.size': '-1',
        'dev.drydock.new': '1e99',
        'dev.drydock.tags': '[1,',
        'dev.drydock.verified': 'x',
        'dev.drydock.damaged': 'x',
      }),
    );
    assert.ok(broken);
    assert.equal(broken.createdMs, Date.parse('2026-01-02T03:04:05Z'));
    assert.deepEqual(broken.source, { kind: 'image', name: 'web:1', engineId: '', engineName: '' });
    assert.equal(broken.verified, undefined);
    assert.deepEqual(broken.damaged, { atMs: 0, reason: '' });
    assert.ok(broken.unreadable?.includes('dev.drydock.tags'));
  });
});

describe('names of snapshots', () => {
  it('use only what the spec allows, whatever the source is called', () => {
    const component = '[A-Za-z0-9]+(?:(?:[-._:@+]|--)[A-Za-z0-9]+)*';
    const spec = new RegExp(`^${component}(?:/${component})*$`);
    for (const name of [
      'app:1',
      'ghcr.io/a/b__c:2',
      '_x_',
      '--',
      '',
      'ä/ö',
      'a//b',
      '/etc/conf.d',
      'x'.repeat(500),
      digestOf('x'),
    ])
      for (const kind of ['image', 'container', 'volume', 'project'] as const) {
        const ref = snapshotRef({ kind, name }, createdMs, () => false);
        assert.match(ref, spec, name);
        assert.ok(ref.length <= 255);
      }
    const refOf = (kind: 'image' | 'volume', name: string): string =>
      snapshotRef({ kind, name }, Date.UTC(2026, 0, 2, 3, 4, 5), () => false);
    // Podman takes these for the name and the tag of an image.
    assert.equal(refOf('image', 'localhost:5000/a/b:1'), 'localhost:5000/a/b:1-20260102T030405Z');
    assert.equal(refOf('image', 'localhost:5000/a'), 'localhost:5000/a:20260102T030405Z');
    assert.equal(refOf('volume', 'data'), 'volume/data:20260102T030405Z');
    assert.equal(sourceRef({ kind: 'image', name: 'localhost:5000/a/b:1' }), 'localhost:5000/a/b:1');
    assert.equal(sourceRef({ kind: 'volume', name: 'my_data' }), 'volume/my_data');
  });
});

describe('the name of a snapshot whose annotations are lost', () => {
  const at = Date.UTC(2026, 0, 2, 3, 4, 5);
  for (const [refName, source] of [
    ['app:1.4-20260102T030405Z', 'app:1.4'],
    ['app:1.4-20260102T030405Z-2', 'app:1.4'],
    ['volume/data:20260102T030405Z', 'volume/data'],
    ['app:1.4@20260102T030405Z', 'app:1.4'],
  ] as const)
    it(`tells source and time: ${refName}`, () => {
      assert.deepEqual([sourceInRef(refName), timeInRef(refName)], [source, at]);
    });

  it('tells nothing where it has another form', () => {
    assert.deepEqual([sourceInRef('app:1.4'), timeInRef('app:1.4')], ['app:1.4', undefined]);
  });
});

describe('finding a snapshot', () => {
  const old = snapshotNamed('app:1', createdMs - 60_000);
  const now = snapshotNamed('app:1');
  const other = snapshotNamed('web:1');
  const all = [now, other, old];

  it('takes its name, a start of its ID, or the latest of a source', () => {
    assert.equal(findSnapshot(all, old.refName), old);
    assert.equal(findSnapshot(all, other.id), other);
    assert.equal(findSnapshot(all, other.id.slice('sha256:'.length, 20)), other);
    assert.equal(findSnapshot(all, 'app:1@latest'), now);
    assert.equal(findSnapshot([old, now], 'latest'), now);
  });

  it('does not take for the latest what a restore replaced, unless there is nothing else', () => {
    const replaced = { ...snapshotNamed('app:1', createdMs + 60_000), tags: ['before-restore'] };
    const older = { ...snapshotNamed('app:1', createdMs + 30_000), tags: ['before-restore'] };
    assert.equal(findSnapshot([replaced, now, old], 'app:1@latest'), now);
    assert.equal(findSnapshot([old, now, replaced], 'latest'), now);
    assert.equal(findSnapshot([replaced, older], 'app:1@latest'), replaced);
  });

  it('refuses what means none or several', () => {
    const elsewhere = snapshotNamed('app:1', createdMs, 'E2');
    for (const text of ['none@latest', '', other.id.slice('sha256:'.length, 10)])
      assert.throws(() => findSnapshot(all, text), { code: 'snapshotUnknown', details: { text } });
    assert.throws(() => findSnapshot(all, 'latest'), {
      code: 'notExactlyOne',
      details: { text: 'latest', count: 2, kind: 'snapshots' },
    });
    assert.throws(() => findSnapshot([now, elsewhere], 'app:1@latest'), { code: 'notExactlyOne' });
  });
});

describe('the list of snapshots', function () {
  this.timeout(20_000);
  const folder = temporaryFolder();
  it('is newest first and passes over entries of other tools', async () => {
    const vault = await createVault({ path: folder.path(), compression: 'zstd' });
    const owner = await currentProcess();
    const entries: IndexEntry[] = [{ fields: { strange: true } }];
    for (const at of [1, 3, 2]) {
      const blob = await putDocument(vault.blobs, String(at));
      const annotations = annotationsOf(snapshotNamed('app:1', at * 60_000));
      entries.push(newEntry({ ...blob, mediaType: 'x', artifactType: snapshotType, annotations }));
    }
    await updateSnapshotIndex({ vault, owner }, () => entries);
    const found = await readSnapshots(vault);
    assert.deepEqual(
      found.map((one) => one.createdMs),
      [180_000, 120_000, 60_000],
    );
  });
});

describe('the identity of an engine', () => {
  const info = {
    id: 'ID',
    hostName: 'host',
    product: 'docker',
    version: '1',
    apiVersion: '1.41',
    imageStore: 'graphdriver',
    storageDriver: 'overlay2',
    platform: { os: 'linux', architecture: 'amd64' },
  } as const;
  it('is its own ID, or its host where it has none', () => {
    assert.deepEqual(engineIdentity(info), { engineId: 'ID', engineName: 'host' });
    assert.deepEqual(engineIdentity({ ...info, id: '' }), { engineId: 'host', engineName: 'host' });
  });
});
