import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { testHost } from '../support/engine.ts';
import { engineHost, tarOf } from '../support/tinyImage.ts';
import { openVsCode, type OpenedVsCode } from '../support/vscodeBrowser.ts';

const tag = 'drydock-chinese/app:1.0';

/** VS Code's own menus stay English here, for no language pack of its own is installed; all that is ours is Chinese. */
describe('in the browser, in Chinese', function () {
  this.timeout(120_000);
  const engine = engineHost(testHost());
  let vscode: OpenedVsCode;
  let workspace: string;

  before(async () => {
    await engine.build(
      await tarOf([
        {
          name: 'Dockerfile',
          content: 'FROM scratch\nCOPY greeting /greeting\nENV LANG=zh_CN.UTF-8\nCMD ["/greeting"]\n',
        },
        { name: 'greeting', content: '你好\n'.repeat(10_000) },
      ]),
      tag,
    );
    await engine.createContainer({ Image: tag }, 'drydock-chinese-app');
    await engine.createVolume('drydock-chinese-data');
    workspace = await mkdtemp(join(tmpdir(), 'drydock-chinese-'));
    await writeFile(join(workspace, 'note.tar'), 'This is a note, not an archive.\n'.repeat(100));
    vscode = await openVsCode({ workspace, engineHost: testHost(), locale: 'zh-cn' });
    await vscode.openContainer('Drydock');
  });

  after(async () => {
    await vscode.close();
    await rm(workspace, { recursive: true, force: true });
    await engine.removeLabelled();
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await vscode.screenshot('failed-chinese');
  });

  const treeItem = (name: string | RegExp): Locator =>
    vscode.page.locator('.part.sidebar').getByRole('treeitem', { name });
  const quickPick = (): Locator => vscode.page.locator('.quick-input-widget:visible');

  it('names the views, and says of each thing in the trees how it is', async () => {
    for (const view of ['镜像', '容器', '卷'])
      await vscode.page.locator('.part.sidebar .pane-header').getByText(view, { exact: true }).waitFor();
    await treeItem(/^drydock-chinese\/app, 1 个镜像/).click();
    await treeItem(/^drydock-chinese\/app:1\.0, .*使用中/).waitFor();
    await treeItem(/^drydock-chinese-app, 已创建/).waitFor();
    await treeItem(/^drydock-chinese-data, 未使用/).waitFor();
    await vscode.screenshot('chinese-trees');
  });

  it('finds commands in the palette by their Chinese titles', async () => {
    await vscode.page.keyboard.press('F1');
    for (const title of ['将镜像保存为归档…', '删除镜像…', '筛选镜像…', '镜像排序…']) {
      await quickPick().locator('input').first().fill(`>${title}`);
      await quickPick()
        .getByRole('option', { name: `Drydock: ${title}` })
        .first()
        .waitFor();
    }
    await vscode.screenshot('chinese-palette');
    await vscode.page.keyboard.press('Escape');
  });

  it('asks and shows the history page in Chinese, read out as Chinese', async () => {
    await vscode.runCommand('Drydock: 显示层历史');
    await quickPick().getByText('显示层历史', { exact: true }).waitFor();
    await quickPick()
      .getByRole('option', { name: /^drydock-chinese\/app:1\.0/ })
      .click();
    const frame = await vscode.webview();
    await frame.getByText('隐藏空步骤').waitFor();
    assert.deepEqual(await frame.getByRole('columnheader').allTextContents(), [
      '步骤',
      '指令',
      '大小',
      '创建时间',
      '层',
      '复制',
    ]);
    assert.equal(await frame.locator('html').getAttribute('lang'), 'zh-cn');
    // Three of the Dockerfile, and the label that every object of a test has.
    await frame.getByText('1 层，来自 4 个步骤').waitFor();
    assert.deepEqual(await vscode.axe(frame), []);
    await vscode.screenshot('chinese-history');
  });

  it('tells a failure in one Chinese sentence, with an action in Chinese', async () => {
    await vscode.runCommand('Drydock: 检查归档');
    await quickPick()
      .getByRole('option', { name: /^note\.tar/ })
      .first()
      .click();
    const toast = vscode.page.locator('.notification-toast').filter({ hasText: 'note.tar 不是镜像归档。' });
    await toast.waitFor();
    await toast.getByRole('button', { name: '显示日志' }).waitFor();
    await vscode.screenshot('chinese-failure');
  });
});
