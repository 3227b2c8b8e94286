import assert from 'node:assert/strict';
import { digestOf } from '../../../src/core/digest.ts';
import type { HistoryReport } from '../../../src/core/inspect/historyReport.ts';
import {
  copiedText,
  pageReport,
  type HistoryExtras,
  type PageWording,
} from '../../../src/report/historyPage.ts';
import { longestShownText, parseToWebview, stringKeys } from '../../../src/report/protocol.ts';

const day = 86_400_000;
const nowMs = Date.UTC(2026, 0, 31);
const wording: PageWording = {
  locale: 'en',
  nowMs,
  words: {
    tags: 'Tags',
    created: 'Created',
    size: 'Size',
    platform: 'Platform',
    layers: 'Layers',
    buildArgs: 'Build arguments',
    comment: 'Comment',
    layersOfSteps: '{layers} from {steps} steps',
    otherKind: 'other',
    files: 'Files',
    sharedWith: 'Shared with',
    fileCount: '{count} files',
    removedCount: '{count} removed',
    sharedCount: 'in {count} other images',
    wasted: '{bytes} wasted',
    spoiled: 'makes {bytes} useless',
    exactBytes: '{bytes} bytes',
  },
};
const base = { buildArgs: [], comment: '', tags: [] } as const;
const report: HistoryReport = {
  name: 'demo:1',
  tags: ['demo:1', 'demo:latest'],
  id: digestOf('image'),
  createdAtMs: nowMs - 3 * day,
  sizeBytes: 4_000_000,
  platform: 'linux/amd64',
  layerCount: 2,
  layers: [
    { ...base, keyword: 'CMD', text: 'CMD ["sh"]', fill: 'empty', sizeBytes: 0, createdAtMs: 0 },
    {
      ...base,
      keyword: 'RUN',
      text: `RUN ${'x'.repeat(longestShownText)}`,
      buildArgs: ['A=1', 'B=2'],
      fill: 'filled',
      sizeBytes: 1_000_000,
      diffId: digestOf('layer 2'),
    },
    { ...base, keyword: '', text: 'a\nb', fill: 'filled', sizeBytes: 3_000_000, diffId: digestOf('layer 1') },
  ],
};

describe('pageReport', () => {
  const page = pageReport(report, wording);
  const inside = { fileCount: 1200, removedCount: 0, wastedBytes: 0, spoiledBytes: 0 };
  const extras: HistoryExtras = {
    diffIds: [digestOf('layer 1'), digestOf('layer 2')],
    sharedWith: [['base:1', 'other:2'], []],
    inside: [
      { ...inside, wastedBytes: 2_000_000 },
      { ...inside, fileCount: 0, removedCount: 3, spoiledBytes: 500 },
    ],
    tags: [
      { imageId: digestOf('old'), name: 'demo:0', createdAtMs: nowMs - 9 * day, sizeBytes: 3_000_000 },
      { imageId: report.id, name: 'demo:1', createdAtMs: nowMs - 3 * day, sizeBytes: 4_000_000 },
      { imageId: report.id, name: 'demo:latest', createdAtMs: nowMs - 3 * day, sizeBytes: 4_000_000 },
    ],
  };

  it('tells of each layer what is in it, what of it is useless, and who else has it', () => {
    const { layers, canLook } = pageReport(report, wording, { extras });
    assert.deepEqual(
      layers.map(({ notes }) => notes.map(({ text, isWaste }) => `${isWaste ? '!' : ''}${text}`)),
      [[], ['3 removed', 'makes 500 B useless'], ['1,200 files', '!2.00 MB wasted', 'in 2 other images']],
    );
    assert.deepEqual(layers[2]?.details.at(-1), ['Shared with', 'base:1, other:2']);
    assert.equal(canLook, false);
  });

  it('tells nothing of a layer that the image has twice, since only one of them is useless', () => {
    const twice = [digestOf('layer 1'), digestOf('layer 2'), digestOf('layer 1')];
    const [last, , first] = pageReport(report, wording, { extras: { ...extras, diffIds: twice } }).layers;
    assert.deepEqual([last?.notes, first?.notes, first?.details.length], [[], [], 1]);
  });

  it('makes marks visible that would turn an instruction around', () => {
    const layers = [{ ...base, keyword: 'RUN', text: 'RUN a \u202eb\n\tc', fill: 'filled' } as const];
    assert.equal(pageReport({ ...report, layers }, wording).layers[0]?.text, 'RUN a \\u{202e}b\n\tc');
  });

  it('offers to look inside where the image was not read, once it is known that it was not', () => {
    const { diffIds, sharedWith, tags } = extras;
    const unread = { diffIds, sharedWith, tags };
    assert.equal(pageReport(report, wording, { extras: unread }).canLook, true);
    assert.equal(page.canLook, false);
  });

  it('names the lines of a Dockerfile, past layers that the history does not mention', () => {
    const lines = new Map([
      [0, { file: 'Dockerfile', line: 1 }],
      [2, { file: 'Dockerfile', line: 7 }],
    ]);
    const told = (given: HistoryReport): readonly string[] =>
      pageReport(given, wording, { lines }).layers.map(({ line }) => line);
    assert.deepEqual(told(report), ['Dockerfile:7', '', 'Dockerfile:1']);
    const unmentioned = { ...base, keyword: '', text: '', fill: 'filled' } as const;
    assert.deepEqual(told({ ...report, layers: [...report.layers, unmentioned] }), [
      'Dockerfile:7',
      '',
      'Dockerfile:1',
      '',
    ]);
  });

  it('lists the tags of the repository, oldest first, and which of them it is of', () => {
    assert.deepEqual(
      pageReport(report, wording, { extras }).tags.map(({ name, size, age, isThis }) => [
        name,
        size,
        age,
        isThis,
      ]),
      [
        ['demo:0', '3.00 MB', 'last week', false],
        ['demo:1', '4.00 MB', '3 days ago', true],
        ['demo:latest', '4.00 MB', '3 days ago', false],
      ],
    );
  });

  it('numbers the steps from the oldest', () => {
    assert.deepEqual(
      page.layers.map(({ number }) => number),
      [3, 2, 1],
    );
  });

  it('words sizes, shares and ages', () => {
    assert.deepEqual(
      page.layers.map(({ size, share }) => [size, share]),
      [
        ['0 B', '0%'],
        ['1.00 MB', '25%'],
        ['3.00 MB', '75%'],
      ],
    );
    assert.deepEqual(
      page.facts.map(([label, text]) => [label, text]),
      [
        ['Size', '4.00 MB'],
        ['Layers', '2 from 3 steps'],
        ['Platform', 'linux/amd64'],
        ['Created', '3 days ago'],
        ['Tags', 'demo:latest'],
      ],
    );
  });

  it('shows no age where a builder left the time at zero', () => {
    assert.equal(page.layers[0]?.age, '');
  });

  it('cuts a very long instruction and says so', () => {
    assert.equal(page.layers[1]?.text.length, longestShownText);
    assert.equal(page.layers[1].isCut, true);
    assert.equal(page.layers[2]?.isCut, false);
  });

  it('sums the layers of each kind for the legend', () => {
    assert.deepEqual(page.legend, [
      { kind: 'run', name: 'RUN', text: '1.00 MB' },
      { kind: 'other', name: 'other', text: '3.00 MB' },
    ]);
  });

  it('is accepted by the page', () => {
    const message = {
      type: 'show',
      imageId: report.id,
      title: report.name,
      language: 'en',
      strings: Object.fromEntries(stringKeys.map((key) => [key, key])),
      state: { kind: 'ready', report: page },
    };
    assert.equal(parseToWebview(JSON.parse(JSON.stringify(message))) === undefined, false);
  });
});

describe('copiedText', () => {
  it('gives the whole of what is cut on the page', () => {
    assert.equal(copiedText(report, { kind: 'instruction', layer: 2 })?.length, longestShownText + 4);
  });

  it('gives the IDs that the report has and nothing for others', () => {
    assert.equal(copiedText(report, { kind: 'imageId' }), report.id);
    assert.equal(copiedText(report, { kind: 'diffId', layer: 1 }), digestOf('layer 1'));
    assert.equal(copiedText(report, { kind: 'diffId', layer: 3 }), undefined);
    assert.equal(copiedText(report, { kind: 'instruction', layer: 0 }), undefined);
    assert.equal(copiedText(report, { kind: 'instruction', layer: 4 }), undefined);
  });

  it('writes the steps as a Dockerfile, oldest first, and what no Dockerfile made as comments', () => {
    const lines = copiedText(report, { kind: 'dockerfile' })?.split('\n') ?? [];
    assert.deepEqual(lines.slice(2, 5), ['FROM scratch', '# a', '# b']);
    assert.equal(lines.at(-2), 'CMD ["sh"]');
    assert.equal(lines.at(-1), '');
  });
});
