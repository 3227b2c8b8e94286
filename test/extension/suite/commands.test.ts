import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { z } from 'zod';
import type { CommandId } from '../../../src/contributions.ts';
import { parseDigest } from '../../../src/core/digest.ts';
import type { DrydockApi } from '../../../src/extension.ts';
import type { ContainerNode, ImageNode, ProjectNode, VolumeNode } from '../../../src/views/node.ts';
import { testEngine, testHost, testLabel } from '../../support/engine.ts';
import { engineHost, sleepingRootfs } from '../../support/tinyImage.ts';
import { tabsWhere, untilTabs } from './tabs.ts';

const repository = 'drydock-test/commands';
const names = ['drydock-test-one', 'drydock-test-two'] as const;

describe('commands on a real engine', () => {
  const host = engineHost(testHost());
  const configuration = (): vscode.WorkspaceConfiguration => vscode.workspace.getConfiguration('drydock');
  let api: DrydockApi;
  let image: ImageNode;
  let one: ContainerNode;
  let two: ContainerNode;
  const volume: VolumeNode = { kind: 'volume', name: 'drydock-test-commands' };

  before(async () => {
    const extension = vscode.extensions.getExtension<DrydockApi>('drydock.drydock');
    assert.ok(extension !== undefined);
    api = await extension.activate();
    // File dialogs that a test can close, on the desktop too.
    await vscode.workspace
      .getConfiguration('files')
      .update('simpleDialog.enable', true, vscode.ConfigurationTarget.Global);
    const query = new URLSearchParams({
      fromSrc: '-',
      repo: repository,
      tag: '1',
      changes: `LABEL ${testLabel}=1`,
    });
    await host.call('POST', `/images/create?${query.toString()}`, await sleepingRootfs());
    const { Id } = z.object({ Id: z.string() }).parse(await host.call('GET', `/images/${repository}:1/json`));
    image = { kind: 'image', id: parseDigest(Id, 'the engine'), tag: `${repository}:1` };
    await host.createVolume(volume.name);
    const sleeping = {
      Image: Id,
      Cmd: ['/bin/sleep', '600'],
      StopSignal: 'SIGKILL',
      HostConfig: { Mounts: [{ Type: 'volume', Source: volume.name, Target: '/data' }] },
    };
    one = { kind: 'container', id: await host.createContainer(sleeping, names[0]), name: names[0] };
    two = { kind: 'container', id: await host.createContainer(sleeping, names[1]), name: names[1] };
  });

  after(async () => {
    await (await testEngine()).start();
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await vscode.workspace
      .getConfiguration('files')
      .update('simpleDialog.enable', undefined, vscode.ConfigurationTarget.Global);
    for (const id of ['images.sort', 'volumes.sort'])
      await configuration().update(id, undefined, vscode.ConfigurationTarget.Global);
    await host.removeLabelled();
  });

  function run(id: CommandId, ...args: readonly unknown[]): Thenable<unknown> {
    return vscode.commands.executeCommand(id, ...args);
  }

  /** Runs a command and answers what it asks by `answer`, over and over until it is done. */
  async function runAnswering(
    answer: 'quickInput.accept' | 'workbench.action.closeQuickOpen',
    id: CommandId,
    ...args: readonly unknown[]
  ): Promise<unknown> {
    const running = { isDone: false };
    const done = Promise.resolve(run(id, ...args)).finally(() => {
      running.isDone = true;
    });
    // It resolves in the window, so each turn lets the command go on.
    while (!running.isDone) await vscode.commands.executeCommand(answer);
    return done;
  }

  async function raw(path: string): Promise<unknown> {
    return host.call('GET', path);
  }

  async function stateOf({ id }: ContainerNode): Promise<string> {
    const shape = z.object({ State: z.object({ Status: z.string() }) });
    return shape.parse(await raw(`/containers/${id}/json`)).State.Status;
  }

  function activeText(): string {
    return vscode.window.activeTextEditor?.document.getText() ?? '';
  }

  async function untilActiveText(matches: (text: string) => boolean): Promise<void> {
    if (matches(activeText())) return;
    await new Promise<void>((resolve) => {
      const listening = vscode.workspace.onDidChangeTextDocument(() => {
        if (!matches(activeText())) return;
        listening.dispose();
        resolve();
      });
    });
  }

  it('inspects an image, a container and a volume: the engine’s own JSON, read-only', async () => {
    for (const [node, path] of [
      [image, `/images/${image.id}/json`],
      [one, `/containers/${one.id}/json`],
      [volume, `/volumes/${volume.name}`],
    ] as const) {
      const uris = await run('drydock.inspect', node);
      const editor = vscode.window.activeTextEditor;
      assert.ok(editor !== undefined);
      assert.deepEqual(uris, [editor.document.uri.toString()]);
      assert.equal(editor.document.languageId, 'json');
      assert.deepEqual(JSON.parse(activeText()), await raw(path));
      await vscode.commands.executeCommand('type', { text: 'x' });
      assert.deepEqual(JSON.parse(activeText()), await raw(path));
    }
  });

  it('inspects several at once, each in a tab that stays', async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    const uris = await run('drydock.inspect', one, [one, two]);
    assert.equal((uris as readonly string[]).length, 2);
    await untilTabs(() => tabsWhere(() => true).length === 2);
    assert.deepEqual(
      tabsWhere(() => true).map(({ label, isPreview }) => ({ label, isPreview })),
      names.map((name) => ({ label: `${name}.container.json`, isPreview: false })),
    );
  });

  it('starts, pauses, unpauses and stops containers, and a whole project', async () => {
    const project: ProjectNode = { kind: 'project', project: 'any', containers: [one, two] };
    await run('drydock.startContainers', one);
    assert.deepEqual([await stateOf(one), await stateOf(two)], ['running', 'created']);
    await run('drydock.startContainers', project);
    assert.deepEqual([await stateOf(one), await stateOf(two)], ['running', 'running']);
    await run('drydock.pauseContainers', one, [one, two]);
    assert.deepEqual([await stateOf(one), await stateOf(two)], ['paused', 'paused']);
    await run('drydock.unpauseContainers', project, [project, one]);
    assert.deepEqual([await stateOf(one), await stateOf(two)], ['running', 'running']);
    await host.call('POST', `/containers/${two.id}/kill`);
    await run('drydock.stopContainers', project);
    assert.deepEqual([await stateOf(one), await stateOf(two)], ['exited', 'exited']);
  });

  it('shows what the engine says now when it inspects again', async () => {
    await run('drydock.inspect', one);
    await untilActiveText((text) => text.includes('"Status": "exited"'));
    await host.call('POST', `/containers/${one.id}/start`);
    await run('drydock.inspect', one);
    await untilActiveText((text) => text.includes('"Status": "running"'));
    await host.call('POST', `/containers/${one.id}/kill`);
  });

  it('copies IDs and names, one to a line', async () => {
    assert.equal(await run('drydock.copyId', image), image.id);
    assert.equal(await vscode.env.clipboard.readText(), image.id);
    await run('drydock.copyId', one, [one, two]);
    assert.equal(await vscode.env.clipboard.readText(), `${one.id}\n${two.id}`);
    await run('drydock.copyName', one, [one, two]);
    assert.equal(await vscode.env.clipboard.readText(), names.join('\n'));
    await run('drydock.copyName', volume);
    assert.equal(await vscode.env.clipboard.readText(), volume.name);
    await run('drydock.copyName', image);
    assert.equal(await vscode.env.clipboard.readText(), image.tag);
  });

  it('measures volumes', async () => {
    await run('drydock.measureVolumes');
    assert.equal(api.inventory.volumeUsage.get(volume.name)?.sizeBytes, 0);
  });

  it('sorts by the setting at once, and does not mind one that nobody can mean', async () => {
    await host.call(
      'POST',
      `/images/${repository}:1/tag?repo=${encodeURIComponent(repository)}&tag=0-older-name`,
    );
    await run('drydock.refresh');
    for (const sort of ['size', 'age', 'no such order', 7, 'name']) {
      await configuration().update('images.sort', sort, vscode.ConfigurationTarget.Global);
      const roots = (await api.views.api.images.getChildren()) ?? [];
      const group = roots.find((item) => item.kind === 'repository' && item.repository === repository);
      assert.equal((await api.views.api.images.getChildren(group))?.length, 2, String(sort));
    }
  });

  it('takes the names it is given: a tag that is there already is left as it is', async () => {
    assert.equal(await runAnswering('quickInput.accept', 'drydock.tagImage', image), image.tag);
    const shape = z.object({ Id: z.string() });
    assert.equal(shape.parse(await raw(`/images/${image.tag ?? ''}/json`)).Id, image.id);
  });

  it('commits a container with everything as proposed', async () => {
    const committed = await runAnswering('quickInput.accept', 'drydock.commitContainer', one);
    const { id } = z.object({ id: z.string() }).parse(committed);
    const shape = z.object({ RepoTags: z.array(z.string()), Container: z.string().optional() });
    const { RepoTags } = shape.parse(await raw(`/images/${id}/json`));
    assert.match(RepoTags[0] ?? '', /^drydock-test-one:\d{8}t\d{6}z$/);
  });

  it('never throws into VS Code, whatever it is given', async () => {
    const odd: readonly (readonly unknown[])[] = [
      [null, null],
      ['text', ['text']],
      [{ kind: 'ship' }, [{ kind: 'image' }, null]],
    ];
    const commands = (await vscode.commands.getCommands(true)).filter((id) =>
      /^drydock\.[A-Za-z]+$/.test(id),
    );
    for (const id of commands)
      for (const args of odd) await runAnswering('workbench.action.closeQuickOpen', id as CommandId, ...args);
    for (const view of ['images', 'containers', 'volumes'] as const)
      assert.equal(api.views.filters[view], '');
    assert.equal(await stateOf(one), 'exited');
  });

  it('resolves with nothing when what it was started on is gone', async () => {
    const gone: ContainerNode = { kind: 'container', id: 'f'.repeat(64), name: 'gone' };
    assert.equal(await run('drydock.inspect', gone), undefined);
    assert.equal(await run('drydock.startContainers', gone), undefined);
  });

  it('resolves with nothing while the engine is away, and works again when it is back', async () => {
    const engine = await testEngine();
    await engine.stop();
    assert.equal(await run('drydock.inspect', one), undefined);
    assert.equal(await run('drydock.startContainers', one), undefined);
    assert.equal(await run('drydock.saveImages'), undefined);
    assert.equal(await run('drydock.measureVolumes'), undefined);
    await engine.start();
    await run('drydock.inspect', one);
    assert.match(activeText(), /"Id"/);
  });
});
