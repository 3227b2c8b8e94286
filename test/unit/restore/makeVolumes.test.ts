import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failure } from '../../../src/core/errors.ts';
import { unattended } from '../../../src/core/progress.ts';
import { executeRestore } from '../../../src/core/restore/executeRestore.ts';
import { planRestore } from '../../../src/core/restore/planRestore.ts';
import { createVault } from '../../../src/core/vault/layout.ts';
import { currentProcess } from '../../../src/core/vault/processIdentity.ts';
import { DockEngine } from '../../support/dockEngine.ts';
import { failureOf } from '../../support/failureOf.ts';
import { shopSnapshot } from '../../support/shopSnapshot.ts';

describe('a volume that comes while it is about to be made', () => {
  it('is taken for somebody else’s where it holds something, and stays', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'drydock-volumes-'));
    const [vault, owner] = [await createVault({ path: folder, compression: 'zstd' }), await currentProcess()];
    const dock = new DockEngine();
    const contents = await shopSnapshot({ vault, owner });
    const plan = await planRestore({ engine: dock.engine, vault }, { contents, choices: {} });
    const before = dock.state();
    const fill = (_volume: unknown, name: string): Promise<void> => {
      const found = dock.volumes.get(name);
      assert.ok(found);
      found.data = 'of somebody else';
      return Promise.reject(failure('volumeNotEmpty', { name, path: 'rows' }));
    };
    const deps = { engine: dock.engine, vault, owner };
    const error = await failureOf(executeRestore(deps, plan, unattended(), { fill }));
    assert.equal(error.code, 'volumeNotEmpty');
    assert.equal(dock.volumes.get('data')?.data, 'of somebody else');
    dock.volumes.delete('data');
    assert.deepEqual(dock.state(), before, 'all else is undone');
    assert.deepEqual(await readdir(vault.paths.journal), []);
    await rm(folder, { recursive: true });
  });
});
