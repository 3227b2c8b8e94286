import assert from 'node:assert/strict';
import { createBody } from '../../../src/core/backup/createBody.ts';
import type { JsonObject, JsonValue } from '../../../src/core/engine/records.ts';

const id = '24eba291e69ecffc2b8a65fc982ebab83c896d4eff867d9f30d28ab6a5905c29';
const other = 'c0ffee0000000000000000000000000000000000000000000000000000000000';
const volume = 'a7b0e18bad5c16b116ac603da1d75cab79c3d00450db5a045d608387c09cf617';

interface Inspect {
  readonly config?: JsonObject;
  readonly hostConfig?: JsonObject;
  readonly mounts?: JsonValue;
  readonly networks?: JsonObject | null;
}

interface Body {
  readonly [key: string]: JsonValue;
  readonly HostConfig: JsonObject;
  readonly NetworkingConfig: { readonly EndpointsConfig: JsonObject };
}

function bodyOf({ config = {}, hostConfig = {}, mounts = [], networks = {} }: Inspect): Body {
  const inspect = {
    Id: id,
    Name: '/web',
    Config: { Image: 'app:1', Cmd: ['app'], Entrypoint: ['/run'], ...config },
    HostConfig: hostConfig,
    Mounts: mounts,
    NetworkSettings: { Networks: networks },
  };
  const nameOf = (ref: string): string | undefined => (ref === other ? 'cache' : undefined);
  return createBody({ inspect, nameOf, hostName: 'dock' }) as Body;
}

describe('what recreates a container', () => {
  it('keeps what Docker 20.10 tells of wishes, and drops what the engine made of them', () => {
    const body = bodyOf({
      config: {
        Hostname: 'shop',
        Domainname: '',
        Env: ['A=b'],
        Volumes: { '/anon': {} },
        OnBuild: null,
        Tty: false,
      },
      hostConfig: {
        Binds: ['named:/data:ro', '/srv:/host'],
        ContainerIDFile: '',
        NetworkMode: 'shop-net',
        PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '80' }], '81/tcp': [] },
        RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
        VolumesFrom: null,
        Memory: 67108864,
        Mounts: [
          { Type: 'volume', Target: '/mnt1' },
          { Type: 'tmpfs', Target: '/scratch' },
        ],
        ReadonlyPaths: ['/proc/bus'],
        IpcMode: 'private',
        PidMode: '',
      },
      mounts: [
        { Type: 'volume', Name: 'named', Source: '/x', Destination: '/data', RW: false },
        { Type: 'bind', Source: '/srv', Destination: '/host', RW: true },
        { Type: 'volume', Name: volume, Source: '/x', Destination: '/mnt1', RW: true },
        { Type: 'tmpfs', Source: '', Destination: '/scratch', RW: true },
        { Type: 'volume', Name: 'b'.repeat(64), Source: '/x', Destination: '/anon', RW: true },
      ],
      networks: {
        'back-net': {
          IPAMConfig: {},
          Links: null,
          Aliases: ['api', '24eba291e69e'],
          MacAddress: '',
          DriverOpts: {},
        },
        'shop-net': {
          IPAMConfig: { IPv4Address: '10.77.0.9' },
          Links: ['cache:kv'],
          Aliases: ['www'],
          NetworkID: other,
          Gateway: '10.77.0.1',
          IPAddress: '10.77.0.9',
          MacAddress: '02:42:0a:4d:00:09',
        },
      },
    });
    assert.deepEqual(body, {
      Image: 'app:1',
      Cmd: ['app'],
      Entrypoint: ['/run'],
      Hostname: 'shop',
      Env: ['A=b'],
      Volumes: { '/anon': {} },
      Tty: false,
      HostConfig: {
        Binds: ['named:/data:ro', '/srv:/host', `${'b'.repeat(64)}:/anon:nocopy`],
        NetworkMode: 'shop-net',
        PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '80' }] },
        RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
        Memory: 67108864,
        Mounts: [
          { Type: 'volume', Target: '/mnt1', Source: volume, VolumeOptions: { NoCopy: true } },
          { Type: 'tmpfs', Target: '/scratch' },
        ],
        ReadonlyPaths: ['/proc/bus'],
        IpcMode: 'private',
        PidMode: '',
      },
      NetworkingConfig: {
        EndpointsConfig: {
          'back-net': { Aliases: ['api'] },
          'shop-net': {
            IPAMConfig: { IPv4Address: '10.77.0.9' },
            Links: ['cache:kv'],
            Aliases: ['www'],
          },
        },
      },
    });
  });

  it('keeps the priority of a network and leaves out the rest of what Docker 28 adds', () => {
    const body = bodyOf({
      config: { Hostname: id.slice(0, 12), StopTimeout: 0 },
      hostConfig: { NetworkMode: 'bridge', PortBindings: {} },
      networks: {
        bridge: { IPAMConfig: null, DNSNames: null, GwPriority: 0, MacAddress: '52:8a:c4:e3:3c:1b' },
        front: { IPAMConfig: null, DNSNames: ['web', id.slice(0, 12)], GwPriority: 10, Aliases: null },
      },
    });
    assert.equal('Hostname' in body, false);
    assert.equal(body['StopTimeout'], 0);
    assert.deepEqual(body.NetworkingConfig.EndpointsConfig, {
      bridge: { GwPriority: 0 },
      front: { GwPriority: 10 },
    });
  });

  it('mounts what Podman tells of by its binds, once', () => {
    const binds = ['named:/data:rw,rprivate,nosuid,nodev,rbind', `${volume}:/anon/:rw,rprivate`];
    const body = bodyOf({
      hostConfig: { NetworkMode: 'bridge', Binds: binds, UTSMode: 'private' },
      mounts: [
        { Type: 'volume', Name: 'named', Source: '/x', Destination: '/data', RW: true },
        { Type: 'volume', Name: volume, Source: '/x', Destination: '/anon', RW: true },
      ],
      networks: { podman: { Aliases: [id.slice(0, 12)], IPAMConfig: null } },
    });
    assert.deepEqual(body.HostConfig['Binds'], binds);
    assert.deepEqual(body.NetworkingConfig.EndpointsConfig, { podman: {} });
  });

  it('names other containers and networks instead of telling their IDs', () => {
    const shared = bodyOf({
      config: { Hostname: 'cache', Domainname: 'x', ExposedPorts: { '80/tcp': {} } },
      hostConfig: {
        NetworkMode: `container:${other}`,
        IpcMode: `container:${other}`,
        PidMode: 'container:unknown',
      },
    });
    assert.equal(shared.HostConfig['NetworkMode'], 'container:cache');
    assert.equal(shared.HostConfig['IpcMode'], 'container:cache');
    assert.equal(shared.HostConfig['PidMode'], 'container:unknown');
    assert.deepEqual(shared.NetworkingConfig.EndpointsConfig, {});
    for (const name of ['Hostname', 'Domainname', 'ExposedPorts']) assert.equal(name in shared, false, name);
    const byId = bodyOf({
      hostConfig: { NetworkMode: other },
      networks: { 'shop-net': { NetworkID: other } },
    });
    assert.equal(byId.HostConfig['NetworkMode'], 'shop-net');
  });

  it('takes no network for a process namespace where one that never ran has no network ID', () => {
    const body = bodyOf({ hostConfig: { PidMode: '' }, networks: { bridge: { NetworkID: '' } } });
    assert.equal(body.HostConfig['PidMode'], '');
  });

  it('asks for links the way the engine takes them', () => {
    const body = bodyOf({
      hostConfig: { NetworkMode: 'default', Links: ['/db:/web/store', '/cache:/web/cache'] },
    });
    assert.deepEqual(body.HostConfig['Links'], ['db:store', 'cache:cache']);
  });

  it('leaves out a host name that is the engine’s host’s or that may not be given', () => {
    const inHost = { NetworkMode: 'host' };
    assert.equal('Hostname' in bodyOf({ config: { Hostname: 'dock' }, hostConfig: inHost }), false);
    assert.equal(bodyOf({ config: { Hostname: 'mine' }, hostConfig: inHost })['Hostname'], 'mine');
    const uts = { NetworkMode: 'bridge', UTSMode: 'host' };
    assert.equal('Hostname' in bodyOf({ config: { Hostname: 'dock' }, hostConfig: uts }), false);
  });

  it('pins a MAC address only where somebody chose it', () => {
    const mac = '02:42:00:00:00:99';
    const networks = { a: { MacAddress: mac }, b: { MacAddress: '02:42:00:00:00:01' } };
    const hostConfig = { NetworkMode: 'a' };
    assert.deepEqual(
      bodyOf({ config: { MacAddress: mac }, hostConfig, networks }).NetworkingConfig.EndpointsConfig,
      {
        a: { MacAddress: mac },
        b: {},
      },
    );
    assert.deepEqual(bodyOf({ hostConfig, networks }).NetworkingConfig.EndpointsConfig, { a: {}, b: {} });
  });

  it('keeps a MAC address in any network that no engine makes up', () => {
    const networks = { a: { MacAddress: '52:8a:c4:e3:3c:1b' }, b: { MacAddress: '00:1b:21:aa:00:09' } };
    const { EndpointsConfig } = bodyOf({ hostConfig: { NetworkMode: 'a' }, networks }).NetworkingConfig;
    assert.deepEqual(EndpointsConfig, { a: {}, b: { MacAddress: '00:1b:21:aa:00:09' } });
  });

  it('mounts by name what came from another container', () => {
    const body = bodyOf({
      hostConfig: { NetworkMode: 'none', Binds: null, VolumesFrom: ['cache:ro'] },
      mounts: [
        { Type: 'volume', Name: 'theirs', Source: '/x', Destination: '/data', RW: false },
        { Type: 'bind', Source: '/srv', Destination: '/srv', RW: true },
      ],
      networks: null,
    });
    assert.equal('VolumesFrom' in body.HostConfig, false);
    assert.deepEqual(body.HostConfig['Binds'], ['theirs:/data:ro,nocopy', '/srv:/srv']);
  });

  it('says that there is no entrypoint, which the engine would take from the image', () => {
    assert.deepEqual(bodyOf({ config: { Entrypoint: null } })['Entrypoint'], ['']);
    assert.equal('Entrypoint' in bodyOf({ config: { Entrypoint: null, Cmd: null } }), false);
  });

  it('keeps an alias that looks like the start of the ID', () => {
    const body = bodyOf({
      hostConfig: { NetworkMode: 'a' },
      networks: { a: { Aliases: ['24', id, '24eba291e69e'] } },
    });
    assert.deepEqual(body.NetworkingConfig.EndpointsConfig, { a: { Aliases: ['24'] } });
  });

  it('mounts once what was given by a path that the engine cleaned', () => {
    const mounts = [{ Type: 'volume', Name: 'named', Source: '/x', Destination: '/data/sub', RW: true }];
    const hostConfig = { NetworkMode: 'none', Binds: ['named:/data//./sub/'] };
    assert.deepEqual(bodyOf({ hostConfig, mounts }).HostConfig['Binds'], hostConfig.Binds);
  });

  it('takes a Windows path for the source of a bind', () => {
    const binds = ['C:\\data:/data', 'C:\\more:/more:ro'];
    const mounts = [
      { Type: 'bind', Source: '/run/c/data', Destination: '/data', RW: true },
      { Type: 'bind', Source: '/run/c/more', Destination: '/more', RW: false },
    ];
    assert.deepEqual(
      bodyOf({ hostConfig: { NetworkMode: 'none', Binds: binds }, mounts }).HostConfig['Binds'],
      binds,
    );
  });
});
