import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { provideEngine } from '../../scripts/provision/provideEngine.ts';
import { makeSampleImages } from '../../scripts/sampleImages.ts';
import { testHost } from '../support/engine.ts';
import { dockerCli, emptyEngine, type DockerCli } from '../support/variedImages.ts';
import { openVsCode, type OpenedVsCode } from '../support/vscodeBrowser.ts';
import { eventually, workbenchOf, type Workbench } from '../support/workbench.ts';

const greeting = 'hello from before the loss\n';

describe('backup and restore in the browser', function () {
  this.timeout(120_000);
  let vscode: OpenedVsCode;
  let page: Page;
  let workbench: Workbench;
  let docker: DockerCli;
  let folder: string;

  before(async () => {
    docker = await dockerCli(testHost());
    const { docker: dockerPath } = await provideEngine();
    await makeSampleImages({ docker: dockerPath, env: { ...process.env, DOCKER_HOST: testHost() } });
    folder = await mkdtemp(join(tmpdir(), 'drydock-e2e-backup-'));
    await mkdir(join(folder, 'workspace'));
    await mkdir(join(folder, 'vault'));
    await writeFile(join(folder, 'greeting'), greeting);
    // What sits in a volume can be written without running anything.
    await docker('create', '--name', 'shop', '--volume', 'shop-data:/data', 'demo/base:1.0');
    await docker('cp', join(folder, 'greeting'), 'shop:/data/greeting');
    vscode = await openVsCode({
      workspace: join(folder, 'workspace'),
      engineHost: testHost(),
      viewport: { width: 1280, height: 1100 },
    });
    page = vscode.page;
    workbench = workbenchOf(page);
    await vscode.openContainer('Drydock');
  });

  after(async () => {
    await vscode.close();
    await rm(folder, { recursive: true, force: true });
    await emptyEngine();
  });

  beforeEach(async () => {
    await page.keyboard.press('Escape'); // a menu that a failed test left
    await vscode.runCommand('Notifications: Clear All Notifications');
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed')
      await vscode.screenshot(`failed-backup-${this.currentTest.title.slice(0, 30).replace(/\W+/g, '-')}`);
  });

  const quickInput = () => page.locator('.quick-input-widget:visible');

  it('makes a vault in an empty folder', async () => {
    await vscode.runCommand('Drydock: Add Vault');
    const input = quickInput().locator('input').first();
    const sibling = quickInput().getByRole('option', { name: 'workspace' });
    // The dialog writes its own path into the field once it has read the first folder.
    await eventually(async () => {
      if ((await input.inputValue()) !== `${folder}/`) await input.fill(`${folder}/`);
      return sibling.isVisible();
    });
    // Typed and not clicked: a click may come while the dialog still takes in the folder, and then chooses that.
    await input.fill(`${folder}/vault/`);
    await sibling.waitFor({ state: 'detached' });
    await quickInput().getByRole('button', { name: 'Add Vault' }).click();
    await workbench.dialog.getByRole('button', { name: 'Make a Vault' }).click();
    await workbench.answer(/Name of the vault/, 'safe');
    await workbench.treeItem(/^Vault safe, 0 snapshots/).waitFor();
    await workbench.treeItem(/^shop, .*no backup$/).waitFor();
    await vscode.screenshot('vault-added');
  });

  it('backs up a container with its volume by right-click, and the badges turn current', async () => {
    await workbench.chooseFromMenu(workbench.treeItem(/^shop, /), /Back Up/);
    await workbench.told(/Backed up and verified: shop/);
    await workbench.treeItem(/^shop, .*backed up now$/).waitFor();
    await workbench.treeItem(/^shop-data, .*backed up now$/).waitFor();
    await workbench.treeItem(/^container, shop, 1 snapshot/).waitFor();
    await vscode.screenshot('backed-up');
  });

  it('shows the snapshot as a page with its files, readable and accessible', async () => {
    await workbench.expand(/^container, shop, /);
    await workbench.treeItem(/^Snapshot, /).click();
    const frame = await vscode.webview();
    await frame.getByRole('heading', { name: 'shop' }).waitFor();
    await frame.locator('summary').filter({ hasText: 'shop-data (volume)' }).click();
    await frame.getByText('greeting', { exact: true }).waitFor();
    assert.deepEqual(await vscode.axe(frame), []);
    await vscode.screenshot('backups', { readme: true });
    await frame.getByRole('button', { name: 'Open greeting' }).click();
    await page.locator('.view-lines').getByText('hello from before the loss').waitFor();
  });

  it('puts a file back from the page, over the one that is there only when told to', async () => {
    await writeFile(join(folder, 'other'), 'written later\n');
    await docker('cp', join(folder, 'other'), 'shop:/data/greeting');
    await page.getByRole('tab', { name: /Snapshot: shop/ }).click();
    const frame = await vscode.webview();
    const file = frame.getByRole('button', { name: 'Put greeting back' });
    await eventually(async () => {
      const isOpen = await file.isVisible();
      if (!isOpen) await frame.locator('summary').filter({ hasText: 'shop-data (volume)' }).click();
      return isOpen;
    });
    await file.click();
    await workbench.dialog.getByRole('button', { name: 'Put Back' }).click();
    await workbench.dialog.getByText(/has greeting already/).waitFor();
    await workbench.dialog.getByRole('button', { name: 'Overwrite' }).click();
    await workbench.told(/Put back and checked: greeting/);
    await docker('cp', 'shop:/data/greeting', join(folder, 'put-back'));
    assert.equal(await readFile(join(folder, 'put-back'), 'utf8'), greeting);
  });

  it('restores container and volume from the palette after both were deleted', async () => {
    await docker('rm', '--force', '--volumes', 'shop');
    await docker('volume', 'rm', 'shop-data');
    await workbench.treeItem(/^shop-data, /).waitFor({ state: 'detached' });
    await vscode.runCommand('Drydock: Restore');
    await workbench.pick(/^shop/);
    await workbench.pick(/verified/);
    await quickInput().getByText('volume shop-data').first().waitFor();
    await vscode.screenshot('restore-plan');
    await workbench.pick(/Restore Now/);
    await workbench.told(/Restored and checked: shop/);
    await vscode.screenshot('restored');
    await docker('cp', 'shop:/data/greeting', join(folder, 'restored'));
    assert.equal(
      await docker('inspect', '--format', '{{range .Mounts}}{{.Name}}{{end}}', 'shop'),
      'shop-data',
    );
    assert.equal(await readFile(join(folder, 'restored'), 'utf8'), greeting);
    await workbench.treeItem(/^shop-data, .*backed up/).waitFor();
  });

  it('offers to back a container up before it is removed, and removes it only then', async () => {
    await workbench.chooseFromMenu(workbench.treeItem(/^demo-alone, /), /Remove/);
    await workbench.dialog.getByText('Remove container demo-alone?').waitFor();
    await vscode.screenshot('back-up-first');
    await workbench.dialog.getByRole('button', { name: 'Back Up First' }).click();
    await workbench.told(/Backed up and verified: demo-alone/);
    await workbench.treeItem(/^demo-alone, /).waitFor({ state: 'detached' });
    await workbench.treeItem(/^container, demo-alone, 1 snapshot/).waitFor();
  });
});
