import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { testEngine, testHost, testLabel } from '../support/engine.ts';
import { makeShellImage, shellImage } from '../support/shellImage.ts';
import { dockerCli, emptyEngine, type DockerCli } from '../support/variedImages.ts';
import { openVsCode, type OpenedVsCode } from '../support/vscodeBrowser.ts';
import { eventually, workbenchOf, type Workbench } from '../support/workbench.ts';

const image = 'drydock-test/live:1';

describe('files of containers and volumes in the browser', function () {
  this.timeout(120_000);
  let vscode: OpenedVsCode;
  let page: Page;
  let workbench: Workbench;
  let docker: DockerCli;
  let folder: string;
  let workspace: string;

  before(async () => {
    docker = await dockerCli(testHost());
    await emptyEngine();
    await makeShellImage(testHost());
    await docker(
      'run',
      '--name',
      'maker',
      shellImage,
      'sh',
      '-ec',
      'echo first >/etc/motd; echo x >/etc/gone',
    );
    await docker('commit', '--change', `LABEL ${testLabel}=1`, 'maker', image);
    await docker('rm', 'maker');
    await docker('volume', 'create', '--label', `${testLabel}=1`, 'live-data');
    await docker(
      ...['run', '--detach', '--network', 'none', '--name', 'live-web', '--label', `${testLabel}=1`],
      ...['--volume', 'live-data:/mnt', image, 'sh', '-ec'],
      'echo second >/etc/motd; rm /etc/gone; mkdir /etc/conf; echo new >/etc/conf/added; echo in >/mnt/kept; sleep 600',
    );
    folder = await mkdtemp(join(tmpdir(), 'drydock-e2e-live-'));
    workspace = join(folder, 'workspace');
    await mkdir(workspace);
    await writeFile(join(workspace, 'sent.txt'), 'sent from here\n');
    const viewport = { width: 1400, height: 1600 };
    vscode = await openVsCode({ workspace, engineHost: testHost(), viewport });
    page = vscode.page;
    workbench = workbenchOf(page);
    await vscode.openContainer('Drydock');
  });

  after(async () => {
    await vscode.close();
    await rm(folder, { recursive: true, force: true });
    await (await testEngine()).start();
    await emptyEngine();
  });

  beforeEach(async () => {
    await page.keyboard.press('Escape'); // a menu that a failed test left
    await vscode.runCommand('Notifications: Clear All Notifications');
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed')
      await vscode.screenshot(`failed-live-${this.currentTest.title.slice(0, 30).replace(/\W+/g, '-')}`);
  });

  const quickInput = (): ReturnType<Page['locator']> =>
    page.locator('.quick-input-widget:visible input').first();

  /** The dialog opens in the workspace. */
  const chooseFile = async (name: string): Promise<void> => {
    await workbench.pick(/^Files…/);
    await workbench.pick(new RegExp(`^${name}`));
  };

  it('shows what a container changed, and a changed file beside the one of its image', async () => {
    await workbench.chooseFromMenu(workbench.treeItem(/^live-web/), /Show Changes/);
    await workbench.treeItem(/^Changes, \d+ added, \d+ modified, 1 deleted/).waitFor();
    await workbench.expand(/^etc, folder, modified/);
    await workbench.treeItem(/^gone, deleted/).waitFor();
    await workbench.treeItem(/^motd, modified/).click();
    const diff = page.locator('.monaco-diff-editor');
    await diff.locator('.original .view-lines', { hasText: 'first' }).waitFor();
    await diff.locator('.modified .view-lines', { hasText: 'second' }).waitFor();
    await page.getByRole('tab', { name: /motd \(image ↔ live-web\)/ }).waitFor();
    await vscode.screenshot('container-changes');
    await workbench.treeItem(/^gone, deleted/).click();
    await page.locator('.editor-instance .view-lines', { hasText: 'x' }).first().waitFor();
  });

  it('makes an image of one change alone', async () => {
    await workbench.chooseFromMenu(workbench.treeItem(/^motd, modified/), /Commit Only This/);
    await workbench.answer(/Name of the image/, 'drydock-test/only:motd');
    await workbench.told(/Committed and verified: drydock-test\/only:motd/);
    const id = await docker('create', '--label', `${testLabel}=1`, 'drydock-test/only:motd', 'x');
    assert.equal(await docker('cp', `${id}:/etc/gone`, join(workspace, 'gone')), '');
    assert.equal(await readFile(join(workspace, 'gone'), 'utf8'), 'x\n');
    await docker('cp', `${id}:/etc/motd`, join(workspace, 'motd'));
    assert.equal(await readFile(join(workspace, 'motd'), 'utf8'), 'second\n');
    await docker('rm', id);
    await vscode.screenshot('commit-only');
  });

  it('opens a file of what is mounted, and downloads the folder that it is in', async () => {
    await workbench.select(workbench.treeItem(/^Changes/));
    await workbench.chooseFromMenu(workbench.treeItem(/^live-web/), /Browse Files/);
    await workbench.expand(/^mnt, folder, mounted/);
    await workbench.treeItem(/^kept, 3 B/).click();
    await page.locator('.editor-instance .view-lines', { hasText: 'in' }).first().waitFor();
    await workbench.chooseFromMenu(workbench.treeItem(/^mnt, folder, mounted/), /Download/);
    // The dialog opens in the workspace, and has its path when it is ready.
    await eventually(async () => (await quickInput().inputValue()) === `${workspace}/`);
    await page.keyboard.press('Enter');
    await workbench.told(/Extracted and verified: mnt/);
    assert.equal(await readFile(join(workspace, 'mnt/kept'), 'utf8'), 'in\n');
    await vscode.screenshot('container-files');
  });

  it('uploads a file into a volume, shows it there, and asks before it overwrites', async () => {
    await workbench.select(workbench.treeItem(/^live-web/));
    await workbench.expand(/^live-data/);
    const files = workbench.treeItem(/^Files, as they are now/);
    await files.click();
    await workbench
      .treeItem(/^kept, 3 B/)
      .last()
      .waitFor();
    await workbench.chooseFromMenu(files, /Upload/);
    await chooseFile('sent.txt');
    await workbench.pick(/The root user/);
    await workbench.told(/Uploaded and checked: 1 files \(15 B\) into live-data:\//);
    await workbench.treeItem(/^sent\.txt, 15 B/).waitFor();
    assert.equal(await docker('exec', 'live-web', 'cat', '/mnt/sent.txt'), 'sent from here');
    await vscode.screenshot('volume-upload');
    await workbench.chooseFromMenu(files, /Upload/);
    await chooseFile('sent.txt');
    await workbench.pick(/Whose the folder is/);
    await workbench.dialog.getByText(/live-data has sent.txt already/).waitFor();
    await page.keyboard.press('Escape');
  });
});
