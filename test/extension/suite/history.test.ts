import assert from 'node:assert/strict';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { z } from 'zod';
import { historyPanelType } from '../../../src/contributions.ts';
import { parseDigest } from '../../../src/core/digest.ts';
import type { DrydockApi } from '../../../src/extension.ts';
import type { ImageNode } from '../../../src/views/node.ts';
import { testEngine, testHost } from '../../support/engine.ts';
import { engineHost, tarOf } from '../../support/tinyImage.ts';
import { tabsWhere, untilTabs } from './tabs.ts';

const repository = 'drydock-test/history';

describe('the history page of an image', () => {
  const host = engineHost(testHost());
  let api: DrydockApi;
  let first: ImageNode;
  let second: ImageNode;

  before(async () => {
    const extension = vscode.extensions.getExtension<DrydockApi>('drydock.drydock');
    assert.ok(extension !== undefined);
    api = await extension.activate();
    first = await build('1');
    second = await build('2');
  });

  beforeEach(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await vscode.commands.executeCommand('workbench.action.joinAllGroups');
  });

  after(async () => {
    await (await testEngine()).start();
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await host.removeLabelled();
  });

  async function build(tag: string): Promise<ImageNode> {
    const dockerfile = `FROM scratch\nCOPY a.txt /a.txt\nENV VERSION=${tag}\n`;
    const context = await tarOf([
      { name: 'Dockerfile', content: dockerfile },
      { name: 'a.txt', content: 'a' },
    ]);
    await host.build(context, `${repository}:${tag}`);
    const found = await host.call('GET', `/images/${repository}:${tag}/json`);
    const { Id } = z.object({ Id: z.string() }).parse(found);
    return { kind: 'image', id: parseDigest(Id, 'the engine'), tag: `${repository}:${tag}` };
  }

  function pages(): readonly vscode.Tab[] {
    return tabsWhere(
      ({ input }) => input instanceof vscode.TabInputWebview && input.viewType.endsWith(historyPanelType),
    );
  }

  const untilPages = (count: number): Promise<void> => untilTabs(() => pages().length === count);

  const show = (node: ImageNode): Thenable<unknown> =>
    vscode.commands.executeCommand('drydock.showHistory', node);

  it('opens beside a Dockerfile, which stays to be seen', async () => {
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
    const dockerfile = vscode.Uri.file(join(folder, 'Dockerfile'));
    const document = await vscode.workspace.openTextDocument(dockerfile);
    const shown = await vscode.languages.setTextDocumentLanguage(document, 'dockerfile');
    await vscode.window.showTextDocument(shown);
    assert.equal(await show(first), first.id);
    await untilPages(1);
    assert.equal(vscode.window.tabGroups.all.length, 2);
    assert.equal(pages()[0]?.group.viewColumn, vscode.ViewColumn.Two);
    assert.equal(pages()[0]?.label, `History: ${repository}:1`);
    const texts = vscode.window.visibleTextEditors
      .map(({ document: { uri } }) => uri)
      .filter(({ scheme }) => scheme === 'file')
      .map(({ fsPath }) => fsPath);
    assert.deepEqual(texts, [dockerfile.fsPath]);
  });

  it('opens in the same group when no Dockerfile is looked at', async () => {
    await show(first);
    await untilPages(1);
    assert.equal(vscode.window.tabGroups.all.length, 1);
  });

  it('is one page for each image, and shows the open one again', async () => {
    await show(first);
    await show(second);
    await untilPages(2);
    assert.equal(pages().find(({ isActive }) => isActive)?.label, `History: ${repository}:2`);
    await show(first);
    await show({ ...first, tag: 'another/name:1' });
    assert.equal(pages().length, 2);
  });

  it('closes cleanly, and opens anew', async () => {
    await show(first);
    await untilPages(1);
    await vscode.window.tabGroups.close([...pages()]);
    await untilPages(0);
    await show(first);
    await untilPages(1);
  });

  it('survives that the engine goes and comes back', async () => {
    await show(first);
    await untilPages(1);
    const engine = await testEngine();
    await engine.stop();
    await until(() => api.inventory.state.kind === 'failed');
    assert.equal(await show(second), second.id);
    await untilPages(2);
    await engine.start();
    await until(() => api.inventory.state.kind === 'ready');
    assert.equal(pages().length, 2);
  });

  it('stays open when its image is removed', async () => {
    await show(second);
    await untilPages(1);
    await host.call('DELETE', `/images/${repository}:2`);
    await until(() => !api.inventory.images.has(second.id));
    assert.equal(pages().length, 1);
  });

  async function until(isSo: () => boolean): Promise<void> {
    if (isSo()) return;
    await new Promise<void>((resolve) => {
      const listening = api.inventory.onDidChange(() => {
        if (!isSo()) return;
        listening.dispose();
        resolve();
      });
    });
  }
});
