import assert from 'node:assert/strict';
import { tarEnd, tarFile, tarHeader } from '../../../src/core/archive/tarWriter.ts';
import type { LayerEntry } from '../../../src/core/vault/layerEntry.ts';
import { renamedTar } from '../../../src/core/volumes/renamedTar.ts';
import { tarEntries } from '../../../src/core/volumes/tarEntries.ts';
import { collect, inChunks } from '../../support/archives/byteStreams.ts';
import { failureOf } from '../../support/failureOf.ts';

const long = `v/${'deep/'.repeat(60)}file`;

/** Sets a field of a header and its checksum anew. */
function patched(header: Uint8Array, at: number, value: string): Buffer {
  const block = Buffer.from(header);
  block.write(value, at, 'latin1');
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

const device = patched(
  patched(tarHeader({ path: 'v/dev', mode: 0o600 }), 156, '4'),
  329,
  '0000403\x003777777\0',
);
const odd = Buffer.concat([
  tarHeader({ path: 'v/', type: 'directory', mode: 0o2751, mtime: 1_300_000_000 }),
  tarFile('v/plain', 'data'),
  tarHeader({ path: 'v/link', type: 'hardlink', linkPath: 'v/plain' }),
  tarHeader({ path: 'v/away', type: 'symlink', linkPath: '../../v/x' }),
  patched(tarHeader({ path: 'v/owned', mode: 0o4755 }), 108, '0001747\x000001746\0'),
  device,
  tarFile(long, Buffer.alloc(513, 7)),
  tarHeader({ path: 'v/long', type: 'hardlink', linkPath: long }),
  patched(tarHeader({ path: 'v/raw', type: 'symlink', linkPath: 'x' }), 157, 'to-\xff\xfe'),
  tarFile('v/ünï', ''),
  tarEnd,
]);

async function listed(tar: Uint8Array): Promise<readonly LayerEntry[]> {
  const found: LayerEntry[] = [];
  for await (const entry of tarEntries(inChunks(tar, 700), 'tar'))
    found.push({ ...entry, header: 0, offset: 0 });
  return found;
}

const rename = (tar: Uint8Array, from: string, to: string): Promise<Buffer> =>
  collect(renamedTar(inChunks(tar, 1000), { from, to }, 'data'));

describe('a volume’s tar under other names', () => {
  it('has every entry as it was but for its name and where hard links point', async () => {
    const before = await listed(odd);
    const after = await listed(await rename(odd, 'v/', ''));
    const below = (path: string): string => (path === 'v/' ? './' : path.slice(2));
    assert.deepEqual(
      after,
      before.map((entry) => ({
        ...entry,
        path: below(entry.path),
        ...(entry.type === 'hardlink' && { link: below(entry.link ?? '') }),
      })),
    );
    assert.deepEqual(after.map(({ path }) => path).slice(0, 4), ['./', 'plain', 'link', 'away']);
  });

  it('is the same again when it is renamed back', async () => {
    const there = await rename(odd, 'v/', '');
    assert.deepEqual(await listed(await rename(there, '', 'v/')), await listed(odd));
  });

  it('fails on a tar that is cut, and on entries of a kind it does not know', async () => {
    assert.equal((await failureOf(rename(odd.subarray(0, 3000), 'v/', ''))).code, 'archiveCut');
    const unknown = Buffer.concat([patched(tarHeader({ path: 'v/x' }), 156, 'Z'), tarEnd]);
    assert.equal((await failureOf(rename(unknown, 'v/', ''))).code, 'archiveUnsupported');
  });
});
