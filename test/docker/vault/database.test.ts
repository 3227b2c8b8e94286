import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backupContainer } from '../../../src/core/backup/backupContainer.ts';
import type { Consistency } from '../../../src/core/backup/withConsistency.ts';
import type { Engine } from '../../../src/core/engine/engine.ts';
import { unattended } from '../../../src/core/progress.ts';
import { executeRestore } from '../../../src/core/restore/executeRestore.ts';
import { planRestore } from '../../../src/core/restore/planRestore.ts';
import { openSnapshot } from '../../../src/core/snapshot/snapshots.ts';
import { createVault, type Vault } from '../../../src/core/vault/layout.ts';
import { currentProcess } from '../../../src/core/vault/processIdentity.ts';
import { connect } from '../../../src/docker/connect.ts';
import { parseAddress } from '../../../src/docker/parseAddress.ts';
import { testHost } from '../../support/engine.ts';
import { makePostgresImage, waitForDatabase } from '../../support/postgresImage.ts';
import { dockerCli, type DockerCli } from '../../support/variedImages.ts';

const container = 'drydock-test-database';
const volume = 'drydock-test-database-data';

describe('a PostgreSQL server with its data in a volume', function () {
  this.timeout(240_000);
  let folder: string;
  let docker: DockerCli;
  let engine: Engine;
  let vault: Vault;
  let image: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-database-'));
    docker = await dockerCli(testHost());
    const endpoint = parseAddress(testHost());
    assert.ok(endpoint);
    engine = connect(endpoint);
    image = await makePostgresImage(docker, folder);
    vault = await createVault({ path: join(folder, 'vault'), compression: 'zstd' });
  });

  after(async () => {
    await docker('image', 'rm', '--force', image).catch(() => undefined);
    await engine.close();
    await rm(folder, { recursive: true, force: true });
  });

  afterEach(async () => {
    await docker('container', 'rm', '--force', container).catch(() => undefined);
    await docker('volume', 'rm', volume).catch(() => undefined);
  });

  const ask = (sql: string): Promise<string> => docker('exec', container, 'psql', '-At', '-c', sql);
  /** Every file of the data folder with type, mode, owner, size, time and link, as the container sees it. */
  const listing = async (): Promise<readonly string[]> => {
    const text = await docker(
      ...['run', '--rm', '--network', 'none', '--user', '0', '--volume', `${volume}:/data:ro`, image],
      ...['sh', '-c', 'cd /data && ls -lAnR --time-style=+%s . && cksum $(ls -d cluster/base/*/*)'],
    );
    // What a folder itself takes on the disk is the file system's own affair.
    return text
      .split('\n')
      .filter((line) => !line.startsWith('total '))
      .map((line) => line.replace(/^(d\S+ +\d+ +\d+ +\d+) +\d+/, '$1'));
  };

  const start = async (): Promise<void> => {
    const label = ['--label', 'dev.drydock.test=1'];
    await docker('volume', 'create', ...label, volume);
    await docker(
      ...['run', '--detach', '--network', 'none', '--name', container, ...label, '--restart', 'on-failure:3'],
      ...['--volume', `${volume}:/data`, image],
    );
    await waitForDatabase(docker, container);
    await ask(`create table ships (id int primary key, name text, built timestamptz default now())`);
    await ask(`insert into ships select n, 'ship ' || n from generate_series(1, 20000) n`);
  };

  for (const consistency of ['pause', 'stop'] satisfies Consistency[])
    it(`starts again and has its rows, backed up with ${consistency}`, async () => {
      await start();
      const sum = `select count(*), sum(id), md5(string_agg(name || built, ',' order by id)) from ships`;
      const before = await ask(sum);
      const owner = await currentProcess();

      const { snapshot, remarks } = await backupContainer(
        { engine, vault, owner },
        { container, consistency, includeBinds: false },
        unattended(),
      );
      assert.deepEqual(
        remarks.filter(({ kind }) => kind === 'changed' || kind === 'notPaused'),
        [],
      );
      await waitForDatabase(docker, container);
      assert.equal(await ask(sum), before, 'the server goes on as before');

      await docker('container', 'rm', '--force', container);
      await docker('volume', 'rm', volume);
      await docker('image', 'rm', '--force', image);
      const contents = await openSnapshot(vault, snapshot);
      const plan = await planRestore({ engine, vault }, { contents, choices: {} });
      await executeRestore({ engine, vault, owner }, plan, unattended());

      await waitForDatabase(docker, container);
      assert.equal(await ask(sum), before);
      await ask(`insert into ships values (20001, 'new')`);
      assert.equal(await ask('select count(*) from ships'), '20001');
      assert.equal(
        await docker('inspect', '--format', '{{.HostConfig.RestartPolicy.Name}}', container),
        'on-failure',
      );
    });

  it('comes back file by file, backed up while it is stopped', async () => {
    await start();
    await docker('stop', container);
    const before = await listing();
    const owner = await currentProcess();
    const { snapshot } = await backupContainer(
      { engine, vault, owner },
      { container, consistency: 'pause', includeBinds: false },
      unattended(),
    );
    await docker('container', 'rm', '--force', container);
    await docker('volume', 'rm', volume);

    const contents = await openSnapshot(vault, snapshot);
    const plan = await planRestore({ engine, vault }, { contents, choices: {} });
    await executeRestore({ engine, vault, owner }, plan, unattended());

    assert.notEqual(await docker('inspect', '--format', '{{.State.Status}}', container), 'running');
    assert.ok(before.length > 900, `${before.length} lines`);
    assert.deepEqual(await listing(), before);
    await docker('start', container);
    await waitForDatabase(docker, container);
    assert.equal(await ask('select count(*) from ships'), '20000');
  });
});
