import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { z } from 'zod';
import { parseDigest } from '../../../src/core/digest.ts';
import type { FileNode } from '../../../src/views/node.ts';
import { testHost } from '../../support/engine.ts';
import { largeFileArchive } from '../../support/explorerImage.ts';
import { engineHost } from '../../support/tinyImage.ts';
import { tabsWhere, untilTabs } from './tabs.ts';

const tag = 'drydock-test/large:1';
const lineCount = 27 << 20;

describe('a file that is too large to be handed to an editor', () => {
  const host = engineHost(testHost());
  let node: FileNode;

  before(async () => {
    await vscode.extensions.getExtension('drydock.drydock')?.activate();
    await host.call('POST', '/images/load', largeFileArchive(tag, 'large.log', lineCount));
    const { Id } = z.object({ Id: z.string() }).parse(await host.call('GET', `/images/${tag}/json`));
    const imageId = parseDigest(Id, 'the engine');
    node = { kind: 'file', isFolder: false, place: { imageId, tag, path: 'large.log' } };
  });

  after(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await host.removeLabelled();
  });

  it('is read with its image, of which the lens then tells more', async () => {
    const document = await vscode.workspace.openTextDocument({
      language: 'dockerfile',
      content: 'FROM scratch\nCOPY large /\n',
    });
    const offersToLook = async (): Promise<boolean> => {
      const lenses = z
        .array(z.object({ command: z.object({ command: z.string() }).optional() }))
        .parse(await vscode.commands.executeCommand('vscode.executeCodeLensProvider', document.uri));
      return lenses.some(({ command }) => command?.command === 'drydock.readLayers');
    };
    await until(offersToLook);
    await vscode.commands.executeCommand('drydock.openFile', node);
    await until(async () => !(await offersToLook()));
  });

  it('opens as a copy that can’t be changed, once, and goes with its tab', async () => {
    const open = async (): Promise<vscode.Uri> =>
      vscode.Uri.parse(
        z.tuple([z.string()]).parse(await vscode.commands.executeCommand('drydock.openFile', node))[0],
      );
    const uri = await open();
    assert.equal(uri.scheme, 'file');
    const { size, mode } = await stat(uri.fsPath);
    assert.equal(size, 2 * lineCount);
    assert.equal(mode & 0o777, 0o400);
    const shows = ({ input }: vscode.Tab): boolean =>
      input instanceof vscode.TabInputText && input.uri.toString() === uri.toString();
    await untilTabs(() => tabsWhere(shows).length === 1);
    assert.equal((await open()).toString(), uri.toString());
    await vscode.window.tabGroups.close(tabsWhere(shows));
    await until(() => isGone(dirname(uri.fsPath)));
  });
});

function isGone(path: string): Promise<boolean> {
  return stat(path).then(
    () => false,
    () => true,
  );
}

/** The test's own time limit ends it. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve));
}
