import assert from 'node:assert/strict';
import type { Settings } from '../../../src/contributions.ts';
import { failure } from '../../../src/core/errors.ts';
import { imageLayers, type ImageLayer } from '../../../src/core/inspect/imageLayers.ts';
import { containersTree } from '../../../src/views/containersTree.ts';
import type { ContainerSize } from '../../../src/views/detailItem.ts';
import { FileBranches } from '../../../src/views/fileBranches.ts';
import { imagesTree } from '../../../src/views/imagesTree.ts';
import { LiveBranches } from '../../../src/views/liveBranches.ts';
import type { ListTree, TreeDeps } from '../../../src/views/listTree.ts';
import { volumesTree } from '../../../src/views/volumesTree.ts';
import { container, event, idOf, image, mountOf, volume } from '../inventory/records.ts';
import type { RecordingEngine } from '../inventory/recordingEngine.ts';
import { openTree, outline, type OpenTree } from './openTree.ts';
import { plainWording } from './plainWording.ts';

const history: readonly ImageLayer[] = imageLayers(
  [
    { createdBy: 'CMD ["sh"]', sizeBytes: 0, comment: 'buildkit.dockerfile.v0', tags: [] },
    { createdBy: 'COPY a /a # buildkit', sizeBytes: 1_500, comment: 'buildkit.dockerfile.v0', tags: [] },
  ],
  [idOf('layer')],
);

function images(deps: TreeDeps): ListTree {
  return imagesTree({ ...deps, history: () => Promise.resolve(history), branches: unreadBranches() });
}

/** Of images that nobody reads. */
function unreadBranches(): FileBranches {
  const nothing = (): Promise<undefined> => Promise.resolve(undefined);
  return new FileBranches({ open: nothing, merged: nothing, changes: nothing });
}

/** Nothing is in any container or volume. */
function noFiles(): LiveBranches {
  return new LiveBranches({
    list: () => Promise.resolve([]),
    changes: ({ id, name }) =>
      Promise.resolve({
        container: { id, name, imageId: idOf('image'), state: 'exited' },
        root: { name: '', path: '', children: new Map(), hidesLower: false },
        counts: { added: 0, modified: 0, deleted: 0 },
        sizeBytes: 0,
      }),
  });
}

function volumes(deps: TreeDeps): ListTree {
  return volumesTree({ ...deps, live: noFiles() });
}

function containers(deps: TreeDeps): ListTree {
  return containersTree({
    ...deps,
    live: noFiles(),
    containerSize: () => Promise.resolve({ writableBytes: 1_500, rootfsBytes: 2_000_000 }),
  });
}

function keys(redraw: readonly { readonly key: string }[] | undefined): readonly string[] | undefined {
  return redraw?.map(({ key }) => key);
}

describe('the tree of images', () => {
  const fill = (engine: RecordingEngine): void => {
    engine.imageList = [
      image('web', { tags: ['web:2', 'web:10', 'ghcr.io:443/team/web:1'], sizeBytes: 3_000_000 }),
      image('db', { createdAtMs: 1_700_000_050_000, sizeBytes: 9_000_000 }),
      image('left', { tags: [], sizeBytes: 5_000_000 }),
      image('pulled', { tags: [], repoDigests: [`web@${idOf('x')}`], createdAtMs: 0 }),
    ];
    engine.containerList = [container('front')];
  };
  const short = (name: string): string => idOf(name).slice(7, 19);

  it('groups tags by repository, with what is in use, and what has no tag last', async () => {
    const { tree } = await openTree(images, fill);
    const lines = (await outline(tree)).filter((line) => !line.startsWith('    '));
    assert.deepEqual(lines, [
      'db | 1 image',
      '  latest | 9.00 MB · 23 hours ago',
      'ghcr.io:443/team/web | 1 image',
      '  1 | 3.00 MB · yesterday · in use',
      'web | 2 images',
      '  2 | 3.00 MB · yesterday · in use',
      '  10 | 3.00 MB · yesterday · in use',
      `  ${short('pulled')} | 1.00 MB · no tag`,
      'No Tag | 1 image',
      `  ${short('left')} | 5.00 MB · yesterday · no tag`,
    ]);
  });

  it('shows the history below an image, newest first', async () => {
    const { tree } = await openTree(images, (engine) => {
      engine.imageList = [image('web')];
    });
    assert.deepEqual((await outline(tree)).slice(2), [
      '    Files | as a container sees them',
      '      The image was not read | try again',
      '    CMD ["sh"] | empty',
      '    COPY a /a | 1.50 kB',
      '      The image was not read | try again',
    ]);
  });

  it('gives every item a key of its own', async () => {
    const { tree } = await openTree(images, fill);
    const seen: string[] = [];
    for (const root of tree.roots)
      for (const item of [root, ...(await tree.children(root))]) {
        seen.push(item.key);
        if (item.kind === 'image') seen.push(...(await tree.children(item)).map(({ key }) => key));
      }
    assert.equal(new Set(seen).size, seen.length);
  });

  for (const sort of ['name', 'age', 'size'] as const)
    it(`keeps images without a name last when sorted by ${sort}`, async () => {
      const { tree } = await openTree(images, fill, { 'images.sort': sort });
      assert.equal(tree.roots.at(-1)?.key, 'repository:<none>');
    });

  it('sorts repositories and tags by size and by age', async () => {
    const fillTwo = (engine: RecordingEngine): void => {
      engine.imageList = [
        image('a', { tags: ['a:old'], createdAtMs: 1_600_000_000_000, sizeBytes: 1 }),
        image('b', { tags: ['b:big', 'a:big'], createdAtMs: 1_500_000_000_000, sizeBytes: 100 }),
        image('c', { tags: ['c:new'], createdAtMs: 1_650_000_000_000, sizeBytes: 10 }),
      ];
    };
    const labels = async (sort: Settings['images.sort']): Promise<readonly string[]> => {
      const { tree } = await openTree(images, fillTwo, { 'images.sort': sort });
      const lines = (await outline(tree)).filter((line) => !line.startsWith('    '));
      return lines.map((line) => line.split(' | ', 1)[0] ?? '');
    };
    assert.deepEqual(await labels('size'), ['a', '  big', '  old', 'b', '  big', 'c', '  new']);
    assert.deepEqual(await labels('age'), ['c', '  new', 'a', '  old', '  big', 'b', '  big']);
  });

  it('hides images without a tag when the setting says so', async () => {
    const { tree } = await openTree(images, fill, { 'images.showDangling': false });
    assert.ok(!(await outline(tree)).some((line) => line.includes('no tag')));
    assert.equal(tree.total, 6);
    assert.equal(tree.shown, 4);
  });

  it('filters by every word, in any case, and by ID', async () => {
    const { tree } = await openTree(images, fill);
    tree.filter = ' WEB  ghcr ';
    assert.deepEqual(
      tree.roots.map(({ key }) => key),
      ['repository:ghcr.io:443/team/web'],
    );
    tree.filter = idOf('left').slice(7, 20);
    assert.deepEqual(
      tree.roots.map(({ key }) => key),
      ['repository:<none>'],
    );
    tree.filter = 'no such thing';
    assert.equal(tree.shown, 0);
    assert.equal(tree.total, 6);
    const message = tree.roots[0];
    assert.ok(message?.kind === 'message' && message.reason === 'filtered');
    tree.filter = '';
    assert.equal(tree.roots.length, 4);
  });

  it('draws again the one image that came into use', async () => {
    const open = await openTree(images, fill);
    open.engine.containerList = [container('front'), container('back', { imageId: idOf('db') })];
    await open.refresh();
    assert.deepEqual(open.redraws.map(keys), [[`image:${idOf('db')}:db:latest`]]);
  });

  it('draws again the repository alone that gained a tag', async () => {
    const open = await openTree(images, fill);
    open.engine.imageList = [...open.engine.imageList, image('db3', { tags: ['db:3'] })];
    await open.refresh();
    assert.deepEqual(open.redraws.map(keys), [['repository:db']]);
  });

  it('draws the whole tree again only when repositories come or go', async () => {
    const open = await openTree(images, fill);
    open.engine.imageList = open.engine.imageList.slice(1);
    await open.refresh();
    assert.deepEqual(open.redraws, [undefined]);
  });

  it('keeps the objects of items, as VS Code knows them by these', async () => {
    const open = await openTree(images, fill);
    const before = open.tree.roots[0];
    open.engine.imageList = [...open.engine.imageList, image('zoo')];
    await open.refresh();
    assert.equal(open.tree.roots[0], before);
  });

  it('says what went wrong below an image whose history can’t be had, and tries again on a refresh', async () => {
    let isBroken = true;
    const broken = (deps: TreeDeps): ListTree =>
      imagesTree({
        ...deps,
        branches: unreadBranches(),
        history: () =>
          isBroken
            ? Promise.reject(failure('engineNotFound', { kind: 'image', name: 'web' }))
            : Promise.resolve(history),
      });
    const open = await openTree(broken, (engine) => {
      engine.imageList = [image('web')];
    });
    assert.match((await outline(open.tree))[2] ?? '', /The engine has no image "web"/);
    isBroken = false;
    await open.refresh();
    assert.deepEqual(open.redraws.map(keys), [[`image:${idOf('web')}:web:latest`]]);
    assert.equal((await outline(open.tree)).length, 7);
  });

  it('draws again what grew old on the screen', async () => {
    let nowMs = 1_700_000_000_000;
    const wording = { ...plainWording, nowMs: () => nowMs };
    const open = await openTree(images, fill, {}, wording);
    await outline(open.tree);
    open.tree.age();
    assert.deepEqual(open.redraws, []);
    nowMs += 120_000;
    open.tree.age();
    assert.equal(open.redraws.length, 1);
    assert.ok(!keys(open.redraws[0])?.some((key) => key.includes(idOf('pulled'))), 'it has no age');
  });

  it('opens again what was open before the engine was lost', async () => {
    const open = await openTree(images, fill);
    const [first] = open.tree.roots;
    assert.ok(first !== undefined);
    assert.equal(open.tree.face(first).expansion, 'collapsed');
    open.tree.setExpanded(first, true);
    open.engine.emit({
      kind: 'disconnected',
      error: failure('engineUnreachable', { endpoint: 'e' }),
      retryInMs: 1,
    });
    await open.timers.pass(0);
    assert.equal(open.tree.roots[0]?.kind, 'message');
    open.engine.emit({ kind: 'connected' });
    await open.timers.pass(0);
    assert.equal(open.tree.roots[0], first);
    assert.equal(open.tree.face(first).expansion, 'expanded');
  });
});

describe('the tree of containers', () => {
  const project = { 'com.docker.compose.project': 'shop' };
  const fill = (engine: RecordingEngine): void => {
    engine.containerList = [
      container('zebra', { state: 'exited', status: 'Exited (137) 3 hours ago', health: 'unhealthy' }),
      container('shop-web-1', {
        labels: project,
        health: 'healthy',
        image: 'shop/web:1',
        mounts: [mountOf('data'), { type: 'bind', source: '/srv', target: '/srv', isReadOnly: true }],
        ports: [
          { containerPort: 443, protocol: 'tcp' },
          { containerPort: 80, protocol: 'tcp', hostIp: '0.0.0.0', hostPort: 8080 },
          { containerPort: 80, protocol: 'tcp', hostIp: '::', hostPort: 8080 },
          { containerPort: 53, protocol: 'udp', hostIp: '127.0.0.1', hostPort: 53 },
        ],
      }),
      container('shop-db-1', { labels: project, state: 'paused', status: 'Up 1 hour (Paused)' }),
    ];
  };

  it('groups by Compose project, with state, health, image and ports, and what a container uses below it', async () => {
    const { tree } = await openTree(containers, fill);
    await outline(tree);
    assert.deepEqual(await outline(tree), [
      'shop | 1 of 2 running',
      '  shop-db-1 | paused · web:latest',
      '    web:latest | image',
      '    1.50 kB of 2.00 MB | size',
      '    bridge | network',
      '    Changes | 0 added, 0 modified, 0 deleted',
      '      Nothing is changed',
      '    Files | as they are now',
      '  shop-web-1 | running · healthy · shop/web:1 · 127.0.0.1:53→53/udp, 8080→80',
      '    shop/web:1 | image',
      '    1.50 kB of 2.00 MB | size',
      '    data → /mnt/data | volume',
      '    /srv → /srv | bind, read-only',
      '    127.0.0.1:53→53/udp | port',
      '    8080→80 | port',
      '    443 | port',
      '    bridge | network',
      '    Changes | 0 added, 0 modified, 0 deleted',
      '      Nothing is changed',
      '    Files | as they are now',
      'zebra | exited (137) · web:latest',
      '  web:latest | image',
      '  1.50 kB of 2.00 MB | size',
      '  bridge | network',
      '  Changes | 0 added, 0 modified, 0 deleted',
      '    Nothing is changed',
      '  Files | as they are now',
    ]);
  });

  it('measures a container once when it is opened, shows the size when it comes, and again after its state changed', async () => {
    const asked: string[] = [];
    let answer: (size: ContainerSize) => void = () => undefined;
    const measured = (deps: TreeDeps): ListTree =>
      containersTree({
        ...deps,
        live: noFiles(),
        containerSize: (id) => {
          asked.push(id);
          return new Promise((resolve) => {
            answer = resolve;
          });
        },
      });
    const open = await openTree(measured, (engine) => {
      engine.containerList = [container('one')];
    });
    const sizeLine = async (): Promise<string | undefined> => (await outline(open.tree))[2];
    assert.deepEqual(asked, [], 'nothing is measured before it is opened');
    assert.equal(await sizeLine(), '  measuring… | size');
    answer({ writableBytes: 10 });
    await open.timers.pass(0);
    assert.equal(await sizeLine(), '  10 B | size');
    assert.deepEqual(asked, [container('one').id]);
    const sizes = open.redraws.map(keys).filter((drawn) => drawn?.[0]?.endsWith('/size'));
    assert.deepEqual(sizes, [[`container:${container('one').id}/size`]]);
    open.engine.containerList = [container('one', { state: 'exited' })];
    await open.refresh();
    await sizeLine();
    assert.equal(asked.length, 2);
  });

  it('says that a size is unknown when it can’t be had', async () => {
    const failing = (deps: TreeDeps): ListTree =>
      containersTree({ ...deps, live: noFiles(), containerSize: () => Promise.reject(new Error('gone')) });
    const open = await openTree(failing, (engine) => {
      engine.containerList = [container('one')];
    });
    await outline(open.tree);
    assert.equal((await outline(open.tree))[2], '  unknown | size');
  });

  it('lists containers flat when the setting says so', async () => {
    const { tree } = await openTree(containers, fill, { 'containers.groupByProject': false });
    assert.deepEqual(
      tree.roots.map((root) => tree.face(root).label),
      ['shop-db-1', 'shop-web-1', 'zebra'],
    );
  });

  const sorts = [
    ['name', ['shop-db-1', 'shop-web-1', 'zebra']],
    ['state', ['shop-web-1', 'shop-db-1', 'zebra']],
    ['age', ['shop-web-1', 'zebra', 'shop-db-1']],
  ] as const;
  for (const [sort, expected] of sorts)
    it(`sorts by ${sort}`, async () => {
      const older = (engine: RecordingEngine): void => {
        fill(engine);
        const ages = new Map([
          ['zebra', 2],
          ['shop-db-1', 1],
          ['shop-web-1', 3],
        ]);
        engine.containerList = engine.containerList.map((one) => ({
          ...one,
          createdAtMs: 1_600_000_000_000 + (ages.get(one.names[0] ?? '') ?? 0),
        }));
      };
      const flat = { 'containers.groupByProject': false } as const;
      const { tree } = await openTree(containers, older, { ...flat, 'containers.sort': sort });
      assert.deepEqual(
        tree.roots.map((root) => tree.face(root).label),
        expected,
      );
    });

  it('draws again the project of a container that was paused, and nothing else', async () => {
    const open = await openTree(containers, fill);
    const [zebra, web, db] = open.engine.containerList;
    assert.ok(zebra !== undefined && web !== undefined && db !== undefined);
    open.engine.containerList = [zebra, { ...web, state: 'paused', health: 'none' }, db];
    open.engine.emit(event('container', 'pause'));
    await open.timers.pass(100);
    assert.deepEqual(open.redraws.map(keys), [['project:shop']]);
  });

  it('draws again a single container that was renamed when it keeps its place', async () => {
    const open = await openTree(containers, fill);
    const [zebra, ...others] = open.engine.containerList;
    assert.ok(zebra !== undefined);
    open.engine.containerList = [{ ...zebra, names: ['zorro'] }, ...others];
    open.engine.emit(event('container', 'rename'));
    await open.timers.pass(100);
    assert.deepEqual(open.redraws.map(keys), [[`container:${zebra.id}`]]);
  });
});

describe('the tree of volumes', () => {
  const anonymous = 'ab'.repeat(32);
  const fill = (engine: RecordingEngine): void => {
    engine.volumeList = [volume('data'), volume('nfs', { driver: 'netshare' }), volume(anonymous)];
    engine.containerList = ['a', 'b', 'c'].map((name) => container(name, { mounts: [mountOf('data')] }));
    engine.usageList = [
      { name: 'data', sizeBytes: 1 },
      { name: 'nfs' },
      { name: anonymous, sizeBytes: 2_000 },
    ];
  };

  it('shows driver and users, shortens anonymous names and knows no size unasked', async () => {
    const { tree } = await openTree(volumes, fill);
    assert.deepEqual(await outline(tree), [
      'abababababab… | not used',
      '  Files | as they are now',
      'data | used by a, b and 1 more',
      '  Files | as they are now',
      'nfs | netshare · not used',
      '  Files | as they are now',
    ]);
  });

  it('shows sizes after a measurement and sorts by them, those without one last', async () => {
    const open = await openTree(volumes, fill, { 'volumes.sort': 'size' });
    await open.inventory.measureVolumes({ signal: new AbortController().signal });
    assert.deepEqual(await outline(open.tree), [
      'abababababab… | 2.00 kB · not used',
      '  Files | as they are now',
      'data | 1 B · used by a, b and 1 more',
      '  Files | as they are now',
      'nfs | netshare · not used',
      '  Files | as they are now',
    ]);
  });

  it('tells the full name and hides a password among the options', async () => {
    const open: OpenTree = await openTree(volumes, (engine) => {
      engine.volumeList = [volume(anonymous, { options: { o: 'username=me,password=geheim,vers=3' } })];
    });
    const details = open.tree.roots[0]?.details(plainWording);
    assert.equal(details?.title, anonymous);
    const options = details.rows.find(([name]) => name === 'Options')?.[1];
    assert.equal(options, 'o=username=me,password=••••,vers=3');
  });
});
