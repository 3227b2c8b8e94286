import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { z } from 'zod';
import type { CommandId } from '../../../src/contributions.ts';
import type { BackupResult } from '../../../src/core/backup/backupResult.ts';
import type { Snapshot } from '../../../src/core/snapshot/snapshot.ts';
import { createVault } from '../../../src/core/vault/layout.ts';
import type { DrydockApi } from '../../../src/extension.ts';
import { snapshotUri } from '../../../src/ui/snapshotFileSystem.ts';
import type { DrydockItem } from '../../../src/views/viewItem.ts';
import { testHost, testLabel } from '../../support/engine.ts';
import { FakeRegistry } from '../../support/fakeRegistry.ts';
import { engineHost, sleepingRootfs } from '../../support/tinyImage.ts';
import { tabsWhere, untilTabs } from './tabs.ts';

const image = 'drydock-test/backups:1';
const containerName = 'drydock-test-backups';
const volumeName = 'drydock-test-backups';

describe('backups in the extension host', () => {
  const host = engineHost(testHost());
  const settings = (): vscode.WorkspaceConfiguration => vscode.workspace.getConfiguration('drydock');
  let api: DrydockApi;
  let folder: string;
  let path: string;
  let container: { readonly kind: 'container'; readonly id: string; readonly name: string };

  before(async () => {
    const extension = vscode.extensions.getExtension<DrydockApi>('drydock.drydock');
    assert.ok(extension !== undefined);
    api = await extension.activate();
    folder = await mkdtemp(join(tmpdir(), 'drydock-backups-'));
    path = join(folder, 'vault');
    await createVault({ path, compression: 'zstd' });
    const [repo, tag] = image.split(':');
    const query = new URLSearchParams({
      ...{ fromSrc: '-', repo: repo ?? '', tag: tag ?? '', changes: `LABEL ${testLabel}=1` },
    });
    await host.call('POST', `/images/create?${query.toString()}`, await sleepingRootfs());
    await host.createVolume(volumeName);
    const config = {
      Image: image,
      Cmd: ['/bin/sleep', '600'],
      HostConfig: { Mounts: [{ Type: 'volume', Source: volumeName, Target: '/data' }] },
    };
    const id = await host.createContainer(config, containerName);
    container = { kind: 'container', id, name: containerName };
  });

  after(async () => {
    await settings().update('vaults', undefined, vscode.ConfigurationTarget.Global);
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await host.removeLabelled();
    await rm(folder, { recursive: true, force: true });
  });

  async function children(item?: DrydockItem): Promise<readonly DrydockItem[]> {
    return (await api.views.api.backups.getChildren(item)) ?? [];
  }

  async function snapshots(): Promise<readonly DrydockItem[]> {
    const [vault] = await children();
    assert.ok(vault !== undefined);
    const sources = await Promise.all((await children(vault)).map(children));
    return sources.flat();
  }

  /** Resolves when `check` holds, looked at after each change of the list of vaults. */
  async function until(check: () => boolean): Promise<void> {
    if (check()) return;
    await new Promise<void>((resolve) => {
      const listening = api.vaults.list.onDidChange(() => {
        if (!check()) return;
        listening.dispose();
        resolve();
      });
    });
  }

  async function run(id: CommandId, ...args: readonly unknown[]): Promise<unknown> {
    const results: unknown = await vscode.commands.executeCommand(id, ...args);
    assert.ok(Array.isArray(results) && results.length === 1);
    return results[0];
  }

  async function backUp(...args: readonly unknown[]): Promise<Snapshot> {
    return ((await run('drydock.backUp', ...args)) as BackupResult).snapshot;
  }

  it('opens the vaults that the settings name', async () => {
    await settings().update('vaults', [{ name: 'test', path }], vscode.ConfigurationTarget.Global);
    await until(() => api.vaults.list.find(path)?.state.kind === 'open');
    const [vault] = await children();
    assert.ok(vault?.kind === 'vault');
    assert.equal(vault.name, 'test');
  });

  it('backs up a container, says so in the view, and protects its volume', async () => {
    const { id, source } = await backUp(container);
    assert.deepEqual([source.kind, source.name], ['container', containerName]);
    const [snapshot] = await snapshots();
    assert.ok(snapshot?.kind === 'snapshot');
    assert.equal(snapshot.id, id);
    const protection = api.vaults.protection.current();
    assert.equal(protection?.volume({ name: volumeName, labels: {} }).kind, 'current');
    assert.equal(protection.container({ names: [containerName], labels: {} }).kind, 'current');
    assert.equal(protection.volume({ name: 'another', labels: {} }).kind, 'never');
  });

  it('pins a snapshot and unpins it, and the view says so', async () => {
    const [node] = await snapshots();
    const pinned = (await run('drydock.pinSnapshots', node)) as Snapshot;
    assert.ok(pinned.isPinned);
    const [drawn] = await snapshots();
    assert.ok(drawn !== undefined);
    const item = await api.views.api.backups.getTreeItem(drawn);
    assert.equal(item.contextValue, 'drydock.snapshot.pinned');
    const unpinned = (await run('drydock.unpinSnapshots', drawn)) as Snapshot;
    assert.ok(!unpinned.isPinned);
  });

  it('opens the page of a snapshot once', async () => {
    const [node] = await snapshots();
    await vscode.commands.executeCommand('drydock.openSnapshot', node);
    await vscode.commands.executeCommand('drydock.openSnapshot', node);
    const pages = (): readonly vscode.Tab[] =>
      tabsWhere(({ label }) => label === `Snapshot: ${containerName}`);
    await untilTabs(() => pages().length > 0);
    // The host is told of tabs in their order: a second page would be known before this one.
    const next = vscode.Uri.file(join(folder, 'next.txt'));
    await vscode.workspace.fs.writeFile(next, new TextEncoder().encode('after the page'));
    await vscode.window.showTextDocument(next);
    await untilTabs(() => tabsWhere(({ input }) => isTextOf(input, next)).length > 0);
    assert.equal(pages().length, 1);
  });

  it('reads files of a snapshot, and never writes one', async () => {
    const [node] = await snapshots();
    assert.ok(node?.kind === 'snapshot');
    const at = (file: string): vscode.Uri =>
      snapshotUri({ vaultPath: path, id: node.id, root: containerName, path: file });
    const bin = await vscode.workspace.fs.readDirectory(at('bin'));
    assert.ok(bin.some(([name]) => name === 'sleep'));
    const { size } = await vscode.workspace.fs.stat(at('bin/sleep'));
    assert.equal((await vscode.workspace.fs.readFile(at('bin/sleep'))).length, size);
    await assert.rejects(async () => vscode.workspace.fs.readFile(at('bin/nothing')), {
      code: 'FileNotFound',
    });
    await assert.rejects(async () => vscode.workspace.fs.writeFile(at('bin/sleep'), new Uint8Array(1)));
  });

  it('backs up again what did not change, without storing much', async () => {
    const [node] = await snapshots();
    const { newBytes } = await backUp(node);
    assert.ok(newBytes < 20_000, String(newBytes));
    assert.equal((await snapshots()).length, 2);
  });

  it('backs up what can be, and tells of what can’t', async () => {
    const gone = { kind: 'volume', name: 'drydock-test-not-there' };
    const volume = { kind: 'volume', name: volumeName };
    assert.equal((await backUp(volume, [gone, volume])).source.name, volumeName);
    const raw = await host.call('GET', '/containers/json?all=1');
    const names = z.array(z.object({ Names: z.array(z.string()) })).parse(raw);
    assert.equal(names.filter((each) => each.Names.some((name) => name.startsWith('/drydock-'))).length, 1);
  });

  it('copies a snapshot into a registry, and reads its files from there', async () => {
    const server = new FakeRegistry();
    server.wantsEverything = true;
    await server.start();
    const remote = `registry://${server.host}/team/backups`;
    try {
      const both = [
        { name: 'test', path },
        { name: 'far', path: remote },
      ];
      await settings().update('vaults', both, vscode.ConfigurationTarget.Global);
      await until(() => api.vaults.list.find(remote)?.state.kind === 'failed');
      const local = api.vaults.list.find(path)?.state;
      const known = local?.kind === 'open' ? local.snapshots : [];
      const wanted = known.find(({ source }) => source.kind === 'container');
      const node = (await snapshots()).find((one) => one.kind === 'snapshot' && one.id === wanted?.id);
      assert.ok(node?.kind === 'snapshot');
      await vscode.commands.executeCommand('drydock.copySnapshots', node);
      const { state } = api.vaults.list.find(remote) ?? {};
      assert.ok(state?.kind === 'open');
      assert.deepEqual(
        state.snapshots.map(({ id }) => id),
        [node.id],
      );
      const place = { id: node.id, root: containerName, path: 'bin/sleep' };
      const [near, far] = [path, remote].map((vaultPath) => snapshotUri({ ...place, vaultPath }));
      assert.ok(near !== undefined && far !== undefined);
      assert.deepEqual(await vscode.workspace.fs.readFile(far), await vscode.workspace.fs.readFile(near));
      const [, item] = await children();
      assert.ok(item !== undefined);
      const { contextValue } = await api.views.api.backups.getTreeItem(item);
      assert.equal(contextValue, 'drydock.vault.registry');
    } finally {
      await settings().update('vaults', [{ name: 'test', path }], vscode.ConfigurationTarget.Global);
      await server.stop();
    }
  });

  it('lets go of a vault that the settings no longer name', async () => {
    await settings().update('vaults', [], vscode.ConfigurationTarget.Global);
    await until(() => api.vaults.list.vaults.length === 0);
    assert.deepEqual(await children(), []);
    assert.equal(api.vaults.protection.current(), undefined);
  });
});

function isTextOf(input: unknown, uri: vscode.Uri): boolean {
  return input instanceof vscode.TabInputText && input.uri.toString() === uri.toString();
}
