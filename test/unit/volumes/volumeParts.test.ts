import assert from 'node:assert/strict';
import { tarEnd, tarFile, tarHeader } from '../../../src/core/archive/tarWriter.ts';
import { unattended } from '../../../src/core/progress.ts';
import type { SnapshotVolume } from '../../../src/core/snapshot/snapshot.ts';
import { putLayer } from '../../../src/core/snapshot/storedLayer.ts';
import { memoryStore } from '../../../src/core/vault/memoryStore.ts';
import { checkVolumeParts, joinedParts } from '../../../src/core/volumes/volumeParts.ts';
import { collect, inChunks } from '../../support/archives/byteStreams.ts';
import { failureOf } from '../../support/failureOf.ts';

const root = tarHeader({ path: 'v/', type: 'directory' });
const parts = [
  [root, tarFile('v/a', 'one')],
  [tarFile('v/b', Buffer.alloc(9000, 1)), tarHeader({ path: 'v/c', type: 'hardlink', linkPath: 'v/a' })],
];

async function stored(tars: readonly (readonly Uint8Array[])[], entryCount?: number) {
  const store = memoryStore();
  const layers = [];
  for (const entries of tars) {
    const bytes = inChunks(Buffer.concat([...entries, tarEnd]));
    layers.push(await putLayer(store, { bytes, name: 'part', compression: 'zstd' }));
  }
  const count = layers.reduce((sum, { index }) => sum + index.entryCount, 0);
  const volume: SnapshotVolume = {
    descriptor: {
      mediaType: 'none',
      digest: layers[0]?.descriptor.digest ?? '',
      size: 0,
    } as SnapshotVolume['descriptor'],
    document: {
      formatVersion: 1,
      name: 'data',
      kind: 'volume',
      driver: 'local',
      options: {},
      labels: {},
      isAnonymous: false,
      root: 'v/',
      entryCount: entryCount ?? count,
      plainBytes: 0,
      remarks: [],
    },
    parts: layers,
  };
  return { store, volume };
}

const codeOf = async (tars: readonly (readonly Uint8Array[])[], entryCount?: number): Promise<string> => {
  const { store, volume } = await stored(tars, entryCount);
  return (await failureOf(checkVolumeParts(store, volume, unattended()))).code;
};

describe('the parts of a volume in a vault', () => {
  it('pass when they are whole, and are one tar when joined', async () => {
    const { store, volume } = await stored(parts);
    await checkVolumeParts(store, volume, unattended());
    const joined = await collect(joinedParts(store, volume, unattended()));
    assert.deepEqual(joined, Buffer.concat([...parts.flat(), tarEnd]));
  });

  it('are refused when one is missing, or more entries are there than the document says', async () => {
    assert.equal(await codeOf(parts, 5), 'volumeDataWrong');
    assert.equal(await codeOf(parts, 3), 'volumeDataWrong');
  });

  const unsafe = ['/etc/passwd', 'v/../etc/passwd', '../x', 'w/x', 'vault', 'v/a/../../b'];
  for (const path of unsafe)
    it(`are refused with the name ${path}`, async () => {
      assert.equal(await codeOf([[root, tarFile(path, 'x')]]), 'archiveUnsafePath');
      const link = tarHeader({ path: 'v/link', type: 'hardlink', linkPath: path });
      assert.equal(await codeOf([[root, link]]), 'archiveUnsafePath');
    });

  it('may hold symlinks that lead anywhere: only their names are written', async () => {
    const link = tarHeader({ path: 'v/link', type: 'symlink', linkPath: '../../etc/passwd' });
    const { store, volume } = await stored([[root, link]]);
    await checkVolumeParts(store, volume, unattended());
  });

  const away = tarHeader({ path: 'v/away', type: 'symlink', linkPath: '/etc' });
  const raw = (byte: number, ...rest: Parameters<typeof tarHeader>): Buffer => {
    const header = Buffer.from(tarHeader(...rest));
    header[3] = byte;
    header.fill(0x20, 148, 156);
    const sum = header.reduce((total, one) => total + one, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    return header;
  };

  it('are refused with anything below a symlink, which an engine may follow out of the volume', async () => {
    assert.equal(await codeOf([[root, away, tarFile('v/away/passwd', 'x')]]), 'archiveUnsafePath');
    assert.equal(await codeOf([[root, away], [tarFile('v/away/deep/passwd', 'x')]]), 'archiveUnsafePath');
    assert.equal(await codeOf([[root, away, tarFile('v//away/./passwd', 'x')]]), 'archiveUnsafePath');
    const link = tarHeader({ path: 'v/link', type: 'hardlink', linkPath: 'v/away/shadow' });
    assert.equal(await codeOf([[root, away, link]]), 'archiveUnsafePath');
    const oddLink = raw(0xff, { path: 'v/a?', type: 'symlink', linkPath: '/etc' });
    const below = raw(0xff, { path: 'v/a?/passwd' });
    assert.equal(await codeOf([[root, oddLink, below]]), 'archiveUnsafePath');
  });

  it('may hold names beside a symlink that begin alike, or differ in a byte that is not UTF-8', async () => {
    const beside = tarHeader({ path: 'v/away-too', type: 'directory' });
    const odd = raw(0xff, { path: 'v/a?', type: 'symlink', linkPath: '/etc' });
    const other = raw(0xfe, { path: 'v/a?/', type: 'directory' });
    const file = raw(0xfe, { path: 'v/a?/file' });
    const { store, volume } = await stored([
      [root, away, beside, tarFile('v/away-too/file', 'x'), odd, other, file],
    ]);
    await checkVolumeParts(store, volume, unattended());
  });

  it('are refused when a blob is gone', async () => {
    const { store, volume } = await stored(parts);
    const [, second] = volume.parts;
    assert.ok(second);
    await store.delete(second.index.digest);
    assert.equal((await failureOf(checkVolumeParts(store, volume, unattended()))).code, 'blobMissing');
  });
});
