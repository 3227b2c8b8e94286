import assert from 'node:assert/strict';
import { imageTree } from '../../../src/core/fileTrees/imageTree.ts';
import { layerChanges } from '../../../src/core/fileTrees/layerChanges.ts';
import type { FilePlace } from '../../../src/core/fileTrees/filePlace.ts';
import { imageLayers } from '../../../src/core/inspect/imageLayers.ts';
import type { LayeredImage } from '../../../src/core/layers/layeredImage.ts';
import { FileBranches, type InsideImages } from '../../../src/views/fileBranches.ts';
import { FilesInView } from '../../../src/views/filesInView.ts';
import { imagesTree } from '../../../src/views/imagesTree.ts';
import type { DrydockItem } from '../../../src/views/viewItem.ts';
import { file, folder, gone, listedImage } from '../../support/listedStack.ts';
import { idOf, image as record } from '../inventory/records.ts';
import { openTree, type OpenTree } from './openTree.ts';

const { signal } = new AbortController();
const many = Array.from({ length: 3_000 }, (_, index) => file(`many/${String(index).padStart(4, '0')}`, ''));
const layers = [[folder('etc'), file('etc/motd', 'a'), folder('many'), ...many], [gone('etc/motd')]];
const web: FilePlace = { imageId: idOf('web'), tag: 'web:latest', path: '' };

interface Shown {
  readonly open: OpenTree;
  readonly files: FilesInView;
  readonly revealed: DrydockItem[];
}

async function shown(inside: Partial<InsideImages> = {}): Promise<Shown> {
  const image: LayeredImage = await listedImage(layers);
  const all: InsideImages = {
    open: () => Promise.resolve(image),
    merged: () => imageTree(image, signal),
    changes: (_id, place) => layerChanges(image, place, signal),
    ...inside,
  };
  const branches = new FileBranches(all);
  const steps = ['ENV', 'COPY', 'COPY'].map((createdBy, index) => ({
    createdBy,
    sizeBytes: index === 0 ? 0 : 10,
    comment: '',
    tags: [],
  }));
  const history = imageLayers(
    steps,
    image.layers.map(({ diffId }) => diffId),
  );
  const open = await openTree(
    (deps) => imagesTree({ ...deps, branches, history: () => Promise.resolve(history) }),
    (engine) => {
      engine.imageList = [record('web'), record('db')];
    },
  );
  const revealed: DrydockItem[] = [];
  const files = new FilesInView({
    branches,
    inside: all,
    tree: open.tree,
    view: {
      reveal: (item: DrydockItem) => {
        revealed.push(item);
        return Promise.resolve();
      },
    },
    showAll: () => {
      open.tree.filter = '';
    },
  });
  return { open, files, revealed };
}

/** The rows from the top of the tree to an item, as VS Code asks for them. */
function way({ open }: Shown, item: DrydockItem | undefined): readonly string[] {
  const labels: string[] = [];
  for (let at = item; at !== undefined; at = open.tree.parent(at)) labels.unshift(open.tree.face(at).label);
  return labels;
}

describe('files in the view of images', () => {
  it('are found on the way through folders, in the image and in each layer', async () => {
    const all = await shown();
    assert.ok(await all.files.reveal({ ...web, path: 'many/0007' }));
    assert.ok(await all.files.reveal({ ...web, layer: 0, path: 'etc/motd' }));
    assert.ok(await all.files.reveal({ ...web, layer: 1, path: 'etc/motd' }));
    assert.ok(await all.files.reveal({ ...web, layer: 1 }));
    assert.deepEqual(
      all.revealed.map((item) => way(all, item).slice(2)),
      [['Files', 'many', '0007'], ['COPY', 'etc', 'motd'], ['COPY', 'etc', 'motd'], ['COPY']],
    );
    const [, low, high] = all.revealed;
    assert.ok(low?.kind === 'file' && high?.kind === 'file');
    assert.deepEqual([low.change, high.change], ['added', 'removed']);
  });

  it('are found also far down in a large folder', async () => {
    const all = await shown();
    assert.ok(await all.files.reveal({ ...web, path: 'many/2999' }));
    assert.deepEqual(way(all, all.revealed[0]).slice(2), ['Files', 'many', '2999']);
  });

  it('are found where a filter hides their image, which is taken away then', async () => {
    const { open, files } = await shown();
    open.tree.filter = 'db';
    assert.ok(await files.reveal(web));
    assert.equal(open.tree.filter, '');
  });

  it('are not found where there are none, and the filter stays where it hides nothing of them', async () => {
    const { open, files, revealed } = await shown();
    assert.equal(await files.reveal({ ...web, path: 'etc/nothing' }), false);
    assert.equal(await files.reveal({ ...web, layer: 7 }), false);
    assert.equal(await files.reveal({ imageId: idOf('gone'), path: '' }), false);
    open.tree.filter = 'web';
    await files.reveal(web);
    assert.equal(open.tree.filter, 'web');
    assert.equal(revealed.length, 1);
  });

  it('draw a folder anew when more of it is shown, and move on to what is new', async () => {
    const all = await shown();
    await all.files.reveal({ ...web, path: 'many/0000' });
    const many = all.open.tree.parent(all.revealed[0] ?? assert.fail());
    assert.ok(many !== undefined);
    const more = (await all.open.tree.children(many)).at(-1);
    assert.ok(more?.kind === 'more');
    await all.files.showMore(more);
    assert.deepEqual(all.open.redraws.at(-1), [many]);
    assert.deepEqual(way(all, all.revealed[1]).slice(2), ['Files', 'many', '1000']);
  });

  it('are read again when somebody asks for it', async () => {
    let reads = 0;
    const { open, files } = await shown({
      open: () => {
        reads += 1;
        return Promise.resolve(undefined);
      },
    });
    const [group] = open.tree.roots.filter(({ key }) => key === 'repository:web');
    const [image] = await open.tree.children(group ?? assert.fail());
    const [all] = await open.tree.children(image ?? assert.fail());
    assert.ok(all !== undefined);
    await open.tree.children(all);
    await open.refresh();
    await open.tree.children(all);
    assert.equal(reads, 1, 'a refresh of the view reads nothing again');
    files.readAgain(idOf('web'));
    assert.deepEqual(open.redraws.at(-1), [all]);
    await open.tree.children(all);
    assert.equal(reads, 2);
  });

  it('tell which layer a step made', async () => {
    const { open, files } = await shown();
    const [group] = open.tree.roots.filter(({ key }) => key === 'repository:web');
    const [image] = await open.tree.children(group ?? assert.fail());
    const steps = (await open.tree.children(image ?? assert.fail())).filter((item) => item.kind === 'layer');
    const places = await Promise.all(steps.map((step) => files.placeOfLayer(step)));
    assert.deepEqual(
      places.map((place) => place?.layer),
      [undefined, 1, 0],
    );
  });
});
