import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { z } from 'zod';
import { parseDigest } from '../../../src/core/digest.ts';
import type { FilePlace } from '../../../src/core/fileTrees/filePlace.ts';
import { exactName } from '../../../src/core/fileTrees/visibleName.ts';
import type { DrydockApi } from '../../../src/extension.ts';
import { imageUri } from '../../../src/ui/imageFileSystem.ts';
import type { FileNode } from '../../../src/views/node.ts';
import { testHost } from '../../support/engine.ts';
import { explorerArchive, markupName, posingName } from '../../support/explorerImage.ts';
import { engineHost } from '../../support/tinyImage.ts';

const tag = 'drydock-test/files:1';

describe('the files of an image in VS Code', () => {
  const host = engineHost(testHost());
  let place: FilePlace;

  before(async () => {
    const extension = vscode.extensions.getExtension<DrydockApi>('drydock.drydock');
    assert.ok(extension !== undefined);
    const { inventory } = await extension.activate();
    await host.call('POST', '/images/load', explorerArchive(tag));
    const { Id } = z.object({ Id: z.string() }).parse(await host.call('GET', `/images/${tag}/json`));
    place = { imageId: parseDigest(Id, 'the engine'), tag, path: '' };
    if (inventory.images.has(place.imageId)) return;
    await new Promise<void>((resolve) => {
      const listening = inventory.onDidChange(() => {
        if (!inventory.images.has(place.imageId)) return;
        listening.dispose();
        resolve();
      });
    });
  });

  after(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await host.removeLabelled();
  });

  const uri = (path: string, layer?: number): vscode.Uri =>
    imageUri({ ...place, ...(layer !== undefined && { layer }), path });
  const node = (path: string, layer?: number): FileNode => ({
    kind: 'file',
    isFolder: false,
    place: { ...place, ...(layer !== undefined && { layer }), path },
  });
  const text = async (path: string, layer?: number): Promise<string> =>
    Buffer.from(await vscode.workspace.fs.readFile(uri(path, layer))).toString();

  it('are read by their address, whatever they are called', async () => {
    assert.equal(await text('etc/app.conf'), 'port=8080\nname=dock\n');
    assert.equal(await text(`odd/${posingName}`), 'not a picture\n');
    assert.equal(await text(`odd/${markupName}`), 'not markup\n');
    assert.equal(await text('odd/line\nbreak.txt'), 'two lines\n');
    assert.equal(await text(exactName('odd/caf\\xe9.txt')), 'no UTF-8\n');
  });

  it('are those of one layer where its address says so, also of what it removed', async () => {
    assert.equal(await text('etc/app.conf', 0), 'port=80\n');
    assert.equal(await text('etc/motd', 2), 'welcome aboard\n');
    assert.equal(await text('secret.key', 2), 'swordfish\n');
  });

  it('are read behind links, which never lead out of the image', async () => {
    assert.equal(await text('etc/current.conf'), 'port=8080\nname=dock\n');
    await assert.rejects(text('etc/lost.conf'), { code: 'FileNotFound' });
  });

  it('can’t be changed', async () => {
    const stat = await vscode.workspace.fs.stat(uri('etc/app.conf'));
    assert.equal(stat.type, vscode.FileType.File);
    assert.equal(stat.size, 20);
    assert.equal(stat.permissions, vscode.FilePermission.Readonly);
    await assert.rejects(
      Promise.resolve(vscode.workspace.fs.writeFile(uri('etc/app.conf'), Buffer.from('x'))),
    );
    await assert.rejects(Promise.resolve(vscode.workspace.fs.delete(uri('etc/app.conf'))));
    assert.equal(vscode.workspace.fs.isWritableFileSystem(uri('').scheme), false);
  });

  it('are listed by folder, and missing where there are none', async () => {
    assert.equal((await vscode.workspace.fs.stat(uri('etc'))).type, vscode.FileType.Directory);
    const names = (await vscode.workspace.fs.readDirectory(uri('etc'))).map(([name]) => name);
    assert.deepEqual(names.sort(), ['app.conf', 'current.conf', 'lost.conf']);
    await assert.rejects(text('etc/motd'), { code: 'FileNotFound' });
    await assert.rejects(text('etc'), { code: 'FileIsADirectory' });
  });

  it('open from their node, and their path is copied as it is shown', async () => {
    const opened = await vscode.commands.executeCommand('drydock.openFile', node('etc/current.conf'));
    assert.deepEqual(opened, [uri('etc/app.conf').toString()]);
    assert.equal(vscode.window.activeTextEditor?.document.getText(), 'port=8080\nname=dock\n');
    const copied = await vscode.commands.executeCommand('drydock.copyPath', node(`odd/${posingName}`));
    assert.equal(copied, '/odd/photo\\u{202e}gnp.exe');
    assert.equal(await vscode.env.clipboard.readText(), copied);
  });

  it('are shown in the view from elsewhere', async () => {
    assert.equal(await vscode.commands.executeCommand('drydock.revealFiles', node('etc/app.conf')), true);
    assert.equal(await vscode.commands.executeCommand('drydock.revealFiles', node('etc/motd', 2)), true);
    assert.equal(await vscode.commands.executeCommand('drydock.revealFiles', node('', 1)), true);
    assert.equal(await vscode.commands.executeCommand('drydock.revealFiles', node('etc/motd')), false);
  });
});
