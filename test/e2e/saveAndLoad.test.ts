import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { makeSampleImages } from '../../scripts/sampleImages.ts';
import { provideEngine } from '../../scripts/provision/provideEngine.ts';
import { testHost } from '../support/engine.ts';
import { dockerCli, emptyEngine, type DockerCli } from '../support/variedImages.ts';
import { openVsCode, type OpenedVsCode } from '../support/vscodeBrowser.ts';
import { workbenchOf, type Workbench } from '../support/workbench.ts';

describe('in the browser, on the packaged extension', function () {
  this.timeout(120_000);
  let vscode: OpenedVsCode;
  let page: Page;
  let workbench: Workbench;
  let docker: DockerCli;
  let workspace: string;
  let archive: string;

  before(async () => {
    docker = await dockerCli(testHost());
    const { docker: dockerPath } = await provideEngine();
    await makeSampleImages({ docker: dockerPath, env: { ...process.env, DOCKER_HOST: testHost() } });
    workspace = await mkdtemp(join(tmpdir(), 'drydock-e2e-'));
    await writeFile(join(workspace, 'Dockerfile'), 'FROM demo/base:1.0\nCOPY site/ /srv/\nCMD ["httpd"]\n');
    // Trees draw only the rows that can be seen.
    const viewport = { width: 1280, height: 1100 };
    vscode = await openVsCode({ workspace, engineHost: testHost(), viewport });
    page = vscode.page;
    workbench = workbenchOf(page);
    await vscode.openContainer('Drydock');
  });

  after(async () => {
    await vscode.close();
    await rm(workspace, { recursive: true, force: true });
    await emptyEngine();
  });

  /** VS Code shows three toasts at a time; what an earlier step left must not hide the next one. */
  const clearToasts = (): Promise<void> => vscode.runCommand('Notifications: Clear All Notifications');

  beforeEach(async () => {
    await clearToasts();
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await vscode.screenshot('failed-save-and-load');
  });

  const imageIds = async (): Promise<readonly string[]> =>
    (await docker('image', 'ls', '--all', '--quiet', '--no-trunc')).split('\n').sort();

  /** Chooses a file of the workspace, which is where the dialog opens. */
  const pickFile = async (name: string): Promise<void> => {
    await workbench.pick(new RegExp(`^${name.replaceAll('.', '\\.')}$`));
    await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
  };

  it('shows images, containers and volumes of the engine', async () => {
    await workbench.expand(/^demo\/web,/);
    await workbench.treeItem(/^demo\/web:1\.1/).waitFor();
    await workbench.treeItem(/^demo-web-1/).waitFor();
    await workbench.treeItem(/^demo_uploads/).waitFor();
    await vscode.screenshot('trees', { readme: true });
  });

  it('saves an image by right-click, and says done once it was read back', async () => {
    await workbench.expand(/^demo\/worker,/);
    await workbench.chooseFromMenu(workbench.treeItem(/^demo\/worker:stable/), /Save Image as Archive/);
    await workbench.pick(/docker-archive · zstd/);
    await workbench.acceptProposedPath();
    await workbench.told(/Saved and verified/);
    await vscode.screenshot('saved');
    const files = (await readdir(workspace)).sort();
    archive = files[1] ?? '';
    assert.match(archive, /^worker_stable_\d{8}T\d{6}Z\.tar\.zst$/);
    assert.deepEqual(files, ['Dockerfile', archive, `${archive}.sha256`]);
  });

  it('removes the image after saying what goes, loads it back from the palette, and it has its ID again', async () => {
    const id = await docker('image', 'inspect', '--format', '{{.Id}}', 'demo/worker:stable');
    await docker('rm', '--force', 'demo-worker-1');
    await workbench.treeItem(/^demo-worker-1/).waitFor({ state: 'detached' });
    for (const tag of ['demo/worker:1.0', 'demo/worker:stable']) {
      await workbench.chooseFromMenu(workbench.treeItem(new RegExp(`^${tag.replace('.', '\\.')}`)), /Remove/);
      const dialog = page.locator('.monaco-dialog-box');
      await dialog.getByText(tag).first().waitFor();
      await vscode.screenshot(`remove-${tag.split(':')[1] ?? ''}`);
      await dialog.getByRole('button', { name: 'Remove' }).click();
      await workbench.treeItem(new RegExp(`^${tag.replace('.', '\\.')}`)).waitFor({ state: 'detached' });
    }
    assert.ok(!(await imageIds()).includes(id));
    await clearToasts();
    await vscode.runCommand('Drydock: Load Archive');
    await pickFile(archive);
    await workbench.told(/Loaded and verified/);
    assert.equal(await docker('image', 'inspect', '--format', '{{.Id}}', 'demo/worker:stable'), id);
    await workbench.expand(/^demo\/worker,/);
    await workbench.treeItem(/^demo\/worker:stable/).waitFor();
    await vscode.screenshot('loaded');
  });

  it('tells which tag would move before it loads, and keeps the old image under another tag', async () => {
    await docker('tag', 'demo/web:1.1', 'demo/worker:stable');
    const webId = await docker('image', 'inspect', '--format', '{{.Id}}', 'demo/web:1.1');
    await vscode.runCommand('Drydock: Load Archive');
    await pickFile(archive);
    const dialog = page.locator('.monaco-dialog-box');
    await dialog.getByText(/demo\/worker:stable now points to/).waitFor();
    await vscode.screenshot('tag-moves');
    await dialog.getByRole('button', { name: 'Keep Old Images and Load' }).click();
    await workbench.told(/Loaded and verified/);
    await workbench.treeItem(/^demo\/worker:stable-before-/).waitFor();
    const kept = await docker('image', 'ls', '--no-trunc', '--format', '{{.Tag}} {{.ID}}', 'demo/worker');
    assert.match(kept, new RegExp(`stable-before-\\S+ ${webId}`));
  });

  it('refuses a cut archive with one sentence and loads nothing', async () => {
    await docker('save', '--output', join(workspace, 'cut.tar'), 'demo/web:1.1');
    await truncate(join(workspace, 'cut.tar'), 4_000);
    const before = await imageIds();
    await vscode.runCommand('Drydock: Load Archive');
    await pickFile('cut.tar');
    await workbench.told(/cut\.tar is cut off|cut\.tar is damaged/);
    await vscode.screenshot('cut');
    assert.deepEqual(await imageIds(), before);
  });

  it('shows the layer history beside a Dockerfile, readable and accessible', async () => {
    await page.keyboard.press('Control+P');
    await page.locator('.quick-input-widget:visible input').first().fill('Dockerfile');
    await workbench.pick(/Dockerfile/);
    await page.locator('.view-lines').first().waitFor();
    await workbench.chooseFromMenu(workbench.treeItem(/^demo\/web:1\.1/), /Show Layer History/);
    const frame = await vscode.webview();
    await frame.getByText(/COPY/).first().waitFor();
    const table = frame.getByRole('table').first();
    assert.ok((await table.getByRole('row').count()) > 3);
    assert.deepEqual(await vscode.axe(frame), []);
    await vscode.screenshot('history', { readme: true });
  });
});
