import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { launchBrowser } from '../support/browser.ts';
import { testHost, testLabel } from '../support/engine.ts';
import { dockerCli, emptyEngine, type DockerCli } from '../support/variedImages.ts';
import { openVsCode, type OpenedVsCode } from '../support/vscodeBrowser.ts';
import { eventually, workbenchOf, type Workbench } from '../support/workbench.ts';

const lines = (count: number, word: string): string =>
  Array.from({ length: count }, (_, at) => `${word} ${at}\n`).join('');

/** Two releases of a small application; what differs between them is known to the last file. */
const releases: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '1.0': {
    'app/server.js': `${lines(40, 'line')}const port = 8080;\n`,
    'app/old.js': lines(200, 'old'),
    'app/assets/logo.bin': 'a\0b',
    'app/same.txt': 'same',
    'etc/app.conf': 'mode=dev\n',
  },
  '1.1': {
    'app/server.js': `${lines(40, 'line')}const port = 9090;\n`,
    'app/new.js': lines(300, 'new'),
    'app/assets/logo.bin': 'a\0c',
    'app/assets/<img src=x onerror=alert(1)>.txt': 'hostile',
    'app/same.txt': 'same',
    'etc/app.conf': 'mode=live\n',
  },
};

describe('the comparison of two images, in the browser', function () {
  this.timeout(120_000);
  let vscode: OpenedVsCode;
  let workbench: Workbench;
  let workspace: string;
  let frame: Frame;

  before(async () => {
    const docker = await dockerCli(testHost());
    workspace = await mkdtemp(join(tmpdir(), 'drydock-compare-'));
    for (const [tag, files] of Object.entries(releases)) await buildRelease(docker, tag, files);
    const own = ['--label', `${testLabel}=1`];
    await docker('create', '--name', 'shop-now', ...own, 'demo/shop:1.1');
    const later = join(workspace, 'added-later.txt');
    await writeFile(later, 'later');
    await docker('cp', later, 'shop-now:/app/added-later.txt');
    for (const name of ['uploads', 'backup']) {
      const mount = `type=volume,source=shop_${name},target=/data`;
      await docker('volume', 'create', ...own, `shop_${name}`);
      await docker('create', '--name', `with-${name}`, ...own, '--mount', mount, 'demo/shop:1.1');
      await writeFile(join(workspace, 'report.txt'), name === 'uploads' ? 'uploaded' : 'kept');
      await docker('cp', join(workspace, 'report.txt'), `with-${name}:/data/report.txt`);
    }
    vscode = await openVsCode({
      workspace,
      engineHost: testHost(),
      viewport: { width: 1500, height: 1500 },
    });
    workbench = workbenchOf(vscode.page);
    await vscode.openContainer('Drydock');
  });

  after(async () => {
    await vscode.close();
    await rm(workspace, { recursive: true, force: true });
    await emptyEngine();
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await vscode.screenshot('failed-compare');
  });

  async function buildRelease(
    docker: DockerCli,
    tag: string,
    files: Readonly<Record<string, string>>,
  ): Promise<void> {
    const context = await mkdtemp(join(tmpdir(), 'drydock-release-'));
    for (const [path, content] of Object.entries(files)) {
      await mkdir(join(context, 'files', path, '..'), { recursive: true });
      await writeFile(join(context, 'files', path), content);
    }
    await writeFile(
      join(context, 'Dockerfile'),
      `FROM scratch\nCOPY files/ /\nENV RELEASE=${tag}\nCMD ["/app/server.js"]\n`,
    );
    await docker('build', '--quiet', '--label', `${testLabel}=1`, '--tag', `demo/shop:${tag}`, context);
    await rm(context, { recursive: true });
  }

  const row = (name: string | RegExp) => frame.getByRole('row', { name });

  it('starts at one of them in the tree and asks for the other, tags of the same repository first', async () => {
    await workbench.expand(/^demo\/shop,/);
    await workbench.chooseFromMenu(workbench.treeItem(/^demo\/shop:1\.1/), /Compare With/);
    await workbench.pick(/^demo\/shop:1\.0/);
    frame = await vscode.webview();
    await row(/server\.js/).waitFor();
    assert.deepEqual(await frame.locator('.side .name').allTextContents(), [
      'demo/shop:1.0',
      'demo/shop:1.1',
    ]);
    assert.deepEqual(await frame.locator('.card-count').allTextContents(), ['2', '1', '3', '0', '0', '0']);
    await vscode.screenshot('compare', { readme: true });
    assert.deepEqual(await vscode.axe(frame), []);
  });

  it('shows a name that looks like markup as the text it is', async () => {
    await frame.getByRole('searchbox').fill('onerror');
    await row(/<img src=x onerror=alert\(1\)>\.txt/).waitFor();
    assert.equal(await frame.locator('img').count(), 0);
    await eventually(async () => (await frame.locator('.shown').textContent()) === '1 of 6');
    await frame.getByRole('searchbox').fill('');
    await eventually(async () => (await frame.locator('.shown').textContent()) === '6 of 6');
    await row(/server\.js/).waitFor();
  });

  it('says what differs in the config and in the history', async () => {
    await frame.getByRole('tab', { name: /Config/ }).click();
    await frame.getByRole('row', { name: /Env RELEASE 1\.0 1\.1/ }).waitFor();
    await frame.getByRole('tab', { name: /History/ }).click();
    await frame.getByText('ENV RELEASE=1.1').waitFor();
    await frame.getByRole('tab', { name: /Files/ }).click();
  });

  it('opens a changed text file in the diff editor, by keyboard alone', async () => {
    await row(/^.*app\b/)
      .first()
      .click();
    await vscode.page.keyboard.type('server');
    await vscode.page.keyboard.press('Enter');
    const editor = vscode.page.locator('.monaco-diff-editor');
    await editor.waitFor();
    await editor.getByText('const port = 9090;').waitFor();
    await editor.getByText('const port = 8080;').waitFor();
    await vscode.screenshot('compare-text');
    await vscode.page.keyboard.press('Control+W');
  });

  it('opens what is no text as it is, each side by itself', async () => {
    frame = await vscode.webview();
    await row(/logo\.bin/).dblclick();
    await workbench.told(/logo\.bin is no text/);
    await eventually(async () => (await vscode.page.getByRole('tab', { name: /^logo\.bin/ }).count()) === 2);
    const tabs = vscode.page.getByRole('tab', { name: /^logo\.bin/ });
    for (const left of [1, 0]) {
      await vscode.page.keyboard.press('Control+W');
      await eventually(async () => (await tabs.count()) === left);
    }
  });

  it('compares anew when everything is to count, and keeps what is looked at', async () => {
    frame = await vscode.webview();
    await frame.getByRole('radio', { name: 'Strict' }).check();
    await eventually(async () => (await frame.locator('.card-count').first().textContent()) === '2');
    await eventually(async () => frame.getByRole('radio', { name: 'Strict' }).isChecked());
    await row(/server\.js/).waitFor();
  });

  it('is exported as one file that any browser opens without a network', async () => {
    await frame.getByRole('button', { name: 'Export…' }).click();
    await workbench.pick(/^HTML/);
    const input = vscode.page.locator('.quick-input-widget:visible input').first();
    await eventually(async () => (await input.isVisible()) && (await input.inputValue()).endsWith('.html'));
    await vscode.page.keyboard.press('Enter');
    await workbench.told(/Exported/);
    const [name = ''] = (await readdir(workspace)).filter((file) => file.endsWith('.html'));
    const html = await readFile(join(workspace, name), 'utf8');
    assert.doesNotMatch(/Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? 'unsafe', /unsafe/);
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      const problems: string[] = [];
      page.on('pageerror', (error) => problems.push(error.message));
      page.on('console', (entry) => {
        if (entry.type() === 'error') problems.push(entry.text());
      });
      page.on('request', (request) => {
        if (!request.url().startsWith('file:')) problems.push(request.url());
      });
      await page.goto(`file://${join(workspace, name)}`);
      await page.getByRole('row', { name: /server\.js/ }).waitFor();
      assert.equal(await page.getByRole('button', { name: 'Export…' }).count(), 0);
      assert.deepEqual(problems, []);
    } finally {
      await browser.close();
    }
  });

  /** Names the other side in the open quick pick, and waits for the page of both. */
  async function compareWith(other: RegExp, sides: readonly string[]): Promise<void> {
    await workbench.pick(other);
    await eventually(async () => {
      frame = await vscode.webview();
      const names = await frame.locator('.side .name').allTextContents();
      return JSON.stringify(names) === JSON.stringify(sides);
    });
  }

  it('compares a container with its image', async () => {
    await vscode.runCommand('View: Close All Editors');
    await workbench.chooseFromMenu(workbench.treeItem(/^shop-now/), /Compare With/);
    await compareWith(/^demo\/shop:1\.1/, ['shop-now', 'demo/shop:1.1']);
    await row(/added-later\.txt/).waitFor();
    assert.match((await row(/added-later\.txt/).textContent()) ?? '', /−/);
  });

  it('compares a volume with another', async () => {
    await vscode.runCommand('View: Close All Editors');
    await workbench.chooseFromMenu(workbench.treeItem(/^shop_uploads/), /Compare With/);
    await compareWith(/^shop_backup/, ['shop_uploads', 'shop_backup']);
    await row(/report\.txt/).waitFor();
    await row(/report\.txt/).click();
    await frame.getByRole('button', { name: 'Open Left' }).click();
    await vscode.page.locator('.view-lines').getByText('uploaded').waitFor();
  });

  it('compares the layers of two images', async () => {
    await vscode.runCommand('View: Close All Editors');
    await workbench.expand(/^demo\/shop:1\.1|^1\.1/);
    await workbench.chooseFromMenu(workbench.treeItem(/^COPY/).first(), /Compare With/);
    await workbench.pick(/A layer of an image/);
    await workbench.pick(/^demo\/shop:1\.0/);
    await compareWith(/^Layer 1/, ['demo/shop:1.1, layer 1', 'demo/shop:1.0, layer 1']);
    await row(/server\.js/).waitFor();
  });

  it('compares some layers of an image with all of it', async () => {
    await vscode.runCommand('View: Close All Editors');
    await workbench.chooseFromMenu(workbench.treeItem(/^demo\/shop:1\.1|^1\.1/).first(), /Compare With/);
    await workbench.pick(/Some layers of an image/);
    await workbench.pick(/^demo\/shop:1\.1/);
    await vscode.page.getByPlaceholder('The lowest of the layers').waitFor();
    await workbench.pick(/^Layer 1/);
    await vscode.page.getByPlaceholder('The uppermost of the layers').waitFor();
    await compareWith(/^Layer 1/, ['demo/shop:1.1', 'demo/shop:1.1, layer 1']);
  });
});
