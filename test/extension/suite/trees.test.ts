import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { DrydockApi } from '../../../src/extension.ts';
import type { Inventory } from '../../../src/core/inspect/inventory.ts';
import type { DrydockItem } from '../../../src/views/viewItem.ts';
import { testEngine, testHost } from '../../support/engine.ts';
import { engineHost, tarOf } from '../../support/tinyImage.ts';

const repository = 'drydock-test/trees';
const volumeName = 'drydock-test-trees';
const containerName = 'drydock-test-trees';

/** Resolves when `check` holds, looked at after each change of the inventory. The suite's deadline guards it. */
async function until(inventory: Inventory, check: () => Promise<boolean>): Promise<void> {
  if (await check()) return;
  await new Promise<void>((resolve, reject) => {
    const listening = inventory.onDidChange(() => {
      check().then((holds) => {
        if (!holds) return;
        listening.dispose();
        resolve();
      }, reject);
    });
  });
}

describe('the trees on a real engine', () => {
  const host = engineHost(testHost());
  let api: DrydockApi;

  before(async () => {
    const extension = vscode.extensions.getExtension<DrydockApi>('drydock.drydock');
    assert.ok(extension !== undefined);
    api = await extension.activate();
    await vscode.commands.executeCommand('drydock.images.focus');
    await until(api.inventory, () => Promise.resolve(api.inventory.state.kind === 'ready'));
  });

  after(async () => {
    await (await testEngine()).start();
    await host.removeLabelled();
  });

  type View = keyof typeof api.views.api;

  async function children(view: View, item?: DrydockItem): Promise<readonly DrydockItem[]> {
    return (await api.views.api[view].getChildren(item)) ?? [];
  }

  async function drawn(view: View, item: DrydockItem): Promise<vscode.TreeItem> {
    return api.views.api[view].getTreeItem(item);
  }

  async function find(view: View, label: string, below?: DrydockItem): Promise<DrydockItem | undefined> {
    for (const item of await children(view, below))
      if ((await drawn(view, item)).label === label) return item;
    return undefined;
  }

  async function imageItem(tag: string): Promise<DrydockItem | undefined> {
    const group = await find('images', repository);
    return group === undefined ? undefined : find('images', tag, group);
  }

  /** Resolves when `check` holds, looked at after each redraw. */
  async function untilRedrawn(view: View, check: () => Promise<boolean>): Promise<void> {
    const { onDidChangeTreeData } = api.views.api[view];
    assert.ok(onDidChangeTreeData !== undefined);
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        check().then((holds) => {
          if (!holds) return;
          listening.dispose();
          resolve();
        }, reject);
      };
      const listening = onDidChangeTreeData(look);
      look();
    });
  }

  it('shows an image that was built outside, without a refresh, and its history newest first', async () => {
    const dockerfile = 'FROM scratch\nCOPY a.txt /a.txt\nENV WHO=drydock\n';
    await host.build(
      await tarOf([
        { name: 'Dockerfile', content: dockerfile },
        { name: 'a.txt', content: 'a'.repeat(2_000) },
      ]),
      `${repository}:1`,
    );
    await until(api.inventory, async () => (await imageItem('1')) !== undefined);
    const image = await imageItem('1');
    assert.ok(image?.kind === 'image');
    assert.equal(image.tag, `${repository}:1`);
    assert.equal((await drawn('images', image)).contextValue, 'drydock.image.tagged');

    const layers = await children('images', image);
    const shown = await Promise.all(layers.map((layer) => drawn('images', layer)));
    const env = shown.findIndex(({ label }) => label === 'ENV WHO=drydock');
    const copy = shown.findIndex(({ label }) => typeof label === 'string' && label.startsWith('COPY'));
    assert.ok(env !== -1 && copy !== -1 && env < copy, JSON.stringify(shown.map(({ label }) => label)));
    assert.match(String(shown[env]?.description), /^empty/);
    assert.match(String(shown[copy]?.description), /^2\.00 kB/);
  });

  it('shows what the engine lists, no more and no less', async () => {
    const expected = [...api.inventory.images.values()].flatMap(({ id, tags }) =>
      tags.length > 0 ? tags.map((tag) => `${id} ${tag}`) : [`${id} `],
    );
    const found: string[] = [];
    for (const group of await children('images'))
      for (const item of await children('images', group)) {
        assert.ok(item.kind === 'image');
        found.push(`${item.id} ${item.tag ?? ''}`);
      }
    assert.deepEqual(found.sort(), expected.sort());
  });

  it('shows a container and its volume, and that image and volume are used', async () => {
    await host.createVolume(volumeName);
    await host.createContainer(
      {
        Image: `${repository}:1`,
        Cmd: ['none'],
        HostConfig: { Mounts: [{ Type: 'volume', Source: volumeName, Target: '/data' }] },
      },
      containerName,
    );
    await until(api.inventory, async () => (await find('containers', containerName)) !== undefined);
    const container = await find('containers', containerName);
    assert.ok(container?.kind === 'container');
    assert.equal((await drawn('containers', container)).contextValue, 'drydock.container.stopped');
    assert.ok((await find('containers', `${volumeName} → /data`, container)) !== undefined);
    const size = (await children('containers', container))[1];
    assert.ok(size?.kind === 'detail' && size.about === 'size');
    await untilRedrawn('containers', async () => {
      const { label } = await drawn('containers', size);
      return typeof label === 'string' && label.endsWith(' of 2.00 kB');
    });

    await until(api.inventory, async () => (await find('volumes', volumeName)) !== undefined);
    const volume = await find('volumes', volumeName);
    assert.ok(volume !== undefined);
    assert.equal((await drawn('volumes', volume)).description, `used by ${containerName}`);
    const image = await imageItem('1');
    assert.ok(image !== undefined);
    assert.match(String((await drawn('images', image)).description), /in use$/);
  });

  it('tells details in a tooltip in which nothing is markup or trusted', async () => {
    const image = await imageItem('1');
    assert.ok(image !== undefined);
    const provider = api.views.api.images;
    const token = new vscode.CancellationTokenSource().token;
    const item = await provider.resolveTreeItem?.(await drawn('images', image), image, token);
    assert.ok(item?.tooltip instanceof vscode.MarkdownString);
    assert.equal(item.tooltip.isTrusted, false);
    assert.equal(item.tooltip.supportHtml, false);
    assert.match(item.tooltip.value, /drydock\\-test\\\/trees/);
  });

  it('measures volumes only when asked', async () => {
    assert.equal(api.inventory.volumeUsage.size, 0);
    await api.inventory.measureVolumes({ signal: new AbortController().signal });
    const volume = await find('volumes', volumeName);
    assert.ok(volume !== undefined);
    assert.match(String((await drawn('volumes', volume)).description), /^0 B · used by/);
  });

  it('shows only what a filter lets through, and everything again without it', async () => {
    api.views.setFilter('images', 'trees:1');
    assert.equal((await children('images')).length, 1);
    api.views.setFilter('images', 'no such image anywhere');
    const [message] = await children('images');
    assert.ok(message?.kind === 'message' && message.reason === 'filtered');
    assert.equal((await drawn('images', message)).command?.command, 'drydock.clearFilter');
    await vscode.commands.executeCommand('drydock.clearFilter');
    assert.equal(api.views.filters.images, '');
    assert.ok((await imageItem('1')) !== undefined);
  });

  it('redraws the group that gained a tag, and not the whole tree', async () => {
    const redraws: unknown[] = [];
    const listening = api.views.api.images.onDidChangeTreeData?.((items) => redraws.push(items));
    await host.call('POST', `/images/${repository}:1/tag?repo=${encodeURIComponent(repository)}&tag=2`);
    await until(api.inventory, async () => (await imageItem('2')) !== undefined);
    listening?.dispose();
    assert.deepEqual(redraws, [[await find('images', repository)]]);
  });

  it('says that the engine is gone when it stops, and heals when it is back', async () => {
    const engine = await testEngine();
    await engine.stop();
    await until(api.inventory, () => Promise.resolve(api.inventory.state.kind === 'failed'));
    for (const view of ['images', 'containers', 'volumes'] as const) {
      const items = await children(view);
      const [message] = items;
      assert.ok(items.length === 1 && message?.kind === 'message' && message.reason === 'unreachable');
      assert.equal((await drawn(view, message)).command?.command, 'drydock.refresh');
    }
    await engine.start();
    await until(api.inventory, async () => (await imageItem('2')) !== undefined);
    assert.ok((await find('containers', containerName)) !== undefined);
    assert.ok((await find('volumes', volumeName)) !== undefined);
  });

  it('lets go of what was removed outside', async () => {
    await host.removeLabelled();
    await until(api.inventory, async () => {
      const left = await Promise.all([
        find('images', repository),
        find('containers', containerName),
        find('volumes', volumeName),
      ]);
      return left.every((item) => item === undefined);
    });
  });
});
