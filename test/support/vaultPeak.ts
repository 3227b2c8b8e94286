/** A process of its own that stores a layer of some size, reads it back, and says how much memory it took at most. */
import { tarEnd, tarHeader, tarPadding } from '../../src/core/archive/tarWriter.ts';
import { folderStore } from '../../src/core/vault/folderStore.ts';
import { readLayer } from '../../src/core/vault/frames.ts';
import { layerEntries } from '../../src/core/vault/layerIndex.ts';
import { vaultPaths } from '../../src/core/vault/vaultPaths.ts';
import { writeLayer } from '../../src/core/vault/writeLayer.ts';
import { seededRandom } from './archives/seededRandom.ts';

const [, , root = '', mebibytes = '0', kind = ''] = process.argv;
const block = kind === 'zeros' ? Buffer.alloc(1 << 20) : seededRandom(1).bytes(1 << 20);

async function* layer(): AsyncGenerator<Uint8Array> {
  const sizeBytes = Number(mebibytes) << 20;
  yield tarHeader({ path: 'data', sizeBytes });
  for (let at = 0; at < sizeBytes; at += block.length) yield await Promise.resolve(block);
  yield tarPadding(sizeBytes);
  yield tarEnd;
}

const store = folderStore(vaultPaths(root));
const { index } = await writeLayer(store, { bytes: layer(), name: 'layer', compression: 'zstd' });
let readBytes = 0;
for await (const chunk of readLayer(store, index)) readBytes += chunk.length;
for await (const { size } of layerEntries(store, index)) readBytes -= size;
console.log(JSON.stringify({ peakBytes: process.resourceUsage().maxRSS * 1024, extraBytes: readBytes }));
