import assert from 'node:assert/strict';
import type { Digest } from '../../../src/core/digest.ts';
import type { Engine } from '../../../src/core/engine/engine.ts';
import type { HistoryEntry, ImageDetails, ImageSummary } from '../../../src/core/engine/records.ts';
import { failure } from '../../../src/core/errors.ts';
import type { LayeredImage } from '../../../src/core/layers/layeredImage.ts';
import type { LayerEntry } from '../../../src/core/vault/layerEntry.ts';
import { ChosenImages } from '../../../src/lens/chosenImages.ts';
import { DockerfileReadings, type LensDocument } from '../../../src/lens/dockerfileReadings.ts';
import { ImageHistories } from '../../../src/lens/imageHistories.ts';
import { InsideFigures } from '../../../src/lens/insideFigures.ts';
import { lensActions, type LensAction } from '../../../src/lens/lensActions.ts';
import { codeBlock, hoverWords } from '../../../src/lens/lensHover.ts';
import { lensLines } from '../../../src/lens/lensLines.ts';
import { idOf, image } from '../inventory/records.ts';
import { plainWording } from '../views/plainWording.ts';

interface FakeImage {
  readonly summary: ImageSummary;
  /** Oldest first. */
  readonly history: readonly (readonly [createdBy: string, sizeBytes: number])[];
  readonly diffIds: readonly Digest[];
}

const nop = (text: string): string => `/bin/sh -c #(nop)  ${text}`;
const baseSteps = [[nop('ADD file:0123456789abcdef0123 in /'), 5_000_000]] as const;

const base: FakeImage = { summary: image('base'), history: baseSteps, diffIds: [idOf('d0')] };
const app: FakeImage = {
  summary: image('app', { createdAtMs: 1_700_000_000_500 }),
  history: [
    ...baseSteps,
    ['/bin/sh -c make all', 2_000_000],
    [nop('ENV A=1'), 0],
    [`/bin/sh -c #(nop) COPY file:${'a'.repeat(64)} in /srv/ `, 4_000],
    [nop('CMD ["srv"]'), 0],
  ],
  diffIds: [idOf('d0'), idOf('d1'), idOf('d2')],
};
const dockerfile = 'FROM base\nRUN make all\nENV A=1\nCOPY srv /srv/\nCMD ["srv"]\n';

/** An engine that answers from memory and counts what it was asked. */
function engineOf(images: readonly FakeImage[]): { readonly engine: Engine; readonly asked: string[] } {
  const asked: string[] = [];
  const find = (id: string): FakeImage => {
    const found = images.find(({ summary }) => summary.id === id);
    if (found === undefined) throw failure('engineNotFound', { kind: 'image', name: id });
    return found;
  };
  const store: Pick<Engine['images'], 'history' | 'inspect'> = {
    history: async (id) => {
      asked.push(`history ${id}`);
      return await Promise.resolve(
        find(id)
          .history.map(([createdBy, sizeBytes]): HistoryEntry => ({
            createdBy,
            sizeBytes,
            comment: '',
            tags: [],
          }))
          .toReversed(),
      );
    },
    inspect: async (id) => {
      asked.push(`inspect ${id}`);
      const { summary, diffIds } = find(id);
      return await Promise.resolve({ ...summary, diffIds, raw: {} } as unknown as ImageDetails);
    },
  };
  return { engine: { images: store } as unknown as Engine, asked };
}

function setUp(
  images: readonly FakeImage[],
  inside?: LayeredImage,
): {
  readonly open: (text: string, uri?: string) => LensDocument;
  readonly readings: DockerfileReadings;
  readonly chosen: ChosenImages;
  readonly asked: readonly string[];
  readonly settled: () => Promise<void>;
  readonly titles: (document: LensDocument) => readonly string[];
  readonly actions: (document: LensDocument) => readonly LensAction[];
  readonly listed: Map<Digest, ImageSummary>;
} {
  const { engine, asked } = engineOf(images);
  const listed = new Map(images.map(({ summary }) => [summary.id, summary]));
  const memory = new Map<string, unknown>();
  let changes = 0;
  const changed = (): void => {
    changes += 1;
  };
  const failed = (error: unknown): void => {
    throw error;
  };
  const chosen = new ChosenImages({
    get: (key) => memory.get(key),
    update: (key, value) => {
      memory.set(key, value);
      return Promise.resolve();
    },
  });
  const figures = new InsideFigures({
    peek: (id) => Promise.resolve(id === app.summary.id ? inside : undefined),
    changed,
    failed,
  });
  const readings = new DockerfileReadings({
    inventory: { images: listed, listing: () => ({ kind: 'listed' }) },
    histories: new ImageHistories(() => engine),
    chosen,
    figures,
    changed,
    failed,
  });
  let version = 0;
  const actions = (document: LensDocument): readonly LensAction[] =>
    lensActions(
      {
        reading: readings.read(document),
        document: { scheme: 'file', fsPath: '/Dockerfile' },
        isUnread: (id) => figures.isUnread(id),
      },
      plainWording,
    );
  return {
    open: (text, uri = 'file:///Dockerfile') => ({ uri, version: ++version, text: () => text }),
    readings,
    chosen,
    asked,
    listed,
    // Nothing here waits for a clock, so a few turns of the loop after the last change settle everything.
    settled: async () => {
      for (let seen = -1; seen !== changes;) {
        seen = changes;
        for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      }
    },
    actions,
    titles: (document) => actions(document).map(({ line, title }) => `${line + 1} ${title}`),
  };
}

describe('the lens over a Dockerfile', () => {
  it('finds the image by its history and puts each layer’s size above its line', async () => {
    const { open, titles, settled } = setUp([base, app]);
    const document = open(dockerfile);
    assert.deepEqual(titles(document), [
      '1 $(package) Looking for the image of this file…',
      '1 base:latest · 1.00 MB · yesterday',
    ]);
    await settled();
    titles(document);
    await settled();
    assert.deepEqual(titles(document), [
      '1 $(package) app:latest · every line matches as far as the history tells',
      '1 History',
      '1 Look Inside',
      '1 base:latest · 1.00 MB · yesterday',
      '2 2.00 MB',
      '3 no layer',
      '4 4.00 kB',
      '5 no layer',
    ]);
  });

  it('keeps the image while the file is edited, and says which lines are not in it', async () => {
    const { open, titles, settled } = setUp([base, app]);
    // The second look asks whether anybody has looked inside.
    for (const text of [dockerfile, dockerfile]) {
      titles(open(text));
      await settled();
    }
    const edited = titles(open(dockerfile.replace('make all', 'make some').replace('CMD', 'USER me\nCMD')));
    assert.deepEqual(edited, [
      '1 $(package) app:latest · 2 lines edited since',
      '1 History',
      '1 Look Inside',
      '1 base:latest · 1.00 MB · yesterday',
      '2 edited since app:latest; was 2.00 MB',
      '3 no layer',
      '4 4.00 kB',
      '5 not in app:latest',
      '6 no layer',
    ]);
    assert.deepEqual(
      titles(open(dockerfile.replace('ENV A=1\n', '')))[0],
      '1 $(package) app:latest · 1 line taken out since',
    );
  });

  it('tells files and waste where the lists of the layers are at hand', async () => {
    const file = (path: string, size: number): LayerEntry => ({
      path,
      type: 'file',
      mode: 0o644,
      uid: 0,
      gid: 0,
      size,
      mtime: 0,
      header: 0,
      offset: 0,
    });
    const layers = [
      [file('bin/sh', 5_000_000), file('etc/motd', 10)],
      [file('srv/old', 1_500_000), file('out\u202etxt', 500_000)],
      [file('srv/.wh.old', 0), file('srv/new', 4_000)],
    ];
    const inside = {
      name: 'app',
      config: {
        history: [{}, {}, { empty_layer: true }, {}, { empty_layer: true }],
      },
      layers: layers.map((entries, at) => ({ diffId: app.diffIds[at], tarBytes: 0, entries: () => entries })),
    } as unknown as LayeredImage;
    const { open, titles, readings, settled } = setUp([base, app], inside);
    const document = open(dockerfile);
    titles(document);
    await settled();
    titles(document);
    await settled();
    assert.deepEqual(
      titles(document).filter((title) => /^[245] /.test(title)),
      ['2 2.00 MB · 2 files · 1.50 MB reclaimable', '4 4.00 kB · 1 file · 1 removed', '5 no layer'],
    );
    const [run, , copy] = lensLines(readings.read(document).parts);
    assert.ok(run && copy);
    const hover = hoverWords(run, 'app:latest', plainWording);
    assert.equal(hover?.code, '/bin/sh -c make all');
    assert.deepEqual(hover.files, [
      ['/srv/old', '1.50 MB'],
      ['/out\\u{202e}txt', '500 kB'],
    ]);
    assert.deepEqual(hoverWords(copy, 'app:latest', plainWording)?.rows.slice(0, 5), [
      ['Layer', '3'],
      ['Size', '4.00 kB'],
      ['Files', '1'],
      ['Removes', '1'],
      ['Makes useless', '1.50 MB'],
    ]);
  });

  it('asks the engine for each history once, and for no image', async () => {
    const { open, titles, settled, asked } = setUp([base, app]);
    for (const text of [dockerfile, `${dockerfile}# more`, dockerfile]) {
      titles(open(text));
      await settled();
    }
    assert.deepEqual(new Set(asked).size, 4);
    assert.ok(asked.length <= 6, asked.join('\n'));
  });

  it('takes the image that was chosen, and its newest build while the name is there', async () => {
    const other: FakeImage = { ...app, summary: image('other', { createdAtMs: 1 }) };
    const { open, titles, settled, chosen, listed, readings } = setUp([base, app, other]);
    const document = open(dockerfile);
    titles(document);
    await settled();
    assert.equal(titles(document)[0], '1 $(package) 2 images fit equally well: choose one');

    await chosen.choose(document.uri, { id: other.summary.id, tag: 'other:latest' });
    readings.searchAgain();
    await settled();
    assert.match(titles(document)[0] ?? '', /other:latest · every line/);

    listed.set(app.summary.id, { ...app.summary, tags: ['other:latest'] });
    listed.set(other.summary.id, { ...other.summary, tags: [] });
    assert.equal(readings.read(document).parts[0]?.image.id, app.summary.id);
    await chosen.choose(document.uri, undefined);
    assert.equal(chosen.of(document.uri), undefined);
  });

  it('says of a stage below another what its own image tells', async () => {
    const builder: FakeImage = {
      summary: image('builder', { tags: [], createdAtMs: 1_700_000_000_001 }),
      history: [...baseSteps, ['/bin/sh -c compile everything', 9_000_000]],
      diffIds: [idOf('d0'), idOf('d5')],
    };
    const { open, titles, settled } = setUp([base, app, builder]);
    const document = open(`FROM base AS build\nRUN compile everything\n${dockerfile}`);
    titles(document);
    await settled();
    assert.deepEqual(
      titles(document).filter((title) => /^[24] /.test(title)),
      ['2 9.00 MB', '4 2.00 MB'],
    );
  });

  it('tells of a base that is not here, that the build names, and that was updated since', async () => {
    const newer: FakeImage = { ...base, history: [[nop('ADD file:ffff456789abcdef0123 in /'), 1]] };
    const { open, titles, settled } = setUp([newer, app]);
    const document = open(`${dockerfile}FROM nowhere:1\nARG X\nFROM scratch\nFROM base`);
    titles(document);
    await settled();
    assert.deepEqual(
      titles(document).filter((title) => /^(6|8) /.test(title)),
      ['6 nowhere:1 · not on this engine', '8 nothing below'],
    );
    const alone = open(dockerfile);
    titles(alone);
    await settled();
    assert.equal(titles(alone)[3], '1 base:latest · 1.00 MB · yesterday · not what the image was built on');
    assert.ok(titles(open(`ARG IMAGE\nFROM $IMAGE`)).includes('2 the build says which image'));
  });

  it('shows names out of a file as they are, whatever is in them', () => {
    const { open, titles } = setUp([base]);
    assert.equal(
      titles(open('FROM $(sync~spin)x\u202ey'))[1],
      '1 \\$(sync~spin)x\\u{202e}y · not on this engine',
    );
  });

  it('offers to compare with the build before, where that is still here', async () => {
    const before: FakeImage = {
      ...app,
      summary: image('before', { tags: [], createdAtMs: 1_700_000_000_100 }),
    };
    const stranger: FakeImage = { ...app, summary: image('stranger', { createdAtMs: 1_700_000_000_200 }) };
    const { open, actions, settled, chosen } = setUp([base, app, before]);
    const document = open(dockerfile);
    actions(document);
    await settled();
    const compare = actions(document).find(({ command }) => command === 'drydock.compare');
    assert.deepEqual(compare?.args?.[1], [
      { kind: 'image', id: before.summary.id },
      { kind: 'image', id: app.summary.id, tag: 'app:latest' },
    ]);
    assert.equal(chosen.of(document.uri), undefined);
    const other = setUp([base, app, stranger]);
    const ambiguous = other.open(dockerfile);
    other.actions(ambiguous);
    await other.settled();
    assert.equal(
      other.actions(ambiguous).some(({ command }) => command === 'drydock.compare'),
      false,
    );
  });

  it('leads each line to a place that exists', async () => {
    const { open, actions, settled } = setUp([base, app]);
    const document = open(dockerfile);
    actions(document);
    await settled();
    const [status, history] = actions(document);
    assert.deepEqual([status?.command, history?.command], ['drydock.chooseLensImage', 'drydock.showHistory']);
    assert.deepEqual(history?.args, [{ kind: 'image', id: app.summary.id, tag: 'app:latest' }]);
    await settled();
    const run = actions(document).find(({ line }) => line === 1);
    assert.equal(run?.command, 'drydock.revealFiles');
    assert.deepEqual(run.args, [
      {
        kind: 'file',
        place: { imageId: app.summary.id, tag: 'app:latest', layer: 1, path: '' },
        isFolder: true,
      },
    ]);
  });

  it('says that it does not read a file that is too large', () => {
    const { open, titles } = setUp([base]);
    assert.deepEqual(titles(open('#'.repeat(600_000))), ['1 $(package) This file can’t be read']);
  });

  it('says nothing above a file without a stage', () => {
    const { open, titles } = setUp([base]);
    assert.deepEqual(titles(open('# nothing yet\n')), []);
  });

  it('shows a step as a block of code that nothing in it ends', () => {
    const code = 'RUN a\n   ```\n![x](https://example.org/x)\n  `````\n';
    const fence = '`'.repeat(6);
    assert.equal(codeBlock(code, 'dockerfile'), `\n${fence}dockerfile\n${code}\n${fence}\n`);
    assert.equal(codeBlock('` '.repeat(500_000), '').indexOf('\n```\n'), 0);
  });

  it('finds the image beside one whose history the engine can’t give', async () => {
    const broken: FakeImage = {
      summary: image('broken'),
      get history(): never {
        throw failure('engineRefused', { call: 'history', reason: 'content digest not found' });
      },
      diffIds: [],
    };
    const { open, readings, settled } = setUp([broken, base, app]);
    const document = open(dockerfile);
    readings.read(document);
    await settled();
    assert.equal(readings.read(document).state, 'found');
  });

  it('asks once for what an image is, however often it is wanted meanwhile', async () => {
    const { engine, asked } = engineOf([app]);
    const histories = new ImageHistories(() => engine);
    const id = app.summary.id;
    const found = await Promise.all([histories.loadParts(id), histories.loadParts(id)]);
    assert.equal(found[0]?.details.id, id);
    assert.deepEqual(asked, [`history ${id}`, `inspect ${id}`]);
  });

  it('says that an image lies on another base where only the layers of that tell', async () => {
    const { open, titles, settled } = setUp([{ ...base, diffIds: [idOf('built again')] }, app]);
    const document = open(dockerfile);
    for (let look = 0; look < 2; look++) {
      titles(document);
      await settled();
    }
    assert.ok(titles(document).some((title) => title.endsWith('· not what the image was built on')));
  });
});
