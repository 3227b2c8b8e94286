import assert from 'node:assert/strict';
import type { JsonObject } from '../../../src/core/engine/records.ts';
import { planRestore } from '../../../src/core/restore/planRestore.ts';
import type { RestoreChoices, RestorePlan } from '../../../src/core/restore/restorePlan.ts';
import type { CapturedContainer } from '../../../src/core/snapshot/snapshotRecords.ts';
import { createVault, type Vault } from '../../../src/core/vault/layout.ts';
import { currentProcess, type ProcessIdentity } from '../../../src/core/vault/processIdentity.ts';
import { sampleImage, sampleLayer } from '../../support/archives/sampleImages.ts';
import { DockEngine } from '../../support/dockEngine.ts';
import { failureOf } from '../../support/failureOf.ts';
import { networkOf, shopSnapshot } from '../../support/shopSnapshot.ts';
import { temporaryFolder } from '../../support/vaultFolder.ts';

const nowMs = Date.parse('2026-11-21T10:20:30Z');

describe('planning a restore', function () {
  this.timeout(20_000);
  const folder = temporaryFolder();
  let vault: Vault;
  let owner: ProcessIdentity;
  let dock: DockEngine;
  beforeEach(async () => {
    vault = await createVault({ path: folder.path(), compression: 'zstd' });
    owner = await currentProcess();
    dock = new DockEngine();
  });

  async function plan(
    choices: RestoreChoices = {},
    change?: (document: CapturedContainer) => CapturedContainer,
  ): Promise<RestorePlan> {
    const contents = await shopSnapshot({ vault, owner }, change);
    const planned = await planRestore({ engine: dock.engine, vault }, { contents, choices, nowMs });
    assert.deepEqual(dock.done, [], 'the engine is only asked');
    return planned;
  }
  const lines = ({ items }: RestorePlan): readonly string[] =>
    items.map(({ what, name, newName, action, reason }) =>
      [
        what,
        what === 'image' ? '' : name,
        name === newName || what === 'image' ? '' : `as ${newName}`,
        action,
        reason,
      ]
        .filter((part) => part !== '')
        .join(' '),
    );
  const problems = ({ problems: found }: RestorePlan): readonly string[] =>
    found.map(({ severity, code, args }) => `${severity} ${code} ${Object.values(args).join(' ')}`);
  const hostConfig =
    (more: JsonObject) =>
    (document: CapturedContainer): CapturedContainer => {
      const { HostConfig } = document.createBody as { readonly HostConfig: JsonObject };
      return document.name === 'web'
        ? { ...document, createBody: { ...document.createBody, HostConfig: { ...HostConfig, ...more } } }
        : document;
    };

  it('makes a network of the project again that no container is in, unless only a part is wanted', async () => {
    const contents = await shopSnapshot({ vault, owner });
    assert.ok(contents.project);
    const document = { ...contents.project.document, networks: [networkOf('spare', '10.19.0.0/24')] };
    const withSpare = { ...contents, project: { ...contents.project, document } };
    const namesFor = async (choices: RestoreChoices): Promise<readonly string[]> =>
      (
        await planRestore({ engine: dock.engine, vault }, { contents: withSpare, choices, nowMs })
      ).networks.map(({ network, action }) => `${action} ${network.name}`);
    assert.ok((await namesFor({})).includes('create spare'));
    assert.ok(!(await namesFor({ only: { services: ['db'] } })).includes('create spare'));
  });

  it('warns of those that run in a namespace of what is replaced, and of a volume that is left out', async () => {
    const web = dock.addContainer('web');
    const inside = (mode: string): { readonly body: JsonObject } => ({
      body: { HostConfig: { NetworkMode: 'none', PidMode: mode } },
    });
    dock.addContainer('sidecar', inside(`container:${web.id}`));
    dock.addContainer('apart', inside(''));
    dock.addContainer('stopped', { ...inside(`container:${web.id}`), state: 'exited' });
    const skip = { what: 'volume', name: 'data', action: 'skip' } as const;
    const replaced = await plan({ items: [{ what: 'container', name: 'web', action: 'replace' }, skip] });
    assert.deepEqual(problems(replaced), [
      'warning volumeLeftOut db data',
      'warning namespaceShared web sidecar',
    ]);
    dock.volumes.set('data', { createdAtMs: 0, data: '' });
    const kept = await plan({ items: [{ what: 'container', name: 'web', action: 'keep' }, skip] });
    assert.deepEqual(problems(kept), []);
  });

  it('makes everything on an empty engine, what others need first', async () => {
    const planned = await plan();
    assert.deepEqual(lines(planned), [
      'image create absent',
      'tag app:1 create absent',
      'image create absent',
      'network back create absent',
      'network front create absent',
      'volume data create absent',
      'container db create absent',
      'container api create absent',
      'container web create absent',
    ]);
    assert.deepEqual(problems(planned), []);
  });

  it('overwrites nothing unless it was chosen', async () => {
    dock.addContainer('web');
    dock.volumes.set('data', { createdAtMs: 0, data: 'old' });
    const planned = await plan();
    assert.deepEqual(lines(planned).slice(-4), [
      'volume data skip undecided',
      'container db create absent',
      'container api create absent',
      'container web skip undecided',
    ]);
    assert.deepEqual(problems(planned), ['blocker volumeTaken data', 'blocker containerTaken web']);
  });

  it('takes a choice for each thing that is taken', async () => {
    const web = dock.addContainer('web', { ports: [8080] });
    dock.addContainer('api');
    dock.volumes.set('data', { createdAtMs: 0, data: 'old' });
    const planned = await plan({
      items: [
        { what: 'volume', name: 'data', action: 'rename', newName: 'data2' },
        { what: 'container', name: 'web', action: 'replace' },
        { what: 'container', name: 'api', action: 'keep' },
        { what: 'container', name: 'db', action: 'rename', newName: 'db2' },
      ],
    });
    assert.deepEqual(lines(planned).slice(-4), [
      'volume data as data2 create chosen',
      'container db as db2 create chosen',
      'container api keep chosen',
      'container web replace chosen',
    ]);
    assert.deepEqual(problems(planned), [], 'the port is free when the old one has gone');
    assert.deepEqual(planned.containers.at(-1)?.replaces, { id: web.id, name: 'web', wasRunning: true });
  });

  it('does not replace a volume that somebody uses meanwhile', async () => {
    const user = dock.addContainer('reader', { mounts: ['data'] });
    dock.volumes.set('data', { createdAtMs: 0, data: 'old' });
    const choices: RestoreChoices = { items: [{ what: 'volume', name: 'data', action: 'replace' }] };
    assert.deepEqual(problems(await plan(choices)), ['blocker volumeInUse data reader']);
    user.state = 'exited';
    assert.deepEqual(problems(await plan(choices)), []);
  });

  it('does not replace a volume on a Podman, which can’t empty one', async () => {
    dock.moreInfo = { product: 'podman' };
    dock.volumes.set('data', { createdAtMs: 0, data: 'old' });
    const replaced: RestoreChoices = { items: [{ what: 'volume', name: 'data', action: 'replace' }] };
    assert.deepEqual(problems(await plan(replaced)), ['blocker volumeNotReplaceable data']);
    const renamed: RestoreChoices = {
      items: [{ what: 'volume', name: 'data', action: 'rename', newName: 'data2' }],
    };
    assert.deepEqual(problems(await plan(renamed)), []);
  });

  it('refuses a new name that is taken as well', async () => {
    dock.addContainer('web2');
    dock.volumes.set('data2', { createdAtMs: 0, data: '' });
    const planned = await plan({
      items: [
        { what: 'volume', name: 'data', action: 'rename', newName: 'data2' },
        { what: 'container', name: 'web', action: 'rename', newName: 'web2' },
      ],
    });
    assert.deepEqual(problems(planned), ['blocker volumeTaken data2', 'blocker containerTaken web2']);
  });

  it('restores one service with what it needs, and no more', async () => {
    const planned = await plan({ only: { services: ['db'] } });
    assert.deepEqual(lines(planned), [
      'image create absent',
      'tag app:1 create absent',
      'image create absent',
      'network back create absent',
      'volume data create absent',
      'container db create absent',
    ]);
  });

  it('names what is there when a part is asked for that is not', async () => {
    const error = await failureOf(plan({ only: { services: ['shop'] } }));
    assert.equal(error.code, 'notInSnapshot');
    assert.deepEqual(error.details, { name: 'shop', known: 'web, api, db' });
  });

  it('leaves a tag with the image that has it, or moves it and keeps that image', async () => {
    const other = sampleImage([sampleLayer(3)], ['app:1']);
    dock = new DockEngine([other]);
    const left = await plan();
    assert.equal(lines(left)[1], 'tag app:1 skip undecided');
    assert.deepEqual(problems(left), ['warning tagTaken app:1']);
    const moved = await plan({ items: [{ what: 'tag', name: 'app:1', action: 'replace' }] });
    assert.equal(lines(moved)[1], 'tag app:1 replace chosen');
    assert.deepEqual([...moved.keepAs], [['app:1', 'app:1-before-20261121t102030z']]);
  });

  it('uses a network that is there, and says where it differs', async () => {
    dock.addNetwork('front', { ipam: { Config: [{ Subnet: '10.11.0.0/24' }] } });
    dock.addNetwork('back', { ipam: { Config: [{ Subnet: '10.12.0.0/16' }] } });
    const planned = await plan();
    assert.deepEqual(
      lines(planned).filter((line) => line.startsWith('network')),
      ['network back keep taken', 'network front keep same'],
    );
    assert.deepEqual(problems(planned), ['warning networkDiffers back']);
  });

  it('chooses another subnet where one is taken, but not when an address is fixed in it', async () => {
    dock.addNetwork('others', { ipam: { Config: [{ Subnet: '10.8.0.0/13' }] } });
    const planned = await plan();
    assert.deepEqual(problems(planned), [
      'blocker subnetTaken back 10.12.0.0/24 others',
      'warning subnetChanged front 10.11.0.0/24 others',
    ]);
    assert.deepEqual(
      planned.networks.map(({ needsOtherSubnet }) => needsOtherSubnet),
      [true, true],
    );
  });

  it('finds an address that somebody has', async () => {
    dock.addNetwork('back', {
      ipam: { Config: [{ Subnet: '10.12.0.0/24' }] },
      addresses: { '10.12.0.5': 'cache' },
    });
    assert.deepEqual(problems(await plan()), ['blocker addressTaken db 10.12.0.5 back cache']);
  });

  it('finds a port of the host that somebody has, which matters only to what is started', async () => {
    dock.addContainer('proxy', { ports: [8080] });
    assert.deepEqual(problems(await plan()), ['blocker portTaken web 8080/tcp proxy']);
    assert.deepEqual(problems(await plan({ start: false })), ['warning portTaken web 8080/tcp proxy']);
  });

  it('finds drivers and runtimes that the engine does not have', async () => {
    dock.moreInfo = { drivers: { network: ['host'], volume: ['nfs'], log: ['syslog'], runtime: ['runc'] } };
    const planned = await plan({}, hostConfig({ Runtime: 'nvidia', LogConfig: { Type: 'json-file' } }));
    assert.deepEqual(problems(planned), [
      'blocker networkDriverMissing back bridge',
      'blocker networkDriverMissing front bridge',
      'blocker volumeDriverMissing data local',
      'blocker runtimeMissing web nvidia',
      'blocker logDriverMissing web json-file',
    ]);
  });

  it('says what it can’t look at: devices, folders of the host, volumes that are not in the snapshot', async () => {
    const planned = await plan({}, (document) => ({
      ...hostConfig({ Devices: [{ PathOnHost: '/dev/kvm' }] })(document),
      mounts:
        document.name === 'web'
          ? [
              { type: 'bind', name: '', source: '/srv', target: '/s', isReadOnly: true, isIncluded: false },
              { type: 'volume', name: 'tmp', source: '', target: '/t', isReadOnly: false, isIncluded: false },
            ]
          : document.mounts,
    }));
    assert.deepEqual(problems(planned), [
      'warning deviceUnchecked web /dev/kvm',
      'warning bindUnchecked web /srv',
      'warning volumeNotIncluded web tmp',
    ]);
  });

  it('needs containers that are shared with, wherever they are', async () => {
    const joins = hostConfig({ NetworkMode: 'container:vpn', Links: ['api:backend'] });
    assert.deepEqual(problems(await plan({ only: { services: ['web'] } }, joins)), [
      'blocker dependencyMissing web vpn',
      'blocker dependencyMissing web api',
    ]);
    dock.addContainer('vpn');
    assert.deepEqual(problems(await plan({}, joins)), []);
  });

  it('says when an image is for another platform, and refuses to make containers for another system', async () => {
    dock.moreInfo = { platform: { os: 'linux', architecture: 'arm64' } };
    assert.ok(problems(await plan()).every((line) => line.startsWith('warning platformDiffers')));
    dock.moreInfo = { platform: { os: 'windows', architecture: 'amd64' } };
    assert.ok(problems(await plan()).includes('blocker platformDiffers web linux/amd64 windows/amd64'));
  });

  it('expects another ID on a store that counts images by their manifests', async () => {
    dock.moreInfo = { imageStore: 'containerd', version: '28.5.2' };
    assert.deepEqual(problems(await plan()), ['warning idDiffers app:1']);
  });
});
