import assert from 'node:assert/strict';
import { backupProject } from '../../../src/core/backup/backupProject.ts';
import { unattended } from '../../../src/core/progress.ts';
import type { Snapshot } from '../../../src/core/snapshot/snapshot.ts';
import { testLabel } from '../../support/engine.ts';
import { RestoreBench } from '../../support/restoreBench.ts';
import { shellImage } from '../../support/shellImage.ts';

const loop = ['sh', '-c', 'while true; do sleep 1; done'] as const;

describe('restoring a Compose project on a real engine', function () {
  this.timeout(180_000);
  let bench: RestoreBench;
  let project: string;
  let snapshot: Snapshot;
  const containers = (): readonly string[] => ['db', 'api', 'web'].map(nameOf);
  const nameOf = (service: string): string => `${project}_${service}_1`;
  let asItWas: readonly unknown[];

  before(async () => {
    bench = await RestoreBench.open();
    project = bench.name('shop');
    makeProject();
    asItWas = containers().map((name) => bench.inspect(name));
    const input = { project, consistency: 'pause', includeBinds: false } as const;
    ({ snapshot } = await backupProject(bench, input, unattended()));
  });
  after(async () => {
    loseAll();
    await bench.close();
  });
  afterEach(async () => {
    assert.deepEqual(await bench.leftovers(), []);
  });

  const labels = (more: Readonly<Record<string, string>> = {}): readonly string[] =>
    Object.entries({ [testLabel]: '1', 'com.docker.compose.project': project, ...more }).flatMap(
      ([key, value]) => ['--label', `${key}=${value}`],
    );

  /** As `docker compose up` leaves it: a database, an API that needs it, a web server that needs the API. */
  function makeProject(): void {
    const [front, back, data] = [`${project}_front`, `${project}_back`, `${project}_data`];
    const ofNetwork = (key: string): readonly string[] => labels({ 'com.docker.compose.network': key });
    bench.docker('network', 'create', ...ofNetwork('front'), '--subnet', '10.78.1.0/24', front);
    bench.docker('network', 'create', ...ofNetwork('back'), '--subnet', '10.78.2.0/24', back);
    bench.docker('volume', 'create', ...labels({ 'com.docker.compose.volume': 'data' }), data);
    const service = (key: string, dependsOn: string, ...args: readonly string[]): void => {
      const ofService = labels({
        'com.docker.compose.service': key,
        'com.docker.compose.container-number': '1',
        'com.docker.compose.oneoff': 'False',
        'com.docker.compose.depends_on': dependsOn,
      });
      bench.docker('run', '--detach', '--name', nameOf(key), ...ofService, ...args, shellImage, ...loop);
    };
    service(
      'db',
      '',
      '--network',
      back,
      '--ip',
      '10.78.2.5',
      '--network-alias',
      'db',
      '--volume',
      `${data}:/data`,
    );
    service(
      'api',
      'db:service_started:false',
      '--network',
      back,
      '--network-alias',
      'api',
      '--restart',
      'always',
    );
    bench.docker('network', 'connect', '--alias', 'api', front, nameOf('api'));
    service('web', 'api:service_started:false', '--network', front, '--network-alias', 'web');
    bench.exec(nameOf('db'), 'echo rows > /data/table; echo own > /etc/own');
  }

  function loseAll(): void {
    for (const name of containers()) bench.docker('rm', '--force', '--volumes', name);
    bench.docker('volume', 'rm', '--force', `${project}_data`);
    bench.removeNetworks();
  }

  const startedAt = (service: string): string =>
    bench.docker('inspect', '--format', '{{.State.StartedAt}}', nameOf(service));

  it('brings back all of it in the order in which its services need each other', async () => {
    loseAll();
    await bench.restore(snapshot);
    assert.deepEqual(
      containers().map((name) => bench.inspect(name)),
      asItWas,
    );
    assert.equal(bench.exec(nameOf('db'), 'cat /data/table /etc/own'), 'rows\nown');
    assert.deepEqual(
      [startedAt('db'), startedAt('api'), startedAt('web')],
      [startedAt('db'), startedAt('api'), startedAt('web')].sort(),
    );
    assert.equal(
      bench.docker(
        'volume',
        'inspect',
        '--format',
        '{{index .Labels "com.docker.compose.volume"}}',
        `${project}_data`,
      ),
      'data',
    );
  });

  it('brings back one service of it, with its network and its volume and nothing else', async () => {
    loseAll();
    await bench.restore(snapshot, { only: { services: ['db'] } });
    assert.deepEqual(bench.inspect(nameOf('db')), asItWas[0]);
    assert.equal(bench.exec(nameOf('db'), 'cat /data/table'), 'rows');
    const list = (...args: readonly string[]): string =>
      bench.docker(...args, '--filter', `label=com.docker.compose.project=${project}`);
    assert.equal(list('ps', '--all', '--format', '{{.Names}}'), nameOf('db'));
    assert.equal(list('network', 'ls', '--format', '{{.Name}}'), `${project}_back`);
  });

  it('adds the missing services to one that is there and stays as it is', async () => {
    const id = bench.docker('inspect', '--format', '{{.Id}}', nameOf('db'));
    bench.exec(nameOf('db'), 'echo newer > /data/table');
    await bench.restore(snapshot, { taken: 'keep' });
    assert.equal(bench.docker('inspect', '--format', '{{.Id}}', nameOf('db')), id);
    assert.equal(bench.exec(nameOf('db'), 'cat /data/table'), 'newer');
    assert.deepEqual(
      containers().map((name) => bench.inspect(name)),
      asItWas,
    );
  });
});
