import assert from 'node:assert/strict';
import {
  healthOf,
  containerConfig,
  containerDetails,
  containerSummary,
  stateOf,
} from '../../../src/docker/wire/containerRecords.ts';
import { historyEntry, imageDetails, imageSummary, removal } from '../../../src/docker/wire/imageRecords.ts';
import { engineInfo, infoAnswer, versionAnswer } from '../../../src/docker/wire/infoRecords.ts';
import { parseWire, parseWireList, timeMs } from '../../../src/docker/wire/parseWire.ts';
import { volumeSummary, volumeUsage } from '../../../src/docker/wire/volumeRecords.ts';
import { failureOf } from '../../support/failureOf.ts';

const hex = 'ab'.repeat(32);
const id = `sha256:${hex}`;

describe('what engines write', () => {
  it('is understood as an image of 1.41, placeholders and nulls included', () => {
    const wire = {
      Id: id,
      RepoTags: ['<none>:<none>'],
      RepoDigests: null,
      Created: 1700000000,
      Size: 5,
      VirtualSize: 5,
      Labels: null,
      Containers: -1,
    };
    assert.deepEqual(parseWire(imageSummary, wire, 'x'), {
      id,
      tags: [],
      repoDigests: [],
      createdAtMs: 1700000000000,
      sizeBytes: 5,
      labels: {},
    });
    const dangling = { ...wire, RepoDigests: ['<none>@<none>'], RepoTags: null };
    assert.deepEqual(parseWire(imageSummary, dangling, 'x').repoDigests, []);
  });

  it('is understood as an image of a newer engine that leaves out what is empty', () => {
    assert.deepEqual(
      parseWire(imageDetails, { Id: id, RepoTags: ['a:b'], Config: {}, RootFS: { Layers: [id] } }, 'x'),
      {
        id,
        tags: ['a:b'],
        repoDigests: [],
        sizeBytes: 0,
        platform: { os: '', architecture: '' },
        diffIds: [id],
        config: {
          env: [],
          command: [],
          entrypoint: [],
          workingDir: '',
          user: '',
          labels: {},
          exposedPorts: [],
          volumes: [],
        },
      },
    );
  });

  it('must name its layers by digests', () => {
    const wire = { Id: id, RootFS: { Layers: ['../../etc'] } };
    assert.throws(() => parseWire(imageDetails, wire, 'x'), { code: 'engineGarbled' });
  });

  it('is understood as a step of a history, with and without an ID', () => {
    const step = { Id: '<missing>', Created: 0, CreatedBy: 'RUN x', Size: 0, Comment: '', Tags: null };
    assert.deepEqual(parseWire(historyEntry, step, 'x'), {
      createdBy: 'RUN x',
      sizeBytes: 0,
      comment: '',
      tags: [],
    });
    assert.equal(parseWire(historyEntry, { ...step, Id: hex }, 'x').id, id);
  });

  it('is understood as a removal', () => {
    assert.deepEqual(parseWire(removal, { Untagged: 'a:b' }, 'x'), { kind: 'untagged', ref: 'a:b' });
    assert.deepEqual(parseWire(removal, { Deleted: id }, 'x'), { kind: 'deleted', ref: id });
  });

  it('is understood as a container, one odd port left out', () => {
    const wire = {
      Id: 'c1',
      Names: ['/other/alias', '/web'],
      Image: 'a:b',
      ImageID: hex,
      Command: 'x',
      Created: 1,
      Status: 'Up 2 hours (unhealthy)',
      Ports: [
        { IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
        { PrivatePort: 53 },
        { Type: 'udp' },
      ],
      Mounts: [
        { Type: 'volume', Name: 'v', Source: '/x', Destination: '/data', RW: true },
        { Type: 'bind', Source: '/y', Destination: '/cfg', RW: false },
      ],
      Labels: { a: 'b', odd: 1 },
      NetworkSettings: { Networks: { bridge: {} } },
    };
    assert.deepEqual(parseWire(containerSummary, wire, 'x'), {
      id: 'c1',
      names: ['web', 'other/alias'],
      image: 'a:b',
      imageId: id,
      command: 'x',
      createdAtMs: 1000,
      state: 'running',
      status: 'Up 2 hours (unhealthy)',
      health: 'unhealthy',
      ports: [
        { containerPort: 80, protocol: 'tcp', hostIp: '0.0.0.0', hostPort: 8080 },
        { containerPort: 53, protocol: 'tcp' },
      ],
      mounts: [
        { type: 'volume', name: 'v', source: '/x', target: '/data', isReadOnly: false },
        { type: 'bind', source: '/y', target: '/cfg', isReadOnly: true },
      ],
      labels: { a: 'b', odd: '1' },
      networks: ['bridge'],
    });
    const bare = parseWire(containerSummary, { Id: 'c2' }, 'x');
    assert.equal(bare.state, 'unknown');
    assert.deepEqual([bare.names, bare.ports, bare.mounts, bare.networks], [[], [], [], []]);
  });

  for (const [state, status, expected] of [
    ['running', 'Up 1 second', 'running'],
    ['Exited', '', 'exited'],
    ['', 'Up 3 days (Paused)', 'paused'],
    ['', 'Exited (0) 2 hours ago', 'exited'],
    ['', 'Restarting (1) 3 seconds ago', 'restarting'],
    ['', 'Removal In Progress', 'removing'],
    ['', 'Dead', 'dead'],
    ['', 'Created', 'created'],
    ['configured', '', 'created'],
    ['stopped', '', 'exited'],
    ['something new', '', 'unknown'],
  ] as const) {
    it(`reads the state "${state}" with "${status}" as ${expected}`, () => {
      assert.equal(stateOf(state, status), expected);
    });
  }

  for (const [stated, status, expected] of [
    ['', 'Up 2 hours (healthy)', 'healthy'],
    ['', 'Up 2 hours (health: starting)', 'starting'],
    ['', 'Up 2 hours (unhealthy)', 'unhealthy'],
    ['', 'Up 2 hours', 'none'],
    ['healthy', 'Up 2 hours', 'healthy'],
    ['none', 'Up 2 hours', 'none'],
  ] as const) {
    it(`reads the health "${stated}" with "${status}" as ${expected}`, () => {
      assert.equal(healthOf(stated, status), expected);
    });
  }

  it('is understood as the details of a container, a command given as one text too', () => {
    const wire = {
      Id: 'c1',
      Name: '/web',
      Image: id,
      Created: '2026-01-02T03:04:05.123456789Z',
      Platform: 'linux',
      State: { Status: 'paused' },
      Config: {
        Image: 'a:b',
        Cmd: 'one text',
        Entrypoint: null,
        ExposedPorts: { '80/tcp': {} },
        Volumes: null,
      },
      SizeRw: 7,
    };
    const details = parseWire(containerDetails, wire, 'x');
    assert.deepEqual(
      [
        details.name,
        details.image,
        details.imageId,
        details.state,
        details.createdAtMs,
        details.writableBytes,
      ],
      ['web', 'a:b', id, 'paused', Date.UTC(2026, 0, 2, 3, 4, 5, 123), 7],
    );
    const config = parseWire(containerConfig, wire, 'x');
    assert.deepEqual(
      [config.command, config.entrypoint, config.exposedPorts],
      [['one text'], [], ['80/tcp']],
    );
  });

  it('is understood as a volume and what it takes, unknown sizes left out', () => {
    assert.deepEqual(parseWire(volumeSummary, { Name: 'v', Labels: null, Options: null }, 'x'), {
      name: 'v',
      driver: '',
      mountpoint: '',
      scope: '',
      labels: {},
      options: {},
    });
    assert.deepEqual(parseWire(volumeUsage, { Name: 'v', UsageData: { Size: -1, RefCount: 0 } }, 'x'), {
      name: 'v',
      refCount: 0,
    });
    assert.deepEqual(parseWire(volumeUsage, { Name: 'v', UsageData: null }, 'x'), { name: 'v' });
  });

  it('tells the store and the product', () => {
    const info = (DriverStatus: unknown, Components: unknown): string[] => {
      const found = engineInfo(
        parseWire(infoAnswer, { DriverStatus }, 'info'),
        parseWire(versionAnswer, { Version: '1', Components }, 'version'),
        '1.41',
      );
      return [found.imageStore, found.product];
    };
    const docker = [{ Name: 'Engine' }];
    assert.deepEqual(info([['Backing Filesystem', 'extfs']], docker), ['graphdriver', 'docker']);
    assert.deepEqual(info([['driver-type', 'io.containerd.snapshotter.v1']], docker), [
      'containerd',
      'docker',
    ]);
    assert.deepEqual(info(null, [{ Name: 'Podman Engine' }]), ['graphdriver', 'podman']);
  });

  it('tells no time where the engine has none', () => {
    assert.equal(timeMs('0001-01-01T00:00:00Z'), undefined);
    assert.equal(timeMs(''), undefined);
    assert.equal(timeMs('1970-01-01T00:00:00Z'), 0);
  });

  it('lets others have their turn while a long list is parsed', async () => {
    let turns = 0;
    const count = (): void => {
      turns += 1;
      immediate = setImmediate(count);
    };
    let immediate = setImmediate(count);
    const rows = Array.from({ length: 1000 }, () => ({ Id: id }));
    assert.equal((await parseWireList(imageSummary, rows, 'x')).length, 1000);
    clearImmediate(immediate);
    assert.ok(turns >= 3, `${turns} turns`);
  });

  it('may be null instead of an empty list, but no other shape', async () => {
    assert.deepEqual(await parseWireList(imageSummary, null, 'x'), []);
    assert.equal((await failureOf(parseWireList(imageSummary, {}, 'x'))).code, 'engineGarbled');
  });
});
