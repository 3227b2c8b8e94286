import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { backupContainer } from '../../../src/core/backup/backupContainer.ts';
import { unattended } from '../../../src/core/progress.ts';
import type { Snapshot } from '../../../src/core/snapshot/snapshot.ts';
import { testLabel } from '../../support/engine.ts';
import { failureOf } from '../../support/failureOf.ts';
import { RestoreBench } from '../../support/restoreBench.ts';
import { shellImage } from '../../support/shellImage.ts';

describe('restoring a container on a real engine', function () {
  this.timeout(180_000);
  let bench: RestoreBench;
  before(async () => {
    bench = await RestoreBench.open();
  });
  after(async () => {
    await bench.close();
  });
  afterEach(async () => {
    assert.deepEqual(await bench.leftovers(), []);
  });

  async function backUp(container: string): Promise<Snapshot> {
    const input = { container, consistency: 'pause', includeBinds: false } as const;
    return (await backupContainer(bench, input, unattended())).snapshot;
  }
  const label = ['--label', `${testLabel}=1`] as const;
  /** Everything of it goes: the container, its networks and its volumes. */
  function lose(container: string, networks: readonly string[], volumes: readonly string[]): void {
    bench.docker('rm', '--force', '--volumes', container);
    if (networks.length > 0) bench.docker('network', 'rm', ...networks);
    if (volumes.length > 0) bench.docker('volume', 'rm', '--force', ...volumes);
  }

  it('brings it back with its config, mounts, networks, addresses, files and data, running', async () => {
    const [web, front, back, data] = ['web', 'front', 'back', 'data'].map((what) => bench.name(what));
    assert.ok(web !== undefined && front !== undefined && back !== undefined && data !== undefined);
    const hostFolder = join(bench.folder, 'bound');
    mkdirSync(hostFolder, { recursive: true });
    writeFileSync(join(hostFolder, 'file'), 'of the host');
    bench.docker('network', 'create', ...label, '--subnet', '10.77.1.0/24', front);
    bench.docker(
      'network',
      'create',
      ...label,
      '--internal',
      '--opt',
      'com.docker.network.driver.mtu=1400',
      back,
    );
    bench.docker('volume', 'create', ...label, '--label', 'kept=yes', data);
    bench.run(
      web,
      ...['--network', front, '--ip', '10.77.1.5', '--network-alias', 'www'],
      ...['--volume', `${data}:/data`, '--volume', '/anonymous', '--volume', `${hostFolder}:/bound:ro`],
      ...['--tmpfs', '/scratch:size=1m', '--env', 'MODE=fast', '--workdir', '/tmp', '--hostname', 'webhost'],
      ...[
        '--restart',
        'on-failure:3',
        '--memory',
        '64m',
        '--ulimit',
        'nofile=1024:2048',
        '--cap-add',
        'NET_ADMIN',
      ],
      ...['--publish', '127.0.0.1:18099:80/tcp', '--stop-timeout', '1', '--init=false', '--dns', '10.77.1.1'],
      ...['--health-cmd', 'cat /data/file', '--health-interval', '1s', '--log-opt', 'max-size=1m'],
      ...[shellImage, 'sh', '-c', 'while true; do sleep 1; done'],
    );
    bench.docker('network', 'connect', '--alias', 'behind', back, web);
    bench.exec(web, 'echo rows > /data/file; chmod 600 /data/file; chown 7:8 /data/file');
    bench.exec(web, 'echo hidden > /anonymous/file; echo own > /etc/own; chmod 4755 /etc/own; rm /bin/touch');
    const before = bench.inspect(web);

    const snapshot = await backUp(web);
    const anonymous = bench
      .docker('inspect', '--format', '{{range .Mounts}}{{.Name}} {{end}}', web)
      .split(' ')
      .filter((name) => /^[0-9a-f]{64}$/.test(name));
    lose(web, [front, back], [data]);
    const { warnings } = await bench.restore(snapshot);

    // The engine of the tests does not forward, and says so.
    assert.deepEqual(
      warnings.filter(({ text }) => !text.startsWith('IPv4 forwarding')),
      [],
    );
    const after = bench.inspect(web) as { readonly HostConfig: { readonly Binds: readonly string[] } };
    // An anonymous volume comes back by its name, for the engine would make a new and empty one.
    const [bind = ''] = after.HostConfig.Binds.filter((one) => one.includes(':/anonymous'));
    assert.equal(bind, `${anonymous[0] ?? ''}:/anonymous:nocopy`);
    const others = { ...after.HostConfig, Binds: after.HostConfig.Binds.filter((one) => one !== bind) };
    assert.deepEqual(withoutMode({ ...after, HostConfig: others }), withoutMode(before));
    assert.equal(
      bench.exec(web, 'cat /data/file /anonymous/file /etc/own /bound/file'),
      'rows\nhidden\nown\nof the host',
    );
    assert.equal(bench.exec(web, 'stat -c "%a %u %g" /data/file /etc/own'), '600 7 8\n4755 0 0');
    assert.equal(bench.exec(web, 'ls /bin/touch 2>&1 || echo gone').split('\n').at(-1), 'gone');
    assert.equal(bench.docker('volume', 'inspect', '--format', '{{.Labels.kept}}', data), 'yes');
    assert.equal(
      bench.docker('network', 'inspect', '--format', '{{.Internal}} {{json .Options}}', back),
      'true {"com.docker.network.driver.mtu":"1400"}',
    );
    lose(web, [front, back], [data, ...anonymous]);
  });

  /** What a mount's mode says is empty for a named volume that was asked for without one. */
  const withoutMode = (inspected: unknown): unknown => {
    const { Mounts, ...rest } = inspected as { readonly Mounts: readonly Record<string, unknown>[] };
    return { ...rest, Mounts: Mounts.map((mount) => ({ ...mount, Mode: '' })) };
  };

  for (const state of ['paused', 'exited', 'created'] as const)
    it(`brings one back that was ${state}`, async () => {
      const name = bench.name(state);
      if (state === 'created') bench.docker('create', '--name', name, ...label, shellImage, 'sleep', '60');
      else bench.run(name, '--network', 'none', shellImage, 'sleep', '60');
      if (state === 'paused') bench.docker('pause', name);
      if (state === 'exited') bench.docker('kill', name);
      const snapshot = await backUp(name);
      assert.equal(
        bench.docker('inspect', '--format', '{{.State.Status}}', name),
        state,
        'as before the backup',
      );
      lose(name, [], []);
      await bench.restore(snapshot);
      const expected = state === 'exited' ? 'created' : state;
      assert.equal(bench.docker('inspect', '--format', '{{.State.Status}}', name), expected);
      lose(name, [], []);
    });

  it('replaces it, and keeps what its volume held as a snapshot', async () => {
    const [name, data] = [bench.name('replaced'), bench.name('data')];
    bench.docker('volume', 'create', ...label, data);
    bench.run(name, '--network', 'none', '--volume', `${data}:/data`, shellImage, 'sleep', '600');
    bench.exec(name, 'echo old > /data/file; echo own > /own');
    const snapshot = await backUp(name);
    bench.exec(name, 'echo newer > /data/file; rm /own');
    const oldId = bench.docker('inspect', '--format', '{{.Id}}', name);

    const { kept } = await bench.restore(snapshot, { taken: 'replace' });

    assert.equal(bench.exec(name, 'cat /data/file /own'), 'old\nown');
    assert.notEqual(bench.docker('inspect', '--format', '{{.Id}}', name), oldId);
    assert.deepEqual(
      kept.map(({ what, name: of }) => `${what} ${of}`),
      [`volume ${data}`],
    );
    lose(name, [], [data]);
  });

  it('goes back to the old container and its data when the new one is not healthy', async () => {
    const [name, data, net] = [bench.name('sick'), bench.name('data'), bench.name('net')];
    const hostFolder = join(bench.folder, 'health');
    mkdirSync(hostFolder, { recursive: true });
    writeFileSync(join(hostFolder, 'ok'), '');
    bench.docker('network', 'create', ...label, '--subnet', '10.77.2.0/24', net);
    bench.docker('volume', 'create', ...label, data);
    bench.run(
      name,
      ...[
        '--network',
        net,
        '--ip',
        '10.77.2.7',
        '--volume',
        `${data}:/data`,
        '--volume',
        `${hostFolder}:/health`,
      ],
      ...['--health-cmd', 'cat /health/ok', '--health-interval', '1s', '--health-retries', '2'],
      ...[shellImage, 'sh', '-c', 'while true; do sleep 1; done'],
    );
    bench.exec(name, 'echo old > /data/file');
    const snapshot = await backUp(name);
    bench.exec(name, 'echo newer > /data/file; echo own > /own');
    rmSync(join(hostFolder, 'ok'));
    bench.docker('pause', name);
    const oldId = bench.docker('inspect', '--format', '{{.Id}}', name);
    const images = bench.images();

    const error = await failureOf(bench.restore(snapshot, { taken: 'replace' }));

    assert.equal(error.code, 'restoreNotHealthy');
    assert.equal(bench.docker('inspect', '--format', '{{.Id}} {{.State.Status}}', name), `${oldId} paused`);
    bench.docker('unpause', name);
    assert.equal(bench.exec(name, 'cat /data/file /own'), 'newer\nown');
    assert.equal(bench.images(), images);
    lose(name, [net], [data]);
  });

  it('makes a copy beside it under new names', async () => {
    const [name, data] = [bench.name('one'), bench.name('data')];
    bench.docker('volume', 'create', ...label, data);
    bench.run(name, '--network', 'none', '--volume', `${data}:/data`, shellImage, 'sleep', '600');
    bench.exec(name, 'echo rows > /data/file');
    const snapshot = await backUp(name);
    bench.exec(name, 'echo newer > /data/file');
    await bench.restore(snapshot, {
      items: [
        { what: 'container', name, action: 'rename', newName: `${name}-copy` },
        { what: 'volume', name: data, action: 'rename', newName: `${data}-copy` },
      ],
    });
    assert.equal(bench.exec(`${name}-copy`, 'cat /data/file'), 'rows');
    assert.equal(bench.exec(name, 'cat /data/file'), 'newer');
    lose(`${name}-copy`, [], [`${data}-copy`]);
    lose(name, [], [data]);
  });
});
