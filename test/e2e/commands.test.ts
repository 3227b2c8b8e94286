import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { provideEngine } from '../../scripts/provision/provideEngine.ts';
import { makeSampleImages } from '../../scripts/sampleImages.ts';
import { testEngine, testHost } from '../support/engine.ts';
import { dockerCli, emptyEngine, type DockerCli } from '../support/variedImages.ts';
import { openVsCode, type OpenedVsCode } from '../support/vscodeBrowser.ts';
import { eventually, workbenchOf, type Workbench } from '../support/workbench.ts';

const largeBytes = 300 << 20;

describe('commands in the browser', function () {
  this.timeout(120_000);
  let vscode: OpenedVsCode;
  let page: Page;
  let workbench: Workbench;
  let docker: DockerCli;
  let folder: string;
  let workspace: string;

  before(async () => {
    docker = await dockerCli(testHost());
    const { docker: dockerPath } = await provideEngine();
    await makeSampleImages({ docker: dockerPath, env: { ...process.env, DOCKER_HOST: testHost() } });
    folder = await mkdtemp(join(tmpdir(), 'drydock-e2e-commands-'));
    workspace = join(folder, 'workspace');
    await mkdir(workspace);
    // Trees draw only the rows that can be seen.
    const viewport = { width: 1280, height: 1560 };
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
      await vscode.screenshot(`failed-commands-${this.currentTest.title.slice(0, 30).replace(/\W+/g, '-')}`);
  });

  const idOf = (name: string): Promise<string> => docker('image', 'inspect', '--format', '{{.Id}}', name);
  const drydock = (): Promise<void> => vscode.openContainer('Drydock');
  const fileOf = async (pattern: RegExp): Promise<string> => {
    const name = (await readdir(workspace)).find((file) => pattern.test(file));
    assert.ok(name !== undefined, String(pattern));
    return name;
  };

  it('opens a file dialog by the title’s Load button, though an image has the focus', async () => {
    await workbench.expand(/^demo\/web,/);
    await workbench.select(workbench.treeItem(/^demo\/web:1\.1/));
    await page.locator('.part.sidebar').getByRole('button', { name: 'Load Archive' }).first().click();
    await page.locator('.quick-input-widget:visible').getByText('Load Archive').first().waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
    assert.equal(await page.locator('.notification-toast').count(), 0);
  });

  it('exports the file system of a running container', async () => {
    await workbench.chooseFromMenu(workbench.treeItem(/^demo-web-1/), /Export Container Filesystem/);
    await workbench.acceptProposedPath();
    await workbench.told(/Exported and verified/);
    await vscode.screenshot('exported');
    await fileOf(/^demo-web-1_rootfs_\d{8}T\d{6}Z\.tar$/);
  });

  it('imports that file as an image from the Explorer’s context menu', async () => {
    const file = await fileOf(/_rootfs_.*\.tar$/);
    await page.keyboard.press('Control+Shift+E');
    await workbench.chooseFromMenu(workbench.treeItem(file), /Import Filesystem as Image/);
    await workbench.answer(/Name of the image/, 'demo/imported:1');
    await workbench.told(/Imported and verified: demo\/imported:1/);
    await drydock();
    await workbench.expand(/^demo\/imported,/);
    await workbench.treeItem(/^demo\/imported:1/).waitFor();
    assert.match(await idOf('demo/imported:1'), /^sha256:/);
  });

  it('commits a container with message, author and changes', async () => {
    await workbench.chooseFromMenu(workbench.treeItem(/^demo-web-1/), /Commit Container/);
    await workbench.answer(/Name of the image/, 'demo/kept:1');
    await workbench.answer(/Message/, 'before the upgrade');
    await workbench.answer(/Author/, 'Ada');
    await workbench.answer(/Changes/, 'ENV MODE=kept; CMD ["serve", "--now"]');
    await workbench.pick(/Pause while committing/);
    await workbench.told(/Committed and verified: demo\/kept:1/);
    await vscode.screenshot('committed');
    const said = await docker(
      ...['image', 'inspect', 'demo/kept:1', '--format'],
      '{{.Comment}}|{{.Author}}|{{json .Config.Cmd}}|{{json .Config.Env}}',
    );
    assert.match(said, /^before the upgrade\|Ada\|\["serve","--now"\]\|.*"MODE=kept"/);
    assert.equal(await docker('inspect', '--format', '{{.State.Status}}', 'demo-web-1'), 'running');
  });

  it('says at once which change can’t be committed', async () => {
    await workbench.chooseFromMenu(workbench.treeItem(/^demo-web-1/), /Commit Container/);
    await workbench.answer(/Name of the image/, 'demo/never:1');
    await workbench.answer(/Message/, '');
    await workbench.answer(/Author/, '');
    await workbench.answer(/Changes/, 'RUN rm -rf /');
    await page
      .getByText(/is not a change that commit understands/)
      .first()
      .waitFor();
    await vscode.screenshot('bad-change');
    await page.keyboard.press('Escape');
  });

  it('tags an image, and asks before a tag leaves another one', async () => {
    await workbench.expand(/^demo\/web,/);
    await workbench.chooseFromMenu(workbench.treeItem(/^demo\/web:1\.1/), /^Tag/);
    await workbench.answer(/Name of the image/, 'demo/web:proven');
    await workbench.told(/demo\/web:1\.1 is now also demo\/web:proven/);
    await workbench.treeItem(/^demo\/web:proven/).waitFor();
    assert.equal(await idOf('demo/web:proven'), await idOf('demo/web:1.1'));

    const before = await idOf('demo/base:1.0');
    await workbench.chooseFromMenu(workbench.treeItem(/^demo\/web:1\.1/), /^Tag/);
    await workbench.answer(/Name of the image/, 'demo/base:1.0');
    await workbench.dialog.getByText(/demo\/base:1\.0 points to another image/).waitFor();
    await vscode.screenshot('tag-of-another');
    await workbench.dialog.getByRole('button', { name: 'Cancel' }).click();
    assert.equal(await idOf('demo/base:1.0'), before);
  });

  it('removes a running container after saying that it runs and which volumes stay', async () => {
    await workbench.chooseFromMenu(workbench.treeItem(/^demo-web-1/), /Remove/);
    await workbench.dialog.getByText(/is running and will be killed/).waitFor();
    await workbench.dialog.getByText(/demo_uploads/).waitFor();
    await vscode.screenshot('remove-running');
    await workbench.dialog.getByRole('button', { name: 'Remove', exact: true }).click();
    await workbench.treeItem(/^demo-web-1/).waitFor({ state: 'detached' });
    assert.equal(await docker('volume', 'ls', '--quiet', '--filter', 'name=demo_uploads'), 'demo_uploads');
  });

  it('saves two selected images into one archive', async () => {
    await workbench.expand(/^demo\/worker,/);
    await workbench.select(workbench.treeItem(/^demo\/web:1\.1/));
    const second = workbench.treeItem(/^demo\/worker:stable/);
    await second.click({ modifiers: ['Control'] });
    await workbench.chooseFromMenu(second, /Save Image as Archive/);
    await workbench.pick(/docker-archive · gzip/);
    await workbench.acceptProposedPath();
    await workbench.told(/Saved and verified/);
    await vscode.screenshot('saved-two');
    await fileOf(/^web_1\.1_and_1_more_.*\.tar\.gz$/);
  });

  it('loads both back from the Explorer’s context menu', async () => {
    const ids = [await idOf('demo/web:1.1'), await idOf('demo/worker:stable')];
    await docker('rmi', 'demo/worker:stable');
    const file = await fileOf(/_and_1_more_.*\.tar\.gz$/);
    await page.keyboard.press('Control+Shift+E');
    await workbench.chooseFromMenu(
      workbench.treeItem(new RegExp(`^${file.replaceAll('.', '\\.')}$`)),
      /Load Archive/,
    );
    await workbench.told(/Loaded and verified/);
    assert.deepEqual([await idOf('demo/web:1.1'), await idOf('demo/worker:stable')], ids);
    await drydock();
  });

  it('leaves nothing behind when a long save is cancelled from its notification', async () => {
    const context = join(folder, 'large');
    await mkdir(context);
    await writeFile(join(context, 'bytes'), randomFillSync(Buffer.alloc(largeBytes)));
    await writeFile(join(context, 'Dockerfile'), 'FROM scratch\nCOPY bytes /bytes\n');
    await docker('build', '--quiet', '--tag', 'demo/large:1', context);
    await workbench.expand(/^demo\/large,/);
    const before = await readdir(workspace);
    await workbench.chooseFromMenu(workbench.treeItem(/^demo\/large:1/), /Save Image as Archive/);
    await workbench.pick(/docker-archive · gzip/);
    await workbench.acceptProposedPath();
    const saving = workbench.toast(/Saving demo\/large:1/);
    await saving.getByText(/Reading .*[\d.]+ MB/).waitFor();
    await vscode.screenshot('saving');
    await saving.getByRole('button', { name: 'Cancel' }).click();
    await saving.waitFor({ state: 'detached' });
    await eventually(async () => (await readdir(workspace)).length === before.length);
    assert.deepEqual(await readdir(workspace), before);
    assert.equal(await page.locator('.notification-toast').count(), 0);
  });

  it('says on the history page that its image is gone', async () => {
    await workbench.chooseFromMenu(workbench.treeItem(/^demo\/large:1/), /Show Layer History/);
    const frame = await vscode.webview();
    await frame.getByText(/COPY/).first().waitFor();
    await docker('rmi', 'demo/large:1');
    await frame
      .getByText(/The engine has no image/)
      .first()
      .waitFor();
    await vscode.screenshot('history-gone');
    await vscode.runCommand('View: Close All Editors');
  });

  it('loads an archive that is dropped on the tree', async () => {
    const file = await fileOf(/_and_1_more_.*\.tar\.gz$/);
    assert.ok((await stat(join(workspace, file))).size > 0);
    await page.keyboard.press('Control+P');
    await page.locator('.quick-input-widget:visible input').first().fill(file);
    await workbench.pick(new RegExp(file.replaceAll('.', '\\.')));
    await page.getByRole('tab', { name: file }).dragTo(workbench.treeItem(/^demo\/base,/));
    await workbench.told(/Loaded and verified/);
    await vscode.screenshot('dropped');
  });

  it('says in one sentence that no engine answers, with the step that helps', async () => {
    const engine = await testEngine();
    await engine.stop();
    await vscode.runCommand('Drydock: Save Image as Archive');
    const toast = workbench.toast(/No engine answers at unix:\S+\. Start it, or choose another engine\./);
    await toast.waitFor();
    await toast.getByRole('button', { name: 'Choose Engine' }).waitFor();
    assert.doesNotMatch((await toast.textContent()) ?? '', /\bat \S+:\d+|Error:/);
    await vscode.screenshot('no-engine');
    await engine.start();
    await workbench.treeItem(/^demo\/base,/).waitFor();
  });
});
