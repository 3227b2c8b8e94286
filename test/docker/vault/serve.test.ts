import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backupImages } from '../../../src/core/backup/backupImages.ts';
import { unattended } from '../../../src/core/progress.ts';
import { vaultContents } from '../../../src/core/serve/vaultContents.ts';
import { createVault } from '../../../src/core/vault/layout.ts';
import { currentProcess } from '../../../src/core/vault/processIdentity.ts';
import { connect } from '../../../src/docker/connect.ts';
import { parseAddress } from '../../../src/docker/parseAddress.ts';
import { openEndpoint } from '../../../src/registry/endpoint/openEndpoint.ts';
import { testHost, testLabel } from '../../support/engine.ts';
import { dockerCli } from '../../support/variedImages.ts';

describe('a vault that is served to an engine', function () {
  this.timeout(60_000);

  it('gives it back the image with its ID, by the image’s name and by the snapshot’s', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'drydock-served-'));
    const docker = await dockerCli(testHost());
    const address = parseAddress(testHost());
    assert.ok(address);
    const engine = connect(address);
    const name = 'drydock-served:1';
    await writeFile(join(folder, 'a'), randomBytes(2000));
    await writeFile(join(folder, 'Dockerfile'), 'FROM scratch\nCOPY a /a\nCOPY a /b\n');
    const id = await docker('build', '--quiet', '--label', testLabel, '--tag', name, folder);
    // Docker before 23 reads no other.
    const vault = await createVault({ path: join(folder, 'vault'), compression: 'gzip' });
    const owner = await currentProcess();
    const images = [{ id: (await engine.images.inspect(name)).id, tags: [name] }];
    const [result] = await backupImages({ engine, vault, owner }, { images }, unattended());
    const endpoint = await openEndpoint({ contents: vaultContents(vault) });
    const { address: host, username, password } = endpoint;
    const config = ['--config', join(folder, 'config')];
    try {
      for (const served of [name, result?.snapshot.refName ?? '']) {
        await docker('image', 'rm', name);
        await assert.rejects(docker(...config, 'pull', `${host}/${served}`), /no basic auth/);
        await docker(...config, 'login', '--username', username, '--password', password, host);
        await docker(...config, 'pull', `${host}/${served}`);
        assert.equal((await engine.images.inspect(`${host}/${served}`)).id, id);
        await docker('image', 'tag', id, name);
        await docker('image', 'rm', `${host}/${served}`);
        await docker(...config, 'logout', host);
      }
    } finally {
      await docker('image', 'rm', '--force', id);
      await endpoint.close();
      await engine.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
