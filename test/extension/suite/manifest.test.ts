import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { viewIds } from '../../../src/contributions.ts';

interface Manifest {
  readonly contributes: { readonly commands: readonly { readonly command: string }[] };
}

describe('the manifest in a running VS Code', () => {
  let extension: vscode.Extension<unknown>;

  before(async () => {
    const found = vscode.extensions.getExtension('drydock.drydock');
    assert.ok(found !== undefined);
    extension = found;
    await extension.activate();
  });

  it('has every command registered that it declares, and no other of ours is', async () => {
    const { contributes } = extension.packageJSON as Manifest;
    const views = Object.values(viewIds);
    const registered = (await vscode.commands.getCommands(true)).filter(
      (id) => id.startsWith('drydock.') && !views.some((view) => id.startsWith(`${view}.`)),
    );
    assert.deepEqual(registered.sort(), contributes.commands.map(({ command }) => command).sort());
  });

  it('has every view, which VS Code gives a command to open', async () => {
    const commands = new Set(await vscode.commands.getCommands(true));
    for (const id of Object.values(viewIds)) assert.ok(commands.has(`${id}.focus`), id);
  });
});
