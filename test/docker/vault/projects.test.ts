import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { backupProject } from '../../../src/core/backup/backupProject.ts';
import { unattended } from '../../../src/core/progress.ts';
import { readSnapshots } from '../../../src/core/snapshot/snapshots.ts';
import { ContainerBench } from '../../support/containerBench.ts';
import { testLabel } from '../../support/engine.ts';
import { failureOf } from '../../support/failureOf.ts';
import { shellImage } from '../../support/shellImage.ts';
import { watchedEngine } from '../../support/watchedEngine.ts';

const label = ['--label', `${testLabel}=1`];
const ofShop = ['--label', 'com.docker.compose.project=shop'];

describe('backing up a Compose project', function () {
  this.timeout(300_000);
  let bench: ContainerBench;
  let composeFolder: string;
  let networks: readonly string[];

  before(async () => {
    bench = await ContainerBench.open();
    composeFolder = join(bench.folder, 'shop');
    await mkdir(composeFolder);
    await writeFile(join(composeFolder, 'compose.yaml'), 'services: {}\n');
    await writeFile(join(composeFolder, '.env'), 'A=b\n');
    networks = ['shop_front', 'shop_back'];
  });
  after(async () => {
    await bench.close();
  });
  afterEach(async () => {
    await bench.clear();
    assert.deepEqual(await bench.leftovers(), []);
  });

  /** As `docker compose up` would make it: three services, two networks, a volume in use and one that is not. */
  const start = async (): Promise<void> => {
    const [front = '', back = ''] = networks;
    await bench.docker('network', 'create', ...label, ...ofShop, front);
    await bench.docker('network', 'create', ...label, ...ofShop, '--subnet', '10.213.9.0/24', back);
    for (const volume of ['shop_data', 'shop_spare'])
      await bench.docker('volume', 'create', ...label, ...ofShop, volume);
    await bench.docker('network', 'create', ...label, ...ofShop, '--internal', 'shop_unused');
    const service = (name: string, dependsOn = ''): readonly string[] => [
      ...ofShop,
      ...['--label', `com.docker.compose.service=${name}`],
      ...['--label', `com.docker.compose.depends_on=${dependsOn}`],
      ...['--label', `com.docker.compose.project.working_dir=${composeFolder}`],
      ...['--label', `com.docker.compose.project.config_files=${composeFolder}/compose.yaml,/etc/hostname`],
    ];
    await bench.run(
      'shop-db-1',
      [...service('db'), '--network', back, '--ip', '10.213.9.5', '--volume', 'shop_data:/data'],
      'echo rows > /data/table; touch /tmp/ready; sleep 600',
    );
    await bench.run(
      'shop-api-1',
      [...service('api', 'db:service_started:false'), '--network', back],
      'echo own > /etc/own; touch /tmp/ready; sleep 600',
    );
    await bench.docker('network', 'connect', '--alias', 'api', front, 'shop-api-1');
    await bench.run(
      'shop-web-1',
      [...service('web', 'api:service_started:false'), '--network', front],
      'touch /tmp/ready; sleep 600',
    );
    for (const name of ['shop-db-1', 'shop-api-1', 'shop-web-1'])
      while ((await bench.engine.containers.statPath(name, '/tmp/ready')) === undefined);
  };

  it('takes all of it in one snapshot, in one window and with one request for images', async () => {
    await start();
    const before = await bench.states();
    const calls: string[] = [];
    const engine = watchedEngine(bench.engine, {
      before: (call, [ref]) => {
        if (/\.(pause|unpause|commit|readArchive|save)$/.test(call)) calls.push(call);
        if (call === 'containers.create') calls.push(`create ${typeof ref}`);
      },
    });
    const deps = { engine, vault: bench.vault, owner: bench.owner };
    const input = { project: 'shop', consistency: 'pause', includeBinds: false } as const;
    const { snapshot, remarks } = await backupProject(deps, input, unattended());
    assert.deepEqual(await bench.states(), before);
    const reads = ['containers.commit', 'containers.readArchive'];
    const first = calls.findIndex((call) => reads.includes(call));
    const last = calls.findLastIndex((call) => reads.includes(call));
    assert.equal(calls.filter((call) => call === 'images.save').length, 1);
    assert.ok(calls.lastIndexOf('containers.pause') < first, calls.join(' '));
    assert.ok(calls.indexOf('containers.unpause') > last, calls.join(' '));
    assert.ok(
      calls.lastIndexOf('create object') < calls.indexOf('containers.pause'),
      'helpers before the pause',
    );
    assert.ok(calls.indexOf('images.save') > calls.lastIndexOf('containers.unpause'), 'images after it');

    assert.deepEqual(snapshot.source.kind, 'project');
    assert.equal(snapshot.source.name, 'shop');
    const contents = await bench.contents(snapshot);
    assert.deepEqual(contents.containers.map(({ document }) => document.name).sort(), [
      'shop-api-1',
      'shop-db-1',
      'shop-web-1',
    ]);
    assert.deepEqual(contents.volumes.map(({ document }) => document.name).sort(), [
      'shop_data',
      'shop_spare',
    ]);
    assert.equal((await bench.filesOf(contents, 'shop_data')).get('table'), 'rows\n');
    assert.deepEqual(
      contents.images.filter(({ role }) => role === 'image').map(({ tags }) => tags),
      [[shellImage]],
    );
    const documents = contents.containers.map(({ document }) => document);
    assert.deepEqual(
      [...new Set(documents.flatMap((document) => document.networks.map(({ name }) => name)))].sort(),
      [...networks].sort(),
    );
    assert.match(
      JSON.stringify(documents.find(({ name }) => name === 'shop-db-1')?.createBody),
      /10\.213\.9\.5/,
    );

    const project = contents.project?.document;
    assert.ok(project);
    assert.equal(project.workingDir, composeFolder);
    assert.deepEqual(project.networks?.map(({ name, isInternal }) => `${name} ${isInternal}`).sort(), [
      'shop_back false',
      'shop_front false',
      'shop_unused true',
    ]);
    assert.deepEqual(
      project.files.map(({ path }) => path),
      [join(composeFolder, 'compose.yaml'), join(composeFolder, '.env')],
    );
    const [compose] = project.files;
    assert.ok(compose);
    assert.equal((await buffer(bench.vault.blobs.open(compose.digest))).toString(), 'services: {}\n');
    // No file of Compose's, whatever a label says.
    assert.deepEqual(project.missing, ['/etc/hostname']);
    assert.ok(remarks.some(({ kind, subject }) => kind === 'notRead' && subject === '/etc/hostname'));
    assert.deepEqual(
      project.services
        .map(({ name, dependsOn }) => ({ name, dependsOn }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
      [
        { name: 'api', dependsOn: ['db'] },
        { name: 'db', dependsOn: [] },
        { name: 'web', dependsOn: ['api'] },
      ],
    );
  });

  it('stops services in the order in which they need each other, and starts them the other way round', async () => {
    await start();
    const calls: string[] = [];
    const names = new Map(
      (await bench.engine.containers.list()).map(({ id, names: [name = id] }) => [id, name]),
    );
    const engine = watchedEngine(bench.engine, {
      before: (call, [ref]) => {
        const name = names.get(String(ref));
        if (name !== undefined && /\.(stop|start)$/.test(call)) calls.push(`${call.split('.')[1]} ${name}`);
      },
    });
    const deps = { engine, vault: bench.vault, owner: bench.owner };
    await backupProject(deps, { project: 'shop', consistency: 'stop', includeBinds: false }, unattended());
    assert.deepEqual(calls, [
      ...['stop shop-web-1', 'stop shop-api-1', 'stop shop-db-1'],
      ...['start shop-db-1', 'start shop-api-1', 'start shop-web-1'],
    ]);
    assert.deepEqual([...new Set(Object.values(await bench.states()))], ['running']);
  });

  it('is as before only where the Compose file is too', async () => {
    await start();
    const input = { project: 'shop', consistency: 'none', includeBinds: false } as const;
    const isUnchanged = async (): Promise<boolean> =>
      (await backupProject(bench, input, unattended())).isUnchanged;
    await isUnchanged();
    assert.equal(await isUnchanged(), true);
    await writeFile(join(composeFolder, 'compose.yaml'), 'services: { more: {} }\n');
    assert.equal(await isUnchanged(), false);
    await writeFile(join(composeFolder, 'compose.yaml'), 'services: {}\n');
  });

  it('names a container that came while the others were read', async () => {
    await bench.create('shop-db-1', ofShop);
    const engine = watchedEngine(bench.engine, {
      after: async (call) => {
        if (call === 'images.list') await bench.create('shop-late-1', ofShop);
      },
    });
    const deps = { engine, vault: bench.vault, owner: bench.owner };
    const input = { project: 'shop', consistency: 'pause', includeBinds: false } as const;
    const { remarks, snapshot } = await backupProject(deps, input, unattended());
    assert.ok(remarks.some(({ kind, subject }) => kind === 'notRead' && subject === 'shop-late-1'));
    const [{ document } = assert.fail('no container')] = (await bench.contents(snapshot)).containers;
    assert.ok(document.remarks.some(({ subject }) => subject === 'shop-late-1'));
  });

  it('takes what is left of one: its volumes', async () => {
    await bench.docker('volume', 'create', ...label, ...ofShop, 'shop_data');
    const input = { project: 'shop', consistency: 'pause', includeBinds: false } as const;
    const { snapshot } = await backupProject(bench, input, unattended());
    const contents = await bench.contents(snapshot);
    assert.deepEqual(
      contents.volumes.map(({ document }) => document.name),
      ['shop_data'],
    );
  });

  it('refuses a project that is not there', async () => {
    const count = (await readSnapshots(bench.vault)).length;
    const input = { project: 'shop', consistency: 'pause', includeBinds: false } as const;
    assert.equal((await failureOf(backupProject(bench, input, unattended()))).code, 'engineNotFound');
    assert.equal((await readSnapshots(bench.vault)).length, count);
  });
});
