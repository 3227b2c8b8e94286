import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { testHost, testLabel } from '../support/engine.ts';
import { explorerArchive, markupName } from '../support/explorerImage.ts';
import { engineHost } from '../support/tinyImage.ts';
import { dockerCli } from '../support/variedImages.ts';
import { openVsCode, type OpenedVsCode } from '../support/vscodeBrowser.ts';
import { eventually, workbenchOf, type Workbench } from '../support/workbench.ts';

const largeBytes = 300 << 20;

describe('the files of images in the browser', function () {
  this.timeout(120_000);
  const engine = engineHost(testHost());
  let vscode: OpenedVsCode;
  let page: Page;
  let workbench: Workbench;
  let folder: string;
  let workspace: string;

  before(async () => {
    await engine.call('POST', '/images/load', explorerArchive('drydock-explorer/app:1'));
    folder = await mkdtemp(join(tmpdir(), 'drydock-e2e-explorer-'));
    workspace = join(folder, 'workspace');
    await mkdir(workspace);
    vscode = await openVsCode({ workspace, engineHost: testHost(), viewport: { width: 1400, height: 1500 } });
    page = vscode.page;
    workbench = workbenchOf(page);
    await vscode.openContainer('Drydock');
    for (const view of ['Containers', 'Volumes', 'Backups'])
      await page.locator('.part.sidebar .pane-header', { hasText: view }).click();
    await workbench.expand(/^drydock-explorer\/app,/);
    await workbench.expand(/^drydock-explorer\/app:1,/);
  });

  after(async () => {
    await vscode.close();
    await rm(folder, { recursive: true, force: true });
    await engine.removeLabelled();
  });

  beforeEach(async () => {
    await page.keyboard.press('Escape'); // a list that a failed test left
    await vscode.runCommand('Notifications: Clear All Notifications');
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed')
      await vscode.screenshot(`failed-explorer-${this.currentTest.title.slice(0, 30).replace(/\W+/g, '-')}`);
  });

  const editorText = async (): Promise<string> =>
    (await page.locator('.editor-instance .view-lines').last().innerText()).replaceAll('\u00a0', ' ');
  const quickPick = () => page.locator('.quick-input-widget:visible');

  /** Rows with one name stand in several layers: they are looked for below the item that is open. */
  async function openOnly(name: RegExp): Promise<void> {
    await workbench.treeItem(/^drydock-explorer\/app,/).hover();
    await page.locator('.part.sidebar').getByRole('button', { name: 'Collapse All' }).first().click();
    await workbench.expand(/^drydock-explorer\/app,/);
    await workbench.expand(/^drydock-explorer\/app:1,/);
    await workbench.expand(name);
  }

  it('are shown as a container sees them, with size, mode and link', async () => {
    await workbench.expand(/^Files,/);
    await workbench.treeItem(/^data\.bin, 8 B, mode 0644/).waitFor();
    await workbench.treeItem(/^tool, 10 B, mode 4755/).waitFor();
    await workbench.expand(/^etc, folder/);
    await workbench.treeItem(/^app\.conf, 20 B/).waitFor();
    await workbench.treeItem(/^current\.conf, link to app\.conf/).waitFor();
    assert.equal(await workbench.treeItem(/^motd,/).count(), 0);
    await vscode.screenshot('explorer-files');
  });

  it('open as text, as a picture or as what is neither, read-only', async () => {
    await workbench.treeItem(/^app\.conf,/).click();
    await eventually(async () => /port=8080\s+name=dock/.test(await editorText()));
    await workbench.treeItem(/^logo\.png,/).click();
    await page.locator('.tab.active', { hasText: 'logo.png' }).waitFor();
    await (await vscode.webview()).locator('img').waitFor();
    await workbench.treeItem(/^data\.bin,/).click();
    await page.getByText(/is not displayed in the text editor because it is either binary/).waitFor();
    await workbench.treeItem(/^app\.conf,/).click();
    await page.locator('.editor-instance .view-lines').last().click();
    await page.keyboard.type('x');
    await page
      .getByText(/Editor is read-only/)
      .first()
      .waitFor();
    await vscode.screenshot('explorer-opened');
  });

  it('open behind a link, or the link says that it leads nowhere', async () => {
    await workbench.treeItem(/^logo\.png,/).click();
    await workbench.treeItem(/^current\.conf,/).click();
    await page.locator('.tab.active', { hasText: 'app.conf' }).waitFor();
    await workbench.treeItem(/^lost\.conf,/).click();
    await workbench.told(/\/etc\/lost\.conf is a link to \/nowhere, which is not there/);
  });

  it('show names that pose as others for what they are', async () => {
    await workbench.expand(/^odd, folder/);
    await workbench.treeItem('photo\\u{202e}gnp.exe, 14 B').waitFor();
    await workbench.treeItem('line\\u{a}break.txt, 10 B').waitFor();
    await workbench.treeItem(`${markupName}, 11 B`).waitFor();
    for (const [name, text] of [
      ['photo\\u{202e}gnp.exe', 'not a picture'],
      ['line\\u{a}break.txt', 'two lines'],
      [markupName, 'not markup'],
      ['caf\\xe9.txt', 'no UTF-8'],
    ] as const) {
      await workbench.treeItem(`${name}, `).click();
      await eventually(async () => (await editorText()).includes(text));
      await page.locator('.tab.active').getByText(name, { exact: true }).waitFor();
    }
    await vscode.screenshot('explorer-odd-names');
    await workbench.expand(/^odd, folder/);
  });

  it('show a large folder a part at a time', async () => {
    await workbench.expand(/^many, folder/);
    await workbench.treeItem(/^0000\.txt/).waitFor();
    await page.keyboard.press('End');
    const more = workbench.treeItem(/^Show more, 200 are left/);
    await eventually(async () => {
      if (!(await more.isVisible())) await page.keyboard.press('PageUp');
      return more.isVisible();
    });
    await more.click();
    await workbench.treeItem(/^1000\.txt/).waitFor();
    await vscode.screenshot('explorer-large-folder');
    assert.equal(await more.count(), 0);
  });

  it('are below each layer what it added, changed and removed', async () => {
    await openOnly(/^COPY /);
    await workbench.treeItem(/^secret\.key, added/).waitFor();
    await workbench.expand(/^etc, folder/);
    await workbench.treeItem(/^app\.conf, changed, 20 B/).waitFor();
    await workbench.expand(/^RUN /);
    await workbench.treeItem(/^secret\.key, removed/).waitFor();
    await workbench.treeItem(/^secret\.key, removed/).click();
    await eventually(async () => (await editorText()).includes('swordfish'));
    await page.locator('.tab.active', { hasText: 'secret.key' }).waitFor();
    await vscode.screenshot('explorer-layers');
  });

  it('tell who wrote a path, and show it in the layer that is chosen', async () => {
    await openOnly(/^Files,/);
    await workbench.expand(/^etc, folder/);
    await workbench.chooseFromMenu(workbench.treeItem(/^app\.conf, 20 B/), /Who Wrote This/);
    const rows = quickPick().getByRole('option');
    await rows.first().waitFor();
    assert.equal(await rows.count(), 2);
    assert.match(
      (await rows.first().innerText()).replace(/\s+/g, ' '),
      /Layer 2 of 3.*replaced it · 8 B → 20 B.*COPY app\.conf/,
    );
    await vscode.screenshot('explorer-who-wrote');
    await workbench.pick(/Layer 1 of 3/);
    await eventually(async () =>
      (
        (await page.locator('.part.sidebar .monaco-list-row.focused').first().getAttribute('aria-label')) ??
        ''
      ).startsWith('app.conf, added, 8 B'),
    );
    await page.keyboard.press('Enter');
    await eventually(async () => (await editorText()).includes('port=80'));
  });

  it('are found by a pattern, hidden ones too', async () => {
    await workbench.chooseFromMenu(workbench.treeItem(/^drydock-explorer\/app:1,/), /Find Files/);
    await workbench.answer(/Find Files in drydock-explorer\/app:1/, '*.key');
    await quickPick()
      .getByText(/1 found for \*\.key/)
      .waitFor();
    await quickPick()
      .getByText(/layer 2 · 10 B · hidden by a later layer/)
      .waitFor();
    await vscode.screenshot('explorer-found');
    await workbench.pick(/secret\.key/);
    await eventually(async () => (await editorText()).includes('swordfish'));
    await vscode.runCommand('Drydock: Find Files');
    await workbench.pick(/In all images of the engine/);
    await workbench.answer(/Find Files in/, '/etc/[');
    await quickPick()
      .getByText(/can’t be used as a pattern/)
      .waitFor();
    await workbench.answer(/Find Files in/, 'nothing-is-called-so');
    await workbench.told(/Nothing in .* is called nothing-is-called-so/);
  });

  it('are extracted to the disk, and their paths copied', async () => {
    await openOnly(/^Files,/);
    await workbench.chooseFromMenu(workbench.treeItem(/^etc, folder/), /Copy Path/);
    await eventually(async () => (await page.evaluate('navigator.clipboard.readText()')) === '/etc');
    await workbench.chooseFromMenu(workbench.treeItem(/^etc, folder/), /Extract/);
    await workbench.answer(/Extract \/etc/, `${workspace}/`);
    await workbench.told(/Extracted and verified: \/etc/);
    assert.equal(await readFile(join(workspace, 'etc/app.conf'), 'utf8'), 'port=8080\nname=dock\n');
  });

  it('are not there when reading the image is cancelled, and there when it is tried again', async () => {
    const context = join(folder, 'large');
    await mkdir(context);
    await writeFile(join(context, 'bytes'), randomFillSync(Buffer.alloc(largeBytes)));
    await writeFile(join(context, 'Dockerfile'), `FROM scratch\nLABEL ${testLabel}=1\nCOPY bytes /bytes\n`);
    const docker = await dockerCli(testHost());
    await docker('build', '--quiet', '--tag', 'drydock-explorer/large:1', context);
    await workbench.expand(/^drydock-explorer\/large,/);
    await workbench.expand(/^drydock-explorer\/large:1,/);
    await workbench
      .treeItem(/^Files,/)
      .nth(1)
      .click();
    const reading = workbench.toast(/Look into drydock-explorer\/large:1/);
    await reading.getByText(/Reading .*[\d.]+ MB/).waitFor();
    await vscode.screenshot('explorer-reading');
    await reading.getByRole('button', { name: 'Cancel' }).click();
    await workbench.treeItem(/^The image was not read, try again/).waitFor();
    await vscode.screenshot('explorer-not-read');
    await workbench.treeItem(/^The image was not read/).click();
    await workbench.treeItem(/^bytes, 315 MB/).waitFor({ timeout: 60_000 });
    await workbench.treeItem(/^bytes,/).click();
    await page
      .getByRole('tab', { name: /^bytes/ })
      .first()
      .waitFor({ timeout: 60_000 });
    // VS Code asks by itself whether a file of that size is to be shown.
    await page
      .locator('.editor-instance')
      .getByText(/too large|very large|binary/)
      .first()
      .waitFor();
    await vscode.screenshot('explorer-large-file');
  });

  it('are reached by keyboard alone', async () => {
    await openOnly(/^RUN /);
    const focused = async (): Promise<string> =>
      (await page.locator('.part.sidebar .monaco-list-row.focused').first().getAttribute('aria-label')) ?? '';
    await workbench.select(workbench.treeItem(/^Files,/).first());
    await page.keyboard.press('ArrowRight');
    await workbench
      .treeItem(/^etc, folder/)
      .first()
      .waitFor();
    await page.keyboard.press('ArrowRight');
    assert.match(await focused(), /^etc, folder/);
  });
});
