import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import type { RemoteRegistry } from '../../src/core/registry/remoteRepository.ts';
import { createVault } from '../../src/core/vault/layout.ts';
import { testHost } from '../support/engine.ts';
import { pushedVault } from '../support/pushedVault.ts';
import { startRealRegistry, type RealRegistry } from '../support/realRegistry.ts';
import { listed, registryHere } from '../support/registryHere.ts';
import { putImage, putIndex, putSignature } from '../support/remoteImages.ts';
import { engineHost, tarOf, type EngineHost } from '../support/tinyImage.ts';
import { openVsCode, type OpenedVsCode } from '../support/vscodeBrowser.ts';
import { workbenchOf, type Workbench } from '../support/workbench.ts';

describe('registries in the browser', function () {
  this.timeout(120_000);
  let vscode: OpenedVsCode;
  let page: Page;
  let workbench: Workbench;
  let folder: string;
  let server: RealRegistry;
  let registry: RemoteRegistry;
  let engine: EngineHost;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-e2e-registries-'));
    await mkdir(join(folder, 'workspace'));
    server = await startRealRegistry(join(folder, 'registry'));
    registry = registryHere(server.host);
    await fill();
    await pushedVault(join(folder, 'safe'));
    await createVault({ path: join(folder, 'other'), compression: 'zstd' });
    engine = engineHost(testHost());
    const dockerfile = 'FROM scratch\nCOPY a.txt /a.txt\n';
    const files = [
      { name: 'Dockerfile', content: dockerfile },
      { name: 'a.txt', content: 'a'.repeat(2_000) },
    ];
    await engine.build(await tarOf(files), 'drydock-test/pushed:1');
    vscode = await openVsCode({
      workspace: join(folder, 'workspace'),
      engineHost: testHost(),
      viewport: { width: 1280, height: 1100 },
      settings: {
        'drydock.vaults': ['safe', 'other'].map((name) => ({ name, path: join(folder, name) })),
        'drydock.defaultVault': 'other',
        'workbench.hover.delay': 30_000,
      },
    });
    page = vscode.page;
    workbench = workbenchOf(page);
    await vscode.openContainer('Drydock');
    // Room for what registries say of themselves.
    await page.mouse.move(349, 550);
    await page.mouse.down();
    await page.mouse.move(620, 550, { steps: 5 });
    await page.mouse.up();
  });

  after(async () => {
    await vscode.close();
    registry.close();
    await server.stop();
    await engine.removeLabelled();
    await rm(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    await page.keyboard.press('Escape'); // a menu that a failed test left
    await vscode.runCommand('Notifications: Clear All Notifications');
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed')
      await vscode.screenshot(
        `failed-registries-${this.currentTest.title.slice(0, 30).replace(/\W+/g, '-')}`,
      );
  });

  /** Opens these views, and closes the others, so that there is room for their rows. */
  async function show(...views: readonly string[]): Promise<void> {
    for (const view of ['Images', 'Containers', 'Volumes', 'Backups', 'Registries']) {
      const header = page.locator('.part.sidebar .pane-header').filter({ hasText: new RegExp(`^${view}`) });
      const isOpen = (await header.getAttribute('aria-expanded')) === 'true';
      if (isOpen !== views.includes(view)) await header.click({ position: { x: 30, y: 8 } });
    }
  }

  async function fill(): Promise<void> {
    const app = registry.repository('dev/app');
    const created = '2026-01-02T03:04:05Z';
    const amd = await putImage(app, { tag: '1.0', content: 'x'.repeat(20_000), created });
    const arm = await putImage(app, { content: 'y'.repeat(20_000), architecture: 'arm64', created });
    await putIndex(app, '2.0', [amd, arm]);
    await putSignature(app, amd, { says: 'signed' });
    await putImage(registry.repository('dev/web'), { tag: 'latest', content: 'web', created });
  }

  it('tells what tags stand for when they are opened, and has the log-in ready that is missing', async () => {
    await show('Registries');
    await page.locator('.part.sidebar').getByRole('button', { name: 'Add Registry', exact: true }).click();
    await workbench.answer(/Host of the registry/, server.host);
    await workbench.expand(new RegExp(`^Registry ${server.host}`));
    await workbench.expand(/^Repository dev\/app/);
    await workbench.expand(/^Tag 2\.0/);
    await workbench.treeItem(/^platform · .*, linux\/arm64/).waitFor();
    await workbench.expand(/^Tag 1\.0/);
    await workbench.treeItem(/^1 signature or attestation/).waitFor();
    await workbench.treeItem(/^Tag 1\.0, linux\/amd64, 20/).waitFor();

    const closed = await startRealRegistry(join(folder, 'closed'), { wantsPassword: true });
    try {
      await vscode.runCommand('Drydock: Add Registry');
      await workbench.answer(/Host of the registry/, closed.host);
      await workbench.expand(new RegExp(`^Registry ${closed.host}`));
      const message = workbench.treeItem(new RegExp(`wants a log-in.*docker login ${closed.host}`));
      await message.waitFor();
      await message.click();
      await page.locator('.terminal-wrapper.active').waitFor();
      await vscode.screenshot('registries-log-in');
      await vscode.runCommand('Terminal: Kill All Terminals');
      await workbench.chooseFromMenu(
        workbench.treeItem(new RegExp(`^Registry ${closed.host}`)),
        /Remove Registry from List/,
      );
      await workbench.dialog.getByRole('button', { name: 'Remove from List' }).click();
      await message.waitFor({ state: 'detached' });
    } finally {
      await closed.stop();
    }
  });

  it('pushes a snapshot after saying what may be secret, and pulls it into another vault', async () => {
    await show('Backups', 'Registries');
    await workbench.chooseFromMenu(workbench.treeItem(/^container, web, 1 snapshot/), /Push Snapshot/);
    await workbench.pick(/The Whole Snapshot/);
    await workbench.answer(/Where the snapshot goes/, `${server.host}/backups:web`);
    await workbench.dialog.getByText(/may be secret: web/).waitFor();
    await workbench.dialog.getByRole('button', { name: 'Push' }).click();
    await workbench.told(/Pushed and read back: .*\/backups:web \(.* sent of/);
    await workbench.expand(/^Repository backups/);
    await workbench.expand(/^Tag web/);
    const tag = workbench.treeItem(/^Tag web, snapshot of the container web/);
    await tag.waitFor();
    await vscode.runCommand('Notifications: Clear All Notifications');
    await vscode.screenshot('registries-pushed');
    await workbench.chooseFromMenu(tag, /Pull into Vault/);
    await workbench.told(/Pulled and verified: .*fetched into the vault other/);
    await workbench.treeItem(/^Vault other, 1 snapshot/).waitFor();
  });

  it('pushes an image of the engine once it is backed up, and asks before it takes a tag', async () => {
    await show('Images', 'Backups');
    await workbench.expand(/^drydock-test\/pushed, /);
    await workbench.chooseFromMenu(workbench.treeItem(/^drydock-test\/pushed:1, /), /Push to Registry/);
    await workbench.dialog.getByRole('button', { name: 'Back Up First' }).click();
    await workbench.pick(/Layers as gzip/);
    await workbench.answer(/Name of the image/, `${server.host}/dev/web:latest`);
    await workbench.dialog.getByText(/is there already/).waitFor();
    await workbench.dialog.getByRole('button', { name: 'Replace' }).click();
    await workbench.told(/Pushed and read back: .*\/dev\/web:latest/);
    const { bytes } = (await registry.repository('dev/web').getManifest('latest')) ?? assert.fail();
    assert.match(Buffer.from(bytes).toString(), /tar\+gzip/);
  });

  it('shows what a rule would copy before it is done, and what a deleted tag takes with it', async () => {
    await show('Registries');
    const sync = async (): Promise<void> => {
      await vscode.runCommand('Drydock: Sync Registries');
      await workbench.answer(/From where/, `${server.host}/dev/*`);
      await workbench.answer(/Where to/, `${server.host}/prod/*`);
      await workbench.answer(/Which tags/, '!latest');
    };
    await sync();
    const options = page.locator('.quick-input-widget:visible').getByRole('option');
    await options.filter({ hasText: /prod\/app:2\.0.*new there/ }).waitFor();
    await workbench.toast(/Looking what there is/).waitFor({ state: 'detached' });
    await vscode.screenshot('registries', { readme: true });
    await workbench.pick(/Copy 2 images/);
    await workbench.told(/Copied and read back: 2 images/);
    await sync();
    await workbench.pick(/Check 2 images, all are there already/);
    await workbench.told(/Checked: 2 images, there already/);
    const copy = registry.repository('prod/app');
    const tags = await listed(copy.tags());
    assert.deepEqual(tags.filter((tag) => !tag.startsWith('sha256')).sort(), ['1.0', '2.0']);
    await copy.putManifest((await copy.getManifest('2.0')) ?? assert.fail(), { tag: 'also' });
    await workbench.expand(/^Repository prod\/app/);
    await workbench.treeItem(/^Tag also/).waitFor();
    await workbench.chooseFromMenu(workbench.treeItem(/^Tag 2\.0/).last(), /Delete Tag/);
    await workbench.dialog.getByText(/go with it: also/).waitFor();
    await vscode.screenshot('registries-delete');
    await workbench.dialog.getByRole('button', { name: 'Delete' }).click();
    await workbench.treeItem(/^Tag also/).waitFor({ state: 'detached' });
    assert.equal(await copy.headManifest('also'), undefined);
    assert.ok(await copy.headManifest('1.0'));
  });
});
