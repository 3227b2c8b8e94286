import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { testHost } from '../support/engine.ts';
import { makeShellImage, shellImage } from '../support/shellImage.ts';
import { dockerCli, emptyEngine, type DockerCli } from '../support/variedImages.ts';
import { openVsCode, type OpenedVsCode } from '../support/vscodeBrowser.ts';
import { eventually, workbenchOf } from '../support/workbench.ts';

const dockerfile = `# The image of the shop.
FROM ${shellImage} AS build
RUN mkdir /out && truncate -s 2M /out/old && truncate -s 300K /out/app

FROM ${shellImage}
LABEL shop="lens"
COPY --from=build /out /srv
RUN rm /srv/old && \\
    touch /srv/ready
ENV MODE=shop
CMD ["sh"]
`;

const compose = `services:
  shop:
    build: .
    image: drydock-lens/shop:1
  other:
    image: nowhere/other:2
`;

describe('in the browser, the lens over Dockerfiles', function () {
  this.timeout(120_000);
  let vscode: OpenedVsCode;
  let page: Page;
  let docker: DockerCli;
  let workspace: string;

  before(async () => {
    docker = await dockerCli(testHost());
    await makeShellImage(testHost());
    workspace = await mkdtemp(join(tmpdir(), 'drydock-lens-'));
    await writeFile(join(workspace, 'Dockerfile'), dockerfile);
    await writeFile(join(workspace, 'compose.yaml'), compose);
    await docker('build', '--quiet', '--network', 'host', '--tag', 'drydock-lens/shop:1', workspace);
    vscode = await openVsCode({ workspace, engineHost: testHost(), settings: { 'drydock.lens.heat': true } });
    page = vscode.page;
  });

  after(async () => {
    await vscode.close();
    await rm(workspace, { recursive: true, force: true });
    await emptyEngine();
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await vscode.screenshot('failed-lens');
  });

  const open = async (name: string): Promise<void> => {
    await page.keyboard.press('Control+P');
    const input = page.locator('.quick-input-widget:visible input').first();
    await input.fill(name);
    await page.locator('.quick-input-widget:visible').getByRole('option', { name }).first().click();
    await page.locator('.tab.active').filter({ hasText: name }).waitFor();
  };
  const lens = (text: string | RegExp): Locator =>
    page.locator('.codelens-decoration').filter({ hasText: text });

  /** VS Code drops a click on a line that it draws again at that moment: clicks until `shown` is there. */
  const click = async (within: Locator, text: string | RegExp, shown: Locator): Promise<void> => {
    await eventually(async () => {
      await within
        .getByText(text)
        .click({ timeout: 2_000 })
        .catch(() => undefined);
      return shown.waitFor({ timeout: 5_000 }).then(
        () => true,
        () => false,
      );
    });
  };

  it('finds the image by itself, and says above each line what its layer weighs', async () => {
    await open('Dockerfile');
    await lens(/drydock-lens\/shop:1 · every line matches as far as the history tells/).waitFor();
    await lens(/^drydock-test\/shell:1 · [\d.]+ MB/)
      .first()
      .waitFor();
    assert.equal(await lens(/^drydock-test\/shell:1/).count(), 2);
    await lens(/^2\.40 MB$/)
      .first()
      .waitFor();
    assert.ok((await lens(/^no layer$/).count()) >= 3);
    await vscode.screenshot('lens-sizes');
  });

  it('looks into the image when asked, and then tells files and what is wasted', async () => {
    await click(lens('Look Inside'), 'Look Inside', lens(/^2\.40 MB · 2 files · 2\.10 MB reclaimable$/));
    await lens(/^0 B · 1 file · 1 removed$/).waitFor();
    assert.equal(await lens('Look Inside').count(), 0);
    await vscode.screenshot('lens-inside', { readme: true });
  });

  it('draws beside the lines how large their layers are', async () => {
    const bars = (): Promise<unknown> =>
      page.evaluate(
        "[...document.querySelectorAll('.margin .cgmr')].filter((mark) => getComputedStyle(mark).backgroundImage.includes('svg+xml')).length",
      );
    await eventually(async () => (await bars()) === 2);
  });

  it('shows the step and the largest files when a line is pointed at', async () => {
    await page
      .locator('.view-line')
      .filter({ hasText: 'COPY --from=build' })
      .getByText('COPY')
      .first()
      .hover();
    const hover = page
      .locator('.monaco-hover:visible')
      .filter({ hasText: 'In the history of drydock-lens/shop:1' });
    await hover.waitFor();
    await hover.getByText(/COPY dir:[0-9a-f]{64} in \/srv/).waitFor();
    await hover.getByText('/srv/old').waitFor();
    await vscode.screenshot('lens-hover');
    await page.keyboard.press('Escape');
  });

  it('says which line was edited since the build, while it is typed', async () => {
    await page.locator('.view-line').filter({ hasText: 'ENV MODE=shop' }).click();
    await page.keyboard.press('End');
    await page.keyboard.type('2');
    await lens(/drydock-lens\/shop:1 · 1 line edited since/).waitFor();
    await lens(/^edited since drydock-lens\/shop:1$/).waitFor();
    await vscode.screenshot('lens-edited');
    await page.keyboard.press('Backspace');
    await lens(/every line matches/).waitFor();
  });

  it('remembers the image that was chosen', async () => {
    const choices = page.locator('.quick-input-widget:visible').getByRole('option');
    await click(lens(/every line matches/), /every line matches/, choices.first());
    await workbenchOf(page).pick(/^drydock-test\/shell:1/);
    await lens(/drydock-test\/shell:1 · hardly any line matches/).waitFor();
    await vscode.runCommand('Drydock: Choose Image of Dockerfile…');
    await workbenchOf(page).pick(/^Find It by Its History/);
    await lens(/every line matches/).waitFor();
  });

  it('leads from a line to the layers of its image', async () => {
    const history = page.locator('.tab.active').filter({ hasText: 'drydock-lens/shop:1' });
    await click(lens(/drydock-lens\/shop:1/), /^History$/, history);
    const frame = await vscode.webview();
    await frame.getByText('COPY').first().waitFor();
    await vscode.runCommand('View: Close Editor');
  });

  it('leads from a line to the files of its layer', async () => {
    await open('Dockerfile');
    const folder = workbenchOf(page)
      .treeItem(/^srv\b/)
      .first();
    await click(lens(/reclaimable/), /reclaimable/, folder);
    await vscode.screenshot('lens-files');
  });

  it('tells size, age and backup of the images of a Compose file', async () => {
    await open('compose.yaml');
    await lens(/^[\d.]+ MB · .*History/).waitFor();
    await lens('nowhere/other:2 · not on this engine').waitFor();
    await vscode.screenshot('lens-compose');
    const opened = page.locator('.tab.active').filter({ hasText: 'Dockerfile' });
    await click(lens('Open Dockerfile'), 'Open Dockerfile', opened);
  });

  it('follows a new build', async () => {
    await writeFile(join(workspace, 'Dockerfile'), dockerfile.replace('MODE=shop', 'MODE=new'));
    await eventually(async () => (await lens(/1 line edited since/).count()) > 0);
    await docker('build', '--quiet', '--network', 'host', '--tag', 'drydock-lens/shop:1', workspace);
    await lens(/every line matches/).waitFor();
    await lens('Compare with Previous Build').waitFor();
    await vscode.screenshot('lens-rebuilt');
  });
});

describe('in the browser, the lens over Dockerfiles in Chinese', function () {
  this.timeout(120_000);

  it('speaks Chinese', async () => {
    const docker = await dockerCli(testHost());
    await makeShellImage(testHost());
    const workspace = await mkdtemp(join(tmpdir(), 'drydock-lens-'));
    await writeFile(join(workspace, 'Dockerfile'), dockerfile);
    await docker('build', '--quiet', '--network', 'host', '--tag', 'drydock-lens/shop:1', workspace);
    const vscode = await openVsCode({ workspace, engineHost: testHost(), locale: 'zh-cn' });
    try {
      await vscode.page.keyboard.press('Control+P');
      await vscode.page.locator('.quick-input-widget:visible input').first().fill('Dockerfile');
      await vscode.page
        .locator('.quick-input-widget:visible')
        .getByRole('option', { name: 'Dockerfile' })
        .first()
        .click();
      const lens = (text: string): Locator =>
        vscode.page.locator('.codelens-decoration').filter({ hasText: text });
      await lens('就历史记录所示，每一行都匹配').waitFor();
      await lens('无层').first().waitFor();
      await vscode.screenshot('lens-chinese');
    } finally {
      await vscode.close();
      await rm(workspace, { recursive: true, force: true });
      await emptyEngine();
    }
  });
});
