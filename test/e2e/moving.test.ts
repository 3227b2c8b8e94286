import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { ownEngine, testHost, type OwnEngine } from '../support/engine.ts';
import { makeShellImage, shellImage } from '../support/shellImage.ts';
import { dockerCli, emptyEngine, type DockerCli } from '../support/variedImages.ts';
import { openVsCode, type OpenedVsCode } from '../support/vscodeBrowser.ts';
import { workbenchOf, type Workbench } from '../support/workbench.ts';

describe('in the browser, things that go to another engine', function () {
  this.timeout(120_000);
  let vscode: OpenedVsCode;
  let page: Page;
  let workbench: Workbench;
  let folder: string;
  let workspace: string;
  let second: OwnEngine;
  let here: DockerCli;
  let there: DockerCli;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drydock-e2e-moving-'));
    workspace = join(folder, 'workspace');
    await mkdir(workspace);
    second = await ownEngine(join(folder, 'engine'));
    here = await dockerCli(testHost());
    there = await dockerCli(second.host);
    await makeShellImage(testHost());
    await here(
      ...['run', '--detach', '--name', 'till', '--network', 'none', '--stop-signal', 'KILL'],
      ...['--volume', 'till-data:/data', shellImage, 'sh', '-c', 'echo 12 > /data/coins; sleep 1000'],
    );
    vscode = await openVsCode({
      workspace,
      engineHost: testHost(),
      settings: { 'workbench.hover.delay': 30_000 },
      env: { DOCKER_CONFIG: await contextNamed('second', second.host) },
    });
    page = vscode.page;
    workbench = workbenchOf(page);
    await vscode.openContainer('Drydock');
  });

  after(async () => {
    await vscode.close();
    await second.remove();
    await emptyEngine();
    await rm(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    await vscode.runCommand('Notifications: Clear All Notifications');
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed')
      await vscode.screenshot(`failed-moving-${this.currentTest.title.slice(0, 20).replace(/\W+/g, '-')}`);
  });

  /** A configuration of the Docker CLI that knows one engine by name. */
  async function contextNamed(name: string, host: string): Promise<string> {
    const config = join(folder, 'config');
    const meta = join(config, 'contexts/meta', createHash('sha256').update(name).digest('hex'));
    await mkdir(meta, { recursive: true });
    const context = { Name: name, Metadata: {}, Endpoints: { docker: { Host: host, SkipTLSVerify: false } } };
    await writeFile(join(meta, 'meta.json'), JSON.stringify(context));
    return config;
  }

  it('moves a running container with its volume, and says before and after what becomes of it here', async () => {
    const choices = page.locator('.quick-input-widget:visible').getByRole('option');
    await workbench.chooseFromMenu(workbench.treeItem(/^till, running/), /Move to/);
    await workbench.pick(/^second, /);
    await choices.filter({ hasText: /volume till-data.*with what it holds/ }).waitFor();
    await choices.filter({ hasText: 'What runs here goes on until a short last pass' }).waitFor();
    await vscode.screenshot('move-plan', { readme: true });
    await workbench.pick(/Move Now, .*to create .*to send/);
    await workbench.dialog.getByText(/removed here: container till, volume till-data\./).waitFor();
    await workbench.dialog.getByRole('button', { name: 'Move and Remove Here' }).click();
    const done = /Moved and checked: till to second .*stood still.*Removed here: container till, volume/;
    await workbench.told(done);
    await workbench.treeItem(/^till, /).waitFor({ state: 'detached' });
    await workbench.treeItem(/^till-data, /).waitFor({ state: 'detached' });
    const switchOver = page.locator('.notification-list-item').getByText('Switch to second');
    await switchOver.first().click();
    await workbench.treeItem(/^till, running/).waitFor();
    await workbench.treeItem(/^till-data, used by till/).waitFor();
    assert.equal(await there('exec', 'till', 'cat', '/data/coins'), '12');
  });

  it('copies an image back, of which only the new layer has to travel', async () => {
    await there('commit', '--change', 'LABEL dev.drydock.test=1', 'till', 'drydock-test/sent:1');
    await workbench.expand(/^drydock-test\/sent, /);
    await workbench.chooseFromMenu(workbench.treeItem(/^drydock-test\/sent:1, /), /Copy to/);
    await workbench.pick(/^The engine that the docker command uses/);
    await workbench.pick(/Copy Now, 2 to create/);
    await workbench.told(/Copied and checked: drydock-test\/sent:1 to unix:.*2 created · [\d.]+ k?B sent/);
    const idOf = (docker: DockerCli): Promise<string> =>
      docker('image', 'inspect', '--format', '{{.Id}}', 'drydock-test/sent:1');
    assert.equal(await idOf(here), await idOf(there));
  });

  it('carries an image in a bundle, and the tree shows it when it came', async () => {
    await workbench.chooseFromMenu(workbench.treeItem(/^drydock-test\/sent:1, /), /Create Bundle/);
    await workbench.pick(/^Everything/);
    await workbench.pick(/^One file/);
    await workbench.acceptProposedPath();
    await workbench.told(/Bundled and verified: .*\.bundle\.tar .*Carry sent_1_.*\.sha256 along/);
    await there('image', 'rm', 'drydock-test/sent:1');
    await workbench.treeItem(/^drydock-test\/sent, /).waitFor({ state: 'detached' });
    await vscode.runCommand('Drydock: Apply Bundle');
    await workbench.pick(/^sent_1_.*\.bundle\.tar$/);
    await workbench.told(/Loaded and verified: drydock-test\/sent:1/);
    await workbench.treeItem(/^drydock-test\/sent, /).waitFor();
  });
});
