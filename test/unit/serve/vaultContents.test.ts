import assert from 'node:assert/strict';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { vaultContents } from '../../../src/core/serve/vaultContents.ts';
import { createVault } from '../../../src/core/vault/layout.ts';
import { keep } from '../../support/keptVault.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

describe('what a vault is as a registry', () => {
  const folder = temporaryFolder();

  it('has the names of a snapshot’s images again once the snapshot is repaired', async () => {
    const vault = await createVault({ path: folder.path(), compression: 'zstd' });
    const { id, refName } = await keep(vault, { name: 'app:1', kind: 'image' });
    const contents = vaultContents(vault);
    const own = refName.split(':')[1];
    const blob = join(vault.paths.blobs, id.slice('sha256:'.length));
    await rename(blob, `${blob}-away`);
    assert.deepEqual(await contents.tags('app', {}), [own]);
    await rename(`${blob}-away`, blob);
    assert.deepEqual(await contents.tags('app', {}), ['1', own]);
  });

  it('has a path for every name of an image, with none but the separators that registries take', async () => {
    const vault = await createVault({ path: folder.path(), compression: 'zstd' });
    const dashes = '-'.repeat(500);
    for (const name of ['..Odd Name__x--y/é/_Z_', `${dashes}a${dashes}b`])
      await keep(vault, { name, kind: 'image' });
    const found = await vaultContents(vault).repositories({});
    assert.ok(found.includes('odd-name__x--y/z'), found.join());
    assert.ok(found.includes(`a${dashes}b`), found.join());
  });
});
