import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { provideEngine } from '../../scripts/provision/provideEngine.ts';
import { makeSampleImages } from '../../scripts/sampleImages.ts';
import { noteEngine } from '../../src/core/recovery/engineNotes.ts';
import { engineIdentity } from '../../src/core/snapshot/engineIdentity.ts';
import { beginOperation } from '../../src/core/vault/journal.ts';
import { createVault, type Vault } from '../../src/core/vault/layout.ts';
import { acquireLock } from '../../src/core/vault/locks.ts';
import { currentProcess } from '../../src/core/vault/processIdentity.ts';
import { connect } from '../../src/docker/connect.ts';
import { parseAddress } from '../../src/docker/parseAddress.ts';
import { testHost } from '../support/engine.ts';
import { dockerCli, emptyEngine, type DockerCli } from '../support/variedImages.ts';
import { openVsCode, type OpenedVsCode } from '../support/vscodeBrowser.ts';
import { eventually, workbenchOf, type Workbench } from '../support/workbench.ts';

const policies = [{ name: 'shop', sources: ['container:shop'], keep: { last: 1 } }];

/** One session that follows a vault from an interrupted operation to what was put back out of it. */
describe('the care of vaults in the browser', function () {
  this.timeout(120_000);
  let vscode: OpenedVsCode;
  let page: Page;
  let workbench: Workbench;
  let docker: DockerCli;
  let folder: string;
  let safe: Vault;

  before(async () => {
    docker = await dockerCli(testHost());
    const { docker: dockerPath } = await provideEngine();
    await makeSampleImages({ docker: dockerPath, env: { ...process.env, DOCKER_HOST: testHost() } });
    folder = await mkdtemp(join(tmpdir(), 'drydock-e2e-care-'));
    await mkdir(join(folder, 'workspace'));
    safe = await createVault({ path: join(folder, 'safe'), compression: 'zstd' });
    await createVault({ path: join(folder, 'other'), compression: 'zstd' });
    await docker('create', '--name', 'shop', '--volume', 'shop-data:/data', 'demo/base:1.0');
    await put('first\n');
    await dieBeforeTidyingUp();
    vscode = await openVsCode({
      workspace: join(folder, 'workspace'),
      engineHost: testHost(),
      viewport: { width: 1280, height: 1100 },
      settings: {
        'drydock.vaults': ['safe', 'other'].map((name) => ({ name, path: join(folder, name) })),
        'drydock.defaultVault': 'safe',
        'drydock.backup.policies': policies,
        'drydock.beforeLoss': 'always',
        // Hovers lie over the rows that are clicked next.
        'workbench.hover.delay': 30_000,
      },
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
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed')
      await vscode.screenshot(`failed-care-${this.currentTest.title.slice(0, 30).replace(/\W+/g, '-')}`);
    await vscode.runCommand('Notifications: Clear All Notifications');
  });

  const quickInput = () => page.locator('.quick-input-widget:visible');
  const options = () => quickInput().getByRole('option');

  async function put(text: string): Promise<void> {
    await writeFile(join(folder, 'greeting'), text);
    await docker('cp', join(folder, 'greeting'), 'shop:/data/greeting');
  }

  async function greetingOf(container: string): Promise<string> {
    await docker('cp', `${container}:/data/greeting`, join(folder, 'read'));
    return readFile(join(folder, 'read'), 'utf8');
  }

  /** A journal as an operation leaves it that was killed while it had a container of its own. */
  async function dieBeforeTidyingUp(): Promise<void> {
    const endpoint = parseAddress(testHost());
    assert.ok(endpoint);
    const engine = connect(endpoint);
    const { engineId } = engineIdentity(await engine.info());
    await engine.close();
    await docker('create', '--name', 'left-behind', '--label', 'dev.drydock.helper=x', 'demo/base:1.0');
    const deps = { paths: safe.paths, owner: await currentProcess() };
    const held = await acquireLock(deps, { scope: 'vault', mode: 'shared', waitMs: 0 });
    const journal = await beginOperation(deps, held, { kind: 'backup', subject: 'shop' });
    await noteEngine({ journal }, engineId, { kind: 'removeContainer', name: 'left-behind' });
    await held.release();
  }

  it('puts right what an interrupted operation left, and says so', async () => {
    await workbench.told(/safe.*interrupted.*put right/);
    await vscode.screenshot('care-recovered');
    assert.doesNotMatch(await docker('ps', '--all', '--format', '{{.Names}}'), /left-behind/);
  });

  it('backs up a project and an image from their trees', async () => {
    await workbench.chooseFromMenu(workbench.treeItem(/^(Compose project )?demo, /), /Back Up/);
    await workbench.told(/Backed up and verified: demo/);
    await workbench.chooseFromMenu(workbench.treeItem(/^demo\/worker/).first(), /Back Up/);
    await workbench.told(/Backed up and verified: demo\/worker/);
    await workbench.treeItem(/^Compose project, demo, 1 snapshot/).waitFor();
    await vscode.screenshot('care-project-and-image');
  });

  it('backs up again from the view, and warns of nothing that is always so', async () => {
    await workbench.chooseFromMenu(workbench.treeItem(/^shop, /), /Back Up/);
    await workbench.treeItem(/^container, shop, 1 snapshot/).waitFor();
    await put('second\n');
    await workbench.chooseFromMenu(workbench.treeItem(/^container, shop, /), /Back Up/);
    await workbench.treeItem(/^container, shop, 2 snapshots/).waitFor();
    await workbench.expand(/^container, shop, /);
    await workbench
      .treeItem(/^Snapshot, /)
      .nth(1)
      .waitFor();
    const names = await workbench.treeItem(/^Snapshot, /).allTextContents();
    assert.deepEqual(
      names.filter((name) => name.includes('remark')),
      [],
    );
    await vscode.screenshot('care-again');
  });

  it('verifies a vault as deep as is chosen', async () => {
    await workbench.chooseFromMenu(workbench.treeItem(/^Vault safe, /), /Verify Vault/);
    await workbench.pick(/Every Layer and File/);
    await workbench.told(/Verified safe \(every layer and file\): no problem/);
    await vscode.screenshot('care-verified');
  });

  it('copies a vault into another one', async () => {
    await workbench.chooseFromMenu(workbench.treeItem(/^Vault safe, /), /Copy to Another Vault/);
    await workbench.told(/Copied and verified: \d+ snapshots to other/);
    await workbench.treeItem(/^Vault other, [3-9] snapshots/).waitFor();
    await vscode.screenshot('care-copied');
  });

  it('shows what retention drops before it does', async () => {
    await workbench.chooseFromMenu(workbench.treeItem(/^container, shop, 2 snap/).first(), /Apply Retention/);
    await options().filter({ hasText: 'is dropped' }).waitFor();
    await vscode.screenshot('care-retention');
    await workbench.pick(/Drop 1 snapshot/);
    await workbench.told(/Dropped from safe: 1 snapshot/);
    await vscode.screenshot('care-retained');
  });

  it('prunes what no snapshot needs once it is a day old', async () => {
    await workbench.chooseFromMenu(workbench.treeItem(/^Vault safe, /), /Prune Vault/);
    await workbench.told(/younger than a day/);
    const old = new Date(Date.now() - 3 * 86_400_000);
    const blobs = join(folder, 'safe', 'blobs', 'sha256');
    for (const name of await readdir(blobs)) await utimes(join(blobs, name), old, old);
    await workbench.chooseFromMenu(workbench.treeItem(/^Vault safe, /), /Prune Vault/);
    await workbench.dialog.getByText(/All snapshots stay/).waitFor();
    await vscode.screenshot('care-prune');
    await workbench.dialog.getByRole('button', { name: 'Prune' }).click();
    await workbench.told(/Pruned safe/);
  });

  it('restores a container under another name, and a volume over what is there, which is kept', async () => {
    await put('third\n');
    await openPlan();
    await vscode.screenshot('care-plan');
    await workbench.pick(/container shop/);
    await workbench.pick(/Another Name/);
    await workbench.answer(/New name/, 'shop-again');
    await options().filter({ hasText: 'shop-again' }).waitFor();
    await workbench.pick(/volume shop-data/);
    await vscode.screenshot('care-plan-volume');
    await workbench.pick(/^Replace/);
    await options().filter({ hasText: 'will be replaced' }).waitFor();
    await vscode.screenshot('care-plan-made');
    await workbench.pick(/Restore Now/);
    await workbench.dialog.getByText(/Emptied and filled anew, after a snapshot/).waitFor();
    await vscode.screenshot('care-replace');
    await workbench.dialog.getByRole('button', { name: 'Replace' }).click();
    await workbench.told(/Restored and checked: shop.*What shop-data held is kept as the snapshot/);
    await vscode.screenshot('care-restored');
    assert.equal(await greetingOf('shop-again'), 'second\n');
    assert.equal(await greetingOf('shop'), 'second\n');
    await workbench.treeItem(/^volume, shop-data, 1 snapshot/).waitFor();
  });

  it('restores over a container, with a backup of it first where that is always wanted', async () => {
    await openPlan();
    await workbench.pick(/container shop/);
    await workbench.pick(/^Replace/);
    await options().filter({ hasText: 'will be replaced' }).waitFor();
    await workbench.pick(/volume shop-data/);
    await workbench.pick(/Keep What Is There/);
    await workbench.pick(/Restore Now/);
    await workbench.dialog.getByText(/Removed once the new one stands/).waitFor();
    await workbench.dialog.getByRole('button', { name: 'Replace' }).click();
    await workbench.told(/Restored and checked: shop/);
    await vscode.screenshot('care-replaced');
    await workbench
      .treeItem(/^container, shop, 2 snapshots/)
      .first()
      .waitFor();
  });

  it('leaves out what is chosen to be left out', async () => {
    await docker('volume', 'create', 'unrelated');
    await openPlan();
    await workbench.pick(/container shop/);
    await workbench.pick(/Leave Out/);
    await workbench.pick(/volume shop-data/);
    await workbench.pick(/Another Name/);
    await workbench.answer(/New name/, 'shop-data-2');
    await options().filter({ hasText: 'shop-data-2' }).waitFor();
    await workbench.pick(/Restore Now/);
    await workbench.told(/Restored and checked: shop .*left out/);
    await vscode.screenshot('care-left-out');
    await workbench.treeItem(/^shop-data-2, /).waitFor();
  });

  it('removes a container only once it is backed up, where that is always wanted', async () => {
    await workbench.chooseFromMenu(workbench.treeItem(/^demo-alone, /), /Remove/);
    await workbench.dialog.getByRole('button', { name: 'Remove' }).click();
    await workbench.told(/Backed up and verified: demo-alone/);
    await workbench.treeItem(/^demo-alone, /).waitFor({ state: 'detached' });
    await workbench.treeItem(/^container, demo-alone, 1 snapshot/).waitFor();
  });

  it('extracts a file from the page of a snapshot', async () => {
    await workbench.expand(/^container, shop, /);
    await workbench
      .treeItem(/^Snapshot, /)
      .first()
      .click();
    const frame = await vscode.webview();
    await frame.locator('summary').filter({ hasText: 'shop-data (volume)' }).press('Enter');
    const extract = frame.getByRole('button', { name: 'Extract greeting' });
    await extract.press('Enter');
    // It proposes the folder that is open.
    const input = quickInput().locator('input').first();
    await eventually(async () => (await input.inputValue()).startsWith(join(folder, 'workspace')));
    await quickInput().getByRole('button', { name: 'Extract Here' }).click();
    await workbench.told(/Extracted and verified: greeting/);
    await vscode.screenshot('care-extracted');
    assert.equal(await readFile(join(folder, 'workspace', 'greeting'), 'utf8'), 'second\n');
  });

  /** The plan of restoring the newest snapshot of the container. */
  async function openPlan(): Promise<void> {
    await vscode.runCommand('Drydock: Restore');
    await workbench.pick(/^safe/);
    await workbench.pick(/^shop,/);
    await workbench.pick(/verified/);
    await options().filter({ hasText: 'container shop' }).waitFor();
  }
});
