import assert from 'node:assert/strict';
import { join } from 'node:path';
import { openVault } from '../../../src/core/vault/layout.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';
import { runCliHere } from './runCliHere.ts';

describe('making a vault on the command line', () => {
  const folder = temporaryFolder();

  it('makes one with zstd in the folder that was named', async () => {
    const path = join(folder.path(), 'vault');
    const { exitCode, stdout } = await runCliHere(['init', path]);
    assert.deepEqual({ exitCode, stdout }, { exitCode: 0, stdout: `Made a vault: ${path} (zstd)\n` });
    assert.equal((await openVault({ path, access: 'read' })).settings.compression, 'zstd');
  });

  it('takes the folder from DRYDOCK_VAULT, and --vault before it', async () => {
    const [one, two] = [join(folder.path(), 'one'), join(folder.path(), 'two')];
    const byName = await runCliHere(['init', '--quiet'], { vaultFolder: one });
    assert.equal(byName.stdout, `${one}\n`);
    const byOption = await runCliHere(['init', '-q', '--vault', two, '--compression=gzip'], {
      vaultFolder: one,
    });
    assert.equal(byOption.stdout, `${two}\n`);
    assert.equal((await openVault({ path: two, access: 'read' })).settings.compression, 'gzip');
  });

  it('ends with 1 where there is a vault already, and leaves it', async () => {
    const path = join(folder.path(), 'vault');
    await runCliHere(['init', path]);
    const before = await openVault({ path, access: 'read' });
    const { exitCode, stdout } = await runCliHere(['init', path, '--json']);
    assert.equal(exitCode, 1);
    assert.equal((JSON.parse(stdout) as { error: { code: string } }).error.code, 'vaultExists');
    assert.deepEqual((await openVault({ path, access: 'read' })).settings, before.settings);
  });

  it('ends with 2 where no vault was named, or two', async () => {
    const none = await runCliHere(['init']);
    assert.equal(none.exitCode, 2);
    assert.match(none.stderr, /--vault FOLDER, or set DRYDOCK_VAULT/);
    const two = await runCliHere(['init', 'a', '--vault', 'b']);
    assert.equal(two.exitCode, 2);
  });
});
