import assert from 'node:assert/strict';
import { failure } from '../../../src/core/errors.ts';
import { imageTree } from '../../../src/core/fileTrees/imageTree.ts';
import { layerChanges } from '../../../src/core/fileTrees/layerChanges.ts';
import type { LayerPlace } from '../../../src/core/inspect/layerPlace.ts';
import type { LayeredImage } from '../../../src/core/layers/layeredImage.ts';
import { instructionOf } from '../../../src/core/dockerfile/instruction.ts';
import { FileBranches, type InsideImages } from '../../../src/views/fileBranches.ts';
import { FileItem } from '../../../src/views/fileItem.ts';
import { FilesItem } from '../../../src/views/filesItem.ts';
import { ImageItem } from '../../../src/views/imageItem.ts';
import { LayerItem } from '../../../src/views/layerItem.ts';
import type { DrydockItem } from '../../../src/views/viewItem.ts';
import type { Given } from '../../support/overlayReference.ts';
import { file, folder, gone, listedImage } from '../../support/listedStack.ts';
import { idOf, image as record } from '../inventory/records.ts';
import { plainWording } from './plainWording.ts';

const { signal } = new AbortController();
const web = new ImageItem(record('web'), 'web:latest');

function insideOf(image: LayeredImage): InsideImages {
  return {
    open: () => Promise.resolve(image),
    merged: () => imageTree(image, signal),
    changes: (_id, place) => layerChanges(image, place, signal),
  };
}

async function branchesOf(...layers: readonly (readonly Given[])[]): Promise<FileBranches> {
  return new FileBranches(insideOf(await listedImage(layers)));
}

/** The item of one step of `count` that made a layer; one more made none. */
function layerItem(height: number, count: number): LayerItem {
  return new LayerItem(
    web,
    { fill: 'filled', instruction: instructionOf('', '') },
    { fromBottom: height, step: { height, count: count + 1 } },
  );
}

const said = (item: DrydockItem): string => {
  const { label, description = '' } = item.face(plainWording);
  return `${label} | ${description}`;
};

async function outline(branches: FileBranches, branch: FilesItem | LayerItem | FileItem): Promise<string[]> {
  const lines: string[] = [];
  for (const item of await branches.children(branch)) {
    lines.push(said(item));
    if (item instanceof FileItem && item.face(plainWording).expansion === 'collapsed')
      lines.push(...(await outline(branches, item)).map((line) => `  ${line}`));
  }
  return lines;
}

describe('the files below images and layers', () => {
  const layers = [
    [
      folder('etc'),
      file('etc/motd', 'welcome'),
      file('etc/shadow', 'secret', { mode: 0o640 }),
      { path: 'etc/mtab', type: 'symlink' as const, linkPath: '../proc/mounts' },
      folder('srv'),
    ],
    [folder('etc'), gone('etc/motd'), file('etc/shadow', 'changed!', { mode: 0o640 }), file('app', 'run')],
  ];

  it('are an image’s as a container sees them: folders first, with size, mode, owner and link', async () => {
    const branches = await branchesOf(...layers);
    assert.deepEqual(await outline(branches, new FilesItem(web)), [
      'etc | 8 B · drwxr-xr-x',
      '  mtab | → ../proc/mounts · lrw-r--r--',
      '  shadow | 8 B · -rw-r-----',
      'srv | drwxr-xr-x',
      'app | 3 B · -rw-r--r--',
    ]);
  });

  it('are a layer’s with what it added, changed and removed', async () => {
    const branches = await branchesOf(...layers);
    assert.deepEqual(await outline(branches, layerItem(1, 2)), [
      'etc | 8 B · drwxr-xr-x',
      '  motd | removed · 7 B · -rw-r--r--',
      '  shadow | 8 B · -rw-r-----',
      'app | 3 B · -rw-r--r--',
    ]);
    assert.equal((await outline(branches, layerItem(0, 2))).length, 5);
  });

  it('have keys of their own in each layer and in the whole', async () => {
    const branches = await branchesOf(...layers);
    const all = await Promise.all(
      [new FilesItem(web), layerItem(0, 2), layerItem(1, 2)].map((branch) => branches.children(branch)),
    );
    const keys = all.flat().map(({ key }) => key);
    assert.equal(new Set(keys).size, keys.length);
  });

  it('show each name for what it is, and keep it exact', async () => {
    const name = 'photo\u202egnp.\u001b[31mexe';
    const branches = await branchesOf([file(name, 'x'), file('<b>*.md', 'y')]);
    const items = await branches.children(new FilesItem(web));
    assert.deepEqual(items.map(said), [
      '<b>*.md | 1 B · -rw-r--r--',
      'photo\\u{202e}gnp.\\u{1b}[31mexe | 1 B · -rw-r--r--',
    ]);
    const [, odd] = items;
    assert.ok(odd?.kind === 'file');
    assert.equal(odd.place.path, name);
    assert.equal(odd.details(plainWording)?.title, '/photo\\u{202e}gnp.\\u{1b}[31mexe');
  });

  it('tell in their tooltip which layer brought a file, and what it was before', async () => {
    const branches = await branchesOf(...layers);
    const rowsOf = async (branch: FilesItem | LayerItem): Promise<Record<string, string>> => {
      const [etc] = await branches.children(branch);
      assert.ok(etc instanceof FileItem);
      const shadow = (await branches.children(etc)).find((item) => said(item).startsWith('shadow'));
      return Object.fromEntries(shadow?.details(plainWording)?.rows ?? []);
    };
    assert.match((await rowsOf(new FilesItem(web)))['Layer'] ?? '', /^2 of 2/);
    assert.equal((await rowsOf(layerItem(1, 2)))['Before'], '6 B · -rw-r----- · 0:0');
  });

  it('are shown a thousand at a time in a large folder, and twice as many each time more are asked for', async () => {
    const many = Array.from({ length: 2_500 }, (_, index) => file(`f${String(index).padStart(4, '0')}`, ''));
    const branches = await branchesOf(many);
    const files = new FilesItem(web);
    const first = await branches.children(files);
    assert.equal(first.length, 1_001);
    const more = first.at(-1);
    assert.ok(more?.kind === 'more');
    assert.equal(said(more), 'Show more | 1,500 are left');
    assert.equal(branches.folderOf(more), files);
    const next = await branches.showMore(files);
    assert.ok(next?.kind === 'file');
    assert.equal(next.place.path, 'f1000');
    const second = await branches.children(files);
    assert.equal(second.length, 2_001);
    assert.deepEqual(
      second.slice(0, 1_000),
      first.slice(0, 1_000),
      'rows that are there stay the same objects',
    );
    await branches.showMore(files);
    assert.equal((await branches.children(files)).length, 2_500);
  });

  it('are not read again by themselves once a person cancelled that', async () => {
    const image = await listedImage([[file('a', 'b')]]);
    let reads = 0;
    const branches = new FileBranches({
      ...insideOf(image),
      open: () => Promise.resolve((reads += 1) === 1 ? undefined : image),
    });
    const files = new FilesItem(web);
    const [message] = await branches.children(files);
    assert.ok(message?.kind === 'message' && message.reason === 'unread');
    assert.equal(message.imageId, idOf('web'));
    assert.equal((await branches.children(files))[0], message);
    assert.equal(reads, 1);
    assert.deepEqual(branches.readAgain(idOf('web')), [files]);
    assert.deepEqual((await branches.children(files)).map(said), ['a | 1 B · -rw-r--r--']);
  });

  it('are fetched once for all who ask at the same time', async () => {
    const image = await listedImage([[file('a', 'b')]]);
    let reads = 0;
    const branches = new FileBranches({
      ...insideOf(image),
      open: () => {
        reads += 1;
        return Promise.resolve(image);
      },
    });
    const files = new FilesItem(web);
    const [one, other] = await Promise.all([branches.children(files), branches.children(files)]);
    assert.equal(one, other);
    assert.equal(reads, 1);
  });

  it('are a sentence where a list can’t be read, and there the next time', async () => {
    const image = await listedImage([[file('a', 'b')]]);
    let isBroken = true;
    const branches = new FileBranches({
      ...insideOf(image),
      merged: () =>
        isBroken
          ? Promise.reject(failure('treeTooLarge', { name: 'web', limit: 1 }))
          : imageTree(image, signal),
    });
    const files = new FilesItem(web);
    const [message] = await branches.children(files);
    assert.ok(message?.kind === 'message' && message.reason === 'failed');
    isBroken = false;
    assert.equal((await branches.children(files))[0]?.kind, 'file');
  });

  for (const [why, place] of [
    ['made no layer of files', 'empty'],
    ['can’t be told which layer', 'unknown'],
  ] as const satisfies readonly (readonly [string, LayerPlace])[])
    it(`say so below a step that ${place === 'empty' ? 'made none' : 'may have made any'}`, async () => {
      const image = await listedImage([[file('a', 'b')]]);
      const config = {
        ...image.config,
        history: place === 'empty' ? [{ created_by: 'ENV A=1', empty_layer: true }, {}] : [{}, {}],
      };
      const branches = new FileBranches(insideOf({ ...image, config }));
      const [message] = await branches.children(layerItem(0, 1));
      assert.match(message?.face(plainWording).label ?? '', new RegExp(why));
    });
});
