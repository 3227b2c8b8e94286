import assert from 'node:assert/strict';
import { unattended } from '../../../src/core/progress.ts';
import { readSnapshots } from '../../../src/core/snapshot/snapshots.ts';
import { findInSnapshots, type FindResult } from '../../../src/core/snapshotFiles/findInSnapshots.ts';
import type { BlobStore } from '../../../src/core/vault/blobStore.ts';
import { createVault, type Vault } from '../../../src/core/vault/layout.ts';
import { sourceOf, storeImage, volumeDocument } from '../../support/capturedThings.ts';
import { land, snapshotMs, storeTar } from '../../support/snapshotVault.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

describe('finding files over all snapshots', function () {
  this.timeout(20_000);
  const folder = temporaryFolder();
  let vault: Vault;
  const find = async (pattern: string): Promise<FindResult> =>
    findInSnapshots({ vault }, { snapshots: await readSnapshots(vault), pattern }, unattended());
  const told = async (pattern: string): Promise<readonly string[]> =>
    (await find(pattern)).found.map(
      ({ snapshot, root, entry }) =>
        `${snapshot.source.name} ${root.name}:${entry.path} ${entry.type} ${entry.sizeBytes}`,
    );

  beforeEach(async () => {
    vault = await createVault({ path: folder.path(), compression: 'zstd' });
    const image = async (
      name: string,
      createdMs: number,
      tops: Parameters<typeof storeTar>[1][],
    ): Promise<void> => {
      await land(
        vault,
        sourceOf('image', name),
        async (draft, store: BlobStore) => {
          const layers = [
            await storeTar(store, [
              ['etc/'],
              ['etc/a.conf', 'a'],
              ['etc/b.conf', 'bb'],
              ['opt/x/c.conf', 'ccc'],
            ]),
          ];
          for (const top of tops) layers.push(await storeTar(store, top));
          await draft.addImage(await storeImage(store, layers, { tags: [name] }));
        },
        { createdMs },
      );
    };
    await image('base', snapshotMs, []);
    await image('gone', snapshotMs + 1, [
      [
        ['etc/.wh.a.conf', ''],
        ['opt', 'a file now'],
      ],
    ]);
    await image('new', snapshotMs + 2, [
      [
        ['etc/.wh..wh..opq', ''],
        ['etc/b.conf', 'bbbb'],
        ['.wh.opt', ''],
      ],
    ]);
    await land(
      vault,
      sourceOf('volume', 'data'),
      async (draft, store) => {
        const parts = [
          await storeTar(store, [['v/'], ['v/a.conf', 'volume']]),
          await storeTar(store, [['v/d.conf', { type: 'hardlink', linkPath: 'v/a.conf' }]]),
        ];
        await draft.addVolume(volumeDocument('data', parts), parts);
      },
      { createdMs: snapshotMs + 3 },
    );
  });

  it('gives what is truly there in each, newest first', async () => {
    assert.deepEqual(await told('*.conf'), [
      'data data:a.conf file 6',
      'data data:d.conf file 6',
      'new new:etc/b.conf file 4',
      'gone gone:etc/b.conf file 2',
      'base base:etc/a.conf file 1',
      'base base:etc/b.conf file 2',
      'base base:opt/x/c.conf file 3',
    ]);
    assert.deepEqual(await told('/etc/a.conf'), ['base base:etc/a.conf file 1']);
    assert.deepEqual(await told('/opt/**'), ['base base:opt/x/c.conf file 3']);
    assert.deepEqual(await told('opt'), ['gone gone:opt file 10']);
    assert.deepEqual(await told('nothing'), []);
  });

  it('reads the index of a layer that several share no more than twice', async () => {
    const opened = new Map<string, number>();
    const counting: Vault = {
      ...vault,
      blobs: {
        ...vault.blobs,
        open: (digest, options) => {
          opened.set(digest, (opened.get(digest) ?? 0) + 1);
          return vault.blobs.open(digest, options);
        },
      },
    };
    const input = { snapshots: await readSnapshots(vault), pattern: '*.conf' };
    const { found } = await findInSnapshots({ vault: counting }, input, unattended());
    const shared = new Set(
      found.flatMap(({ root }) =>
        root.strata.flatMap(({ layers }) => layers.map(({ index }) => index.entries.digest)),
      ),
    );
    assert.ok(shared.size >= 4);
    // The hard link's other name lies in another part, for which both are read once more.
    for (const digest of shared) assert.ok((opened.get(digest) ?? 0) <= 5, String(opened.get(digest)));
    const [base] = found.filter(({ root }) => root.name === 'base');
    assert.equal(opened.get(base?.root.strata[0]?.layers[0]?.index.entries.digest ?? ''), 2);
  });

  it('names a snapshot that it could not search, and searches the others', async () => {
    const [newest] = await readSnapshots(vault);
    assert.ok(newest);
    await vault.blobs.delete(newest.id);
    const { found, failed } = await find('b.conf');
    assert.deepEqual(
      failed.map(({ snapshot }) => snapshot.id),
      [newest.id],
    );
    assert.equal(found.length, 3);
  });

  it('stops when it is cancelled', async () => {
    const input = { snapshots: await readSnapshots(vault), pattern: '*' };
    const operation = { ...unattended(), signal: AbortSignal.abort() };
    await assert.rejects(findInSnapshots({ vault }, input, operation), { name: 'AbortError' });
  });
});
