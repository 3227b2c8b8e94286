/** A process of its own that puts a blob of some size into a vault's folder and says how that ended. */
import { DrydockError } from '../../src/core/errors.ts';
import { folderStore } from '../../src/core/vault/folderStore.ts';
import { vaultPaths } from '../../src/core/vault/vaultPaths.ts';
import { inChunks } from './archives/byteStreams.ts';

const [, , root = '', size = '0'] = process.argv;
try {
  await folderStore(vaultPaths(root)).put(inChunks(Buffer.alloc(Number(size), 'drydock')));
  console.log('stored');
} catch (error) {
  console.log(error instanceof DrydockError ? error.code : String(error));
}
