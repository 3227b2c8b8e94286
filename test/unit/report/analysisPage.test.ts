import assert from 'node:assert/strict';
import { fillTemplate } from '../../../src/core/errors.ts';
import { pageAnalysis } from '../../../src/report/analysisPage.ts';
import {
  parseAnalysisKey,
  parseFromAnalysisPage,
  parseToAnalysisPage,
  analysisStringKeys,
  type PageAnalysis,
} from '../../../src/report/analysisProtocol.ts';
import { sampleAnalysis } from '../../support/sampleAnalysis.ts';

const wording = {
  l10n: { t: (text: string, args: Record<string, string | number> = {}) => fillTemplate(text, args) },
  language: 'en',
};

describe('the page of an analysis', () => {
  let page: PageAnalysis;
  before(async () => {
    page = pageAnalysis(await sampleAnalysis(), wording);
  });

  it('says what is wasted, what is left behind and on which image it was built', () => {
    assert.deepEqual(
      page.facts.map(([label, text]) => [label, text]),
      [
        ['Files in all layers', '297 MB'],
        ['Wasted', '34.1 MB'],
        ['Can be seen', '88.5%'],
        ['Left behind', '163 MB'],
        ['Score of dive', '88.5%'],
        ['Layers', '4'],
        ['Built on', 'debian:12'],
      ],
    );
  });

  it('has the layers newest first, with what each wastes, and those of the base marked', () => {
    assert.deepEqual(
      page.layers.map(({ place, size, wasted, spoiled, isBase }) => [place, size, wasted, spoiled, isBase]),
      [
        [3, '25.0 MB', '', '34.0 MB', false],
        [2, '34.0 MB', '34.0 MB', '', false],
        [1, '163 MB', '', '90.0 kB', false],
        [0, '75.2 MB', '90.0 kB', '', true],
      ],
    );
  });

  it('tells findings of the base apart', () => {
    assert.deepEqual(
      page.findings.map(({ severity, title, facts }) => [severity, title, facts]),
      [
        ['high', 'A file looks like a secret (.env)', 'layer 2 · 120 B to save'],
        ['high', 'The variable DB_PASSWORD seems to hold a secret', ''],
        ['high', 'The history seems to hold a secret (ARG DEPLOY_TOKEN)', ''],
        ['medium', 'Tools for building are in the image: gcc, make', 'layer 1 · 91.0 MB to save'],
        ['medium', 'Lists and packages of pip were left behind', 'layer 1 · 42.0 MB to save'],
        [
          'medium',
          'Whole files were copied although their contents stayed the same',
          'layer 3 · 25.0 MB wasted already',
        ],
        ['medium', 'Lists and packages of apt were left behind', 'layer 1 · 18.0 MB to save'],
        ['medium', 'Temporary files were left behind', 'layer 1 · 12.0 MB to save'],
        ['medium', 'The container runs as root', ''],
        ['low', 'Files that layer 3 deletes are still carried along', 'layer 2 · 9.00 MB wasted already'],
        ['low', 'There is no health check', ''],
      ],
    );
    assert.equal(page.baseTitle, 'In the base image debian:12, for its makers to mend');
    assert.deepEqual(
      page.baseFindings.map(({ title }) => title),
      [
        'Lists and packages of apt were left behind',
        'Programs run with the rights of their owner (setuid, setgid)',
      ],
    );
  });

  it('shows names that could pose as others as what they are, and no secret', () => {
    assert.equal(page.paths[1]?.path, '/app/\\u{202e}data');
    assert.equal(page.paths[1].story, 'layer 2 brought it, layer 3 deleted it');
    assert.equal(page.layers[0]?.instruction, 'RUN chown -R app /app && rm /app/\\u{202e}data');
    assert.equal(JSON.stringify(page).includes('never-shown'), false);
    assert.equal(JSON.stringify(page).includes('\u202e'), false);
  });

  it('says who shares the layers and what removing gives back', () => {
    assert.deepEqual(page.sharing, [
      '2 of its 4 layers are in other images too (333 MB).',
      'Removing this image alone gives back 59.0 MB.',
      'It can’t be removed while containers are there that run on it: 1.',
    ]);
    assert.deepEqual(page.sharedWith, [
      ['app:0.9', '2'],
      ['debian:12', '1'],
    ]);
  });

  it('says in how many files secrets were looked for, and why not in all', async () => {
    assert.match(page.notes[0] ?? '', /not in what files hold/);
    const analysis = await sampleAnalysis();
    const findings = {
      ...analysis.findings,
      lookedInto: { files: 1200, left: 3, problem: 'The engine is away.' },
    };
    assert.deepEqual(pageAnalysis({ ...analysis, findings }, wording).notes, [
      'Small text files that were looked into for secrets: 1,200.',
      'Files that were not looked into: 3.',
      'The engine is away.',
    ]);
  });

  it('is taken by its parser, and nothing odd is', () => {
    const strings = Object.fromEntries(analysisStringKeys.map((key) => [key, key]));
    const show = (analysis: unknown): unknown => ({
      type: 'show',
      key: { imageId: 'x', title: 'y' },
      language: 'en',
      strings,
      state: { kind: 'ready', analysis },
    });
    assert.ok(parseToAnalysisPage(show(page)));
    for (const odd of [
      { ...page, layers: [{}] },
      { ...page, findings: [{ ...page.findings[0], severity: 'worst' }] },
      { ...page, paths: [{ path: 'x' }] },
      { ...page, sharing: [1] },
      null,
    ])
      assert.equal(parseToAnalysisPage(show(odd)), undefined);
    assert.deepEqual(parseFromAnalysisPage({ type: 'history', more: 1 }), { type: 'history' });
    for (const odd of [null, {}, { type: 'run' }, 'ready'])
      assert.equal(parseFromAnalysisPage(odd), undefined);
    assert.equal(parseAnalysisKey({ imageId: 1, title: 'x' }), undefined);
  });
});
