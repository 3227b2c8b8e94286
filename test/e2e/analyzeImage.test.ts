import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Frame, FrameLocator, Locator } from 'playwright-core';
import { testHost, testLabel } from '../support/engine.ts';
import { dockerCli, emptyEngine } from '../support/variedImages.ts';
import { openVsCode, type OpenedVsCode } from '../support/vscodeBrowser.ts';
import { workbenchOf, type Workbench } from '../support/workbench.ts';

/** Two releases on one base; the second leaves things behind. */
const dockerfiles: readonly (readonly [tag: string, dockerfile: string])[] = [
  ['demo/base:1', 'FROM scratch\nCOPY base /\n'],
  ['demo/shop:1.0', 'FROM demo/base:1\nCOPY app /app\nCMD ["/app/run"]\n'],
  [
    'demo/shop:1.1',
    'FROM demo/base:1\nCOPY cache /root/.cache/pip/\nCOPY app /app\nCOPY app/run /app/run\nENV API_TOKEN=never-shown-1\nCMD ["/app/run"]\n',
  ],
];

describe('the analysis of an image, in the browser', function () {
  this.timeout(120_000);
  let vscode: OpenedVsCode;
  let workbench: Workbench;
  let workspace: string;
  let frame: Frame;
  let docker: Awaited<ReturnType<typeof dockerCli>>;

  before(async () => {
    docker = await dockerCli(testHost());
    workspace = await mkdtemp(join(tmpdir(), 'drydock-analyze-'));
    const write = async (path: string, bytes: number): Promise<void> => {
      await mkdir(join(workspace, path, '..'), { recursive: true });
      await writeFile(join(workspace, path), Buffer.alloc(bytes, path));
    };
    await write('base/etc/os-release', 200);
    await write('cache/http/wheel', 300_000);
    await write('app/run', 200_000);
    await write('app/.env', 20);
    await writeFile(join(workspace, 'app/config.json'), '{"key":"AKIANEVERSHOWN234567"}');
    for (const [tag, dockerfile] of dockerfiles) {
      await writeFile(join(workspace, 'Dockerfile'), dockerfile);
      await docker('build', '--quiet', '--label', `${testLabel}=1`, '--tag', tag, workspace);
    }
    vscode = await openVsCode({ workspace, engineHost: testHost(), viewport: { width: 1400, height: 1000 } });
    workbench = workbenchOf(vscode.page);
    await vscode.openContainer('Drydock');
  });

  after(async () => {
    await vscode.close();
    await rm(workspace, { recursive: true, force: true });
    await emptyEngine();
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await vscode.screenshot('failed-analyze-image');
  });

  /** The page that was opened last; it takes the keyboard when it is ready. */
  const newestPage = (): FrameLocator =>
    vscode.page
      .locator('iframe.webview.ready')
      .last()
      .contentFrame()
      .locator('iframe#active-frame')
      .contentFrame();

  it('starts at the image in the tree, reads it, and names what was left behind', async () => {
    await workbench.expand(/^demo\/shop,/);
    await workbench.chooseFromMenu(workbench.treeItem(/^demo\/shop:1\.1/), /Analyze Image/);
    frame = await vscode.webview();
    await frame.getByText('Lists and packages of pip were left behind').waitFor();
    await frame.getByText('The variable API_TOKEN seems to hold a secret').waitFor();
    assert.equal((await frame.locator('body').textContent())?.includes('never-shown'), false);
    await frame.getByText('Removing this image alone gives back').waitFor();
    assert.deepEqual(
      await frame.locator('.facts div', { hasText: 'Built on' }).locator('dd').allTextContents(),
      ['demo/base:1'],
    );
    await vscode.screenshot('analyze-image');
    assert.deepEqual(await vscode.axe(frame), []);
  });

  it('looks for secrets in what files hold when that is asked for', async () => {
    await frame.getByRole('button', { name: 'Look for Secrets in Files' }).click();
    await frame.getByText('Something in a file looks like a secret (AWS)').waitFor();
    await frame.getByText('Small text files that were looked into for secrets: 2.').waitFor();
    assert.equal((await frame.locator('body').textContent())?.includes('NEVERSHOWN'), false);
  });

  it('leads to the history, which tells what is in the layers and who else has them', async () => {
    await frame.getByRole('button', { name: 'Show Layer History' }).click();
    const step = newestPage().locator('tbody tr.step', { hasText: '/root/.cache/pip/' });
    await step.getByText('files: 1').waitFor();
    frame = await vscode.webview();
    assert.equal(await frame.getByText('other images: 2').count(), 1);
    await frame.getByRole('checkbox', { name: /demo\/shop:1\.0/ }).check();
    await frame.getByRole('checkbox', { name: /demo\/shop:1\.1/ }).check();
    await vscode.screenshot('history-with-waste');
    assert.deepEqual(await vscode.axe(frame), []);
  });

  it('leads from two tags to what differs between them', async () => {
    await frame.getByRole('button', { name: 'Compare Chosen Tags' }).click();
    await vscode.page.getByRole('tab', { name: /demo\/shop:1\.0.*demo\/shop:1\.1/ }).waitFor();
    await newestPage().getByText('Where the bytes changed').waitFor();
  });

  it('shows who shares layers in the whole engine, and what is new without being asked', async () => {
    await vscode.runCommand('Drydock: Show Shared Layers');
    await newestPage().getByRole('table', { name: 'Shared layers' }).waitFor();
    frame = await vscode.webview();
    const row = (name: string): Locator =>
      frame.locator('tbody tr').filter({ has: frame.getByText(name, { exact: true }) });
    await row('demo/shop:1.1')
      .getByText(/^Shared with .*demo\/base:1/)
      .waitFor();
    const ofBase = row('demo/shop:1.0').locator('.segment').first();
    await ofBase.hover();
    await frame.getByText(/^Layer 0 .*: in 3 images: /).waitFor();
    assert.equal(await frame.locator('.marked').count(), 3);
    await vscode.screenshot('shared-layers');
    assert.deepEqual(await vscode.axe(frame), []);
    await writeFile(join(workspace, 'Dockerfile'), 'FROM demo/base:1\nCOPY app/run /later\n');
    await docker('build', '--quiet', '--label', `${testLabel}=1`, '--tag', 'demo/later:1', workspace);
    await row('demo/later:1').waitFor();
  });
});
