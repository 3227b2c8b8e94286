import assert from 'node:assert/strict';
import type { RemotePlace } from '../../../src/core/registry/remoteName.ts';
import { RegistryList } from '../../../src/registries/registryList.ts';
import type { KnownRegistry } from '../../../src/registries/registrySettings.ts';
import type { Redraw } from '../../../src/views/listTree.ts';
import { registriesTree } from '../../../src/views/registriesTree.ts';
import type { DrydockItem } from '../../../src/views/viewItem.ts';
import { FakeRegistry, type Fault } from '../../support/fakeRegistry.ts';
import { registryHere } from '../../support/registryHere.ts';
import { putImage, putIndex, putSignature } from '../../support/remoteImages.ts';
import { outline } from './openTree.ts';
import { plainWording } from './plainWording.ts';

const created = '2023-11-14T22:13:20Z';

describe('the tree of registries', () => {
  let server: FakeRegistry;
  let list: RegistryList;
  /** What runs may be cancelled by. */
  let controller: AbortController;

  beforeEach(async () => {
    server = new FakeRegistry();
    await server.start();
    controller = new AbortController();
    list = new RegistryList({
      connect: (host) => Promise.resolve(registryHere(host)),
      run: (_, work) => work({ signal: controller.signal, progress: { report: () => undefined } }),
    });
  });
  afterEach(async () => {
    list.dispose();
    await server.stop();
  });

  const known = (more: Partial<KnownRegistry> = {}): KnownRegistry => ({
    ...{ host: server.host, repositories: [], isPlainHttp: false },
    ...more,
  });

  function treeOf(...registries: readonly KnownRegistry[]) {
    list.use(registries);
    const tree = registriesTree({ registries: list, wording: plainWording });
    const redraws: Redraw[] = [];
    tree.onRedraw((redraw) => redraws.push(redraw));
    return { tree, redraws };
  }

  async function fill(): Promise<void> {
    const registry = registryHere(server.host);
    const app = registry.repository('team/app');
    const amd = await putImage(app, { tag: '1', content: 'x'.repeat(2_000), created });
    const arm = await putImage(app, { content: 'x'.repeat(2_000), architecture: 'arm64', created });
    await putIndex(app, 'multi', [amd, arm]);
    await putSignature(app, amd, { says: 'signed' });
    await putImage(registry.repository('web'), { tag: 'latest', content: 'web', created });
    registry.close();
  }

  const answer =
    (status: number, path: RegExp): Fault =>
    (_, response, seen) => {
      if (!path.test(seen.path)) return 'passes';
      const head = status === 401 ? { 'www-authenticate': 'Basic realm="test"' } : {};
      response.writeHead(status, head).end(JSON.stringify({ errors: [{ code: 'NO', message: 'no' }] }));
      return 'handled';
    };

  it('asks nothing before a registry is opened', async () => {
    await fill();
    server.seen.length = 0;
    const { tree } = treeOf(known());
    assert.deepEqual(
      tree.roots.map((item) => tree.face(item).label),
      [server.host],
    );
    assert.deepEqual(server.asked, []);
  });

  it('shows repositories, their tags without those of signatures, and what is known of one that is opened', async () => {
    await fill();
    const { tree } = treeOf(known({ repositories: ['team/app', 'by/hand'] }));
    const lines = (await outline(tree)).map((line) => line.replace(/sha256:\w+|[0-9a-f]{12}/, 'DIGEST'));
    const when = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' }).format(
      Date.parse(created),
    );
    assert.deepEqual(
      lines.map((line) => line.replace(/\d+ B|\d\.\d+ kB/, 'SIZE')),
      [
        server.host,
        '  team/app',
        '    1',
        '      DIGEST | digest',
        `      ${when} | created`,
        '      SIZE | size',
        '      linux/amd64 | platform · SIZE',
        '      1 signature or attestation',
        '    multi',
        '      DIGEST | digest',
        `      ${when} | created`,
        '      SIZE | size',
        '      linux/amd64 | platform · SIZE',
        '      linux/arm64 | platform · SIZE',
        '  web',
        '    latest',
        '      DIGEST | digest',
        `      ${when} | created`,
        '      SIZE | size',
        '      linux/amd64 | platform · SIZE',
        '  by/hand | named by hand',
        `    The registry ${server.host} has no by/hand. Check the name; a log-in may be needed to see it.`,
      ],
    );
    const [, multi] = await below(tree.roots[0], 0);
    assert.ok(multi?.kind === 'remoteTag');
    assert.match(tree.face(multi).description ?? '', /^2 platforms · .* kB · yesterday$/);

    async function below(item: DrydockItem | undefined, index: number): Promise<readonly DrydockItem[]> {
      assert.ok(item);
      const child = (await tree.children(item))[index];
      assert.ok(child);
      return tree.children(child);
    }
  });

  async function messageBelow(registry: KnownRegistry, path?: string) {
    const { tree } = treeOf(registry);
    const [root] = tree.roots;
    assert.ok(root);
    let items = await tree.children(root);
    if (path !== undefined) {
      const repository = items.find((item) => item.kind === 'remoteRepository' && item.path === path);
      assert.ok(repository);
      items = await tree.children(repository);
    }
    const item = items.at(-1);
    assert.ok(item?.kind === 'message');
    const { label, command } = tree.face(item);
    return { label, command: command?.id, onItem: command?.onItem, remote: item.remote, count: items.length };
  }

  it('says what to do where a log-in is needed, and shows what was named by hand all the same', async () => {
    server.faults.push(answer(401, /_catalog/));
    const { label, command, count } = await messageBelow(known({ repositories: ['team/app'] }));
    assert.match(label, new RegExp(`Run \`docker login ${server.host}\``));
    assert.deepEqual([command, count], ['drydock.logInRegistry', 2]);
  });

  for (const status of [403, 404, 405])
    it(`lets a repository be named where a registry answers its list with ${status}`, async () => {
      server.faults.push(answer(status, /_catalog/));
      assert.deepEqual(await messageBelow(known()), {
        label: 'This registry lists no repositories',
        ...{ command: 'drydock.addRepository', onItem: true, remote: { host: server.host }, count: 1 },
      });
    });

  it('asks Docker’s own registry for no list, which it does not give', async () => {
    const { label, command } = await messageBelow(
      known({ host: 'docker.io', repositories: ['library/alpine'] }),
    );
    assert.deepEqual([label, command], ['This registry lists no repositories', 'drydock.addRepository']);
  });

  it('says that there is nothing yet', async () => {
    const { label, command } = await messageBelow(known());
    assert.deepEqual([label, command], ['No repositories yet', 'drydock.addRepository']);
  });

  it('offers to try again what did not answer, and does it at the next look', async () => {
    const place: RemotePlace = { host: server.host, path: 'web' };
    await fill();
    server.faults.push(answer(400, /tags\/list/));
    const failed = await messageBelow(known(), 'web');
    assert.deepEqual([failed.command, failed.remote], ['drydock.refreshRegistries', place]);
    server.faults.length = 0;
    const { tree, redraws } = treeOf(known());
    const [root] = tree.roots;
    assert.ok(root);
    const web = (await tree.children(root)).find(
      (item) => item.kind === 'remoteRepository' && item.path === 'web',
    );
    assert.ok(web);
    list.refresh(place);
    assert.deepEqual(redraws, [[web]]);
    assert.equal((await tree.children(web))[0]?.kind, 'remoteTag');
  });

  it('says that it was not listed where that was cancelled', async () => {
    server.faults.push((_, __, { path }) => {
      if (!path.includes('_catalog')) return 'passes';
      controller.abort();
      return 'handled';
    });
    const { label, command } = await messageBelow(known());
    assert.deepEqual([label, command], ['Not listed', 'drydock.refreshRegistries']);
  });

  it('shows a long list in parts', async () => {
    const names = Array.from({ length: 450 }, (_, index) => `r${String(index).padStart(3, '0')}`);
    server.faults.push((_, response, { path }) => {
      if (!path.includes('_catalog')) return 'passes';
      response.end(JSON.stringify({ repositories: names }));
      return 'handled';
    });
    const { tree, redraws } = treeOf(known());
    const [root] = tree.roots;
    assert.ok(root);
    const first = await tree.children(root);
    const more = first.at(-1);
    assert.ok(first.length === 201 && more?.kind === 'remoteMore');
    assert.deepEqual(tree.face(more).command, { id: 'drydock.showMore', title: 'Show more', onItem: true });
    await list.more(more);
    assert.deepEqual(redraws, [[root]]);
    const second = await tree.children(root);
    assert.equal(second.length, 401);
    assert.equal(second[0], first[0]);
    await list.more(more);
    assert.equal((await tree.children(root)).length, 450);
  });

  it('draws a registry again when something of it is set, and asks anew over the connection that is wanted then', async () => {
    await fill();
    const { tree, redraws } = treeOf(known());
    const [root] = tree.roots;
    assert.ok(root);
    await tree.children(root);
    list.use([known({ repositories: ['x/y'] })]);
    assert.deepEqual(redraws, [[root]]);
    const asked = server.seen.length;
    assert.equal((await tree.children(root)).length, 3);
    assert.equal(server.seen.length, asked, 'what was listed stays');
    list.refresh({ host: server.host });
    await tree.children(root);
    assert.ok(server.seen.length > asked);
    list.use([]);
    assert.deepEqual(tree.roots, []);
  });
});
