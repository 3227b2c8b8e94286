import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  pageFields,
  pageFileTypes,
  pageKinds,
  parseDiffFileHead,
  parseDiffPageHead,
  parseWireRows,
  rowsPerChunk,
} from '../../../src/core/diff/diffPageData.ts';
import { diffDocument } from '../../../src/core/diff/diffDocument.ts';
import { diffJson } from '../../../src/core/diff/diffJson.ts';
import { diffHtml } from '../../../src/core/diff/diffHtml.ts';
import { diffPageHead, diffPageRows } from '../../../src/core/diff/diffPageOf.ts';
import { comparedFields, fileChangeKinds } from '../../../src/core/diff/diffReport.ts';
import { diffRemark, remarkReason, remarkTexts, type Worded } from '../../../src/core/diffRemark.ts';
import { failure, failureTemplates, fillTemplate } from '../../../src/core/errors.ts';
import { rowsOf } from '../../../src/report/app/changeRows.ts';
import { hostileNames, sampleDiff } from '../../support/sampleDiff.ts';

const bundle = { script: 'console.info("page")', styles: ['body { margin: 0 }', 'p { margin: 0 }'] };

function wholeFile(input: Parameters<typeof diffHtml>[0]): string {
  return [...diffHtml(input)].join('');
}

function blocksOf(html: string): readonly unknown[] {
  return [...html.matchAll(/<script type="application\/json">(.*?)<\/script>/gs)].map(
    ([, json]) => JSON.parse(json ?? '') as unknown,
  );
}

describe('the form of a report for its page', () => {
  it('has the kinds and fields of reports in their order', () => {
    assert.deepEqual(pageKinds, fileChangeKinds);
    assert.deepEqual(pageFields, comparedFields);
    assert.equal(pageFileTypes[1], 'directory');
  });

  it('is read back as it was, chunk by chunk', () => {
    const report = sampleDiff({ fileCount: 2_250 });
    const starts = [0, rowsPerChunk, 2 * rowsPerChunk];
    const rows = starts.flatMap((start) =>
      rowsOf(parseWireRows(JSON.parse(JSON.stringify(diffPageRows(report, start)))) ?? [], start),
    );
    assert.deepEqual(
      rows.map(({ index, path, kind, from }) => [index, path, pageKinds[kind], from]),
      report.files.map(({ path, kind, from }, index) => [index, path, kind, from ?? '']),
    );
    const [at] = report.files.flatMap(({ kind }, index) => (kind === 'metadata' ? [index] : []));
    const row = rows[at ?? -1];
    assert.deepEqual(row?.right !== 0 && row?.right.slice(0, 4), [0, 0o755, 1000, 1000]);
    assert.equal(row?.fields, 0b11);
  });

  it('has a head that the page takes, with sums of each kind', () => {
    const report = sampleDiff();
    const head = diffPageHead(report);
    assert.deepEqual(parseDiffPageHead(JSON.parse(JSON.stringify(head))), head);
    assert.equal(head.rowCount, report.files.length);
    const added = report.files.filter(({ kind }) => kind === 'added');
    assert.deepEqual(head.totals[0], {
      count: added.length,
      leftBytes: 0,
      rightBytes: added.reduce((sum, { right }) => sum + (right?.sizeBytes ?? 0), 0),
    });
    assert.equal(head.packages[0]?.name, 'openssl:amd64');
  });

  it('has remarks in the language of the reader, with the reasons in them', () => {
    const reason = remarkReason(failure('packageListBad', { name: '/x', reason: 'it is cut' }));
    const remark = diffRemark('listsNotRead', { paths: '/x', count: 2, name: 'app', reason });
    const asked: string[] = [];
    const worded: Worded = (template, args) => {
      asked.push(template);
      return `<${fillTemplate(template, args)}>`;
    };
    const report = { ...sampleDiff(), remarks: [remark] };
    assert.deepEqual(diffPageHead(report).remarks, [
      'The packages in /x and 2 more of app were not read: /x can’t be read as a list of packages: it is cut',
    ]);
    assert.deepEqual(diffPageHead(report, worded).remarks, [
      '<The packages in /x and 2 more of app were not read: </x can’t be read as a list of packages: it is cut>>',
    ]);
    for (const template of asked)
      assert.ok([...remarkTexts(), ...failureTemplates()].includes(template), template);
  });

  it('has a head that says how many of each it leaves out', () => {
    const report = sampleDiff();
    const many = <T>(one: T | undefined, count: number): T[] => Array.from({ length: count }, () => one as T);
    const head = diffPageHead({
      ...report,
      config: many(report.config[0], 5_001),
      history: many(report.history[0], 5_002),
      packages: many(report.packages[0], 20_003),
      remarks: many(report.remarks[0], 1_004),
    });
    assert.deepEqual(head.rest, { config: 1, history: 2, packages: 3, remarks: 4 });
    assert.notEqual(parseDiffPageHead(JSON.parse(JSON.stringify(head))), undefined);
    assert.equal(parseDiffPageHead({ ...head, rest: {} }), undefined);
    assert.deepEqual(diffPageHead(report).rest, { config: 0, history: 0, packages: 0, remarks: 0 });
  });

  it('has a head that the page takes although sizes add up to more than a number holds', () => {
    const report = sampleDiff();
    const claimed = 2 ** 53 - 1;
    const files = report.files.map((file) => ({
      ...file,
      ...(file.right && { right: { ...file.right, sizeBytes: claimed } }),
    }));
    const head = diffPageHead({ ...report, files, right: { ...report.right, sizeBytes: 9 * claimed } });
    assert.equal(head.right.sizeBytes, claimed);
    assert.notEqual(parseDiffPageHead(JSON.parse(JSON.stringify(head))), undefined);
  });

  it('says of a secret on both sides that they differ, without either', () => {
    const masked = { setting: 'Env TOKEN', left: '***', right: '***' };
    const head = diffPageHead({ ...sampleDiff(), config: [masked] });
    assert.deepEqual(head.config, [{ ...masked, isHidden: true }]);
  });

  it('takes numbers that only damaged archives have', () => {
    const [file] = sampleDiff().files;
    const right = {
      type: 'other',
      mode: -1,
      uid: Number.NaN,
      gid: 2 ** 60,
      sizeBytes: 1.5,
      mtime: Infinity,
    } as const;
    const rows = diffPageRows({ ...sampleDiff(), files: [{ ...(file ?? assert.fail()), right }] }, 0);
    assert.notEqual(parseWireRows(rows), undefined);
  });

  for (const [what, spoil] of [
    ['another length', (row: unknown[]) => row.slice(1)],
    ['a kind that is none', (row: unknown[]) => row.with(2, 6)],
    ['a number for a path', (row: unknown[]) => row.with(1, 5)],
    ['facts of a type that is none', (row: unknown[]) => row.with(4, [9, 0, 0, 0, 0, 0, '', ''])],
    ['a negative size', (row: unknown[]) => row.with(4, [0, 0, 0, 0, -1, 0, '', ''])],
  ] as const)
    it(`refuses a row with ${what}`, () => {
      const rows = diffPageRows(sampleDiff(), 0);
      assert.equal(parseWireRows([...rows, spoil([...(rows[0] ?? [])])]), undefined);
    });

  it('refuses more rows than a chunk holds', () => {
    const [row] = diffPageRows(sampleDiff(), 0);
    assert.equal(parseWireRows(new Array(rowsPerChunk + 1).fill(row)), undefined);
  });
});

describe('the report as JSON in pieces', () => {
  for (const fileCount of [0, 6, 2_500])
    it(`is the document of a report of ${fileCount} files`, () => {
      const sample = sampleDiff({ fileCount });
      const report = { ...sample, files: sample.files.slice(0, fileCount) };
      const read: unknown = JSON.parse([...diffJson(report)].join(''));
      assert.deepEqual(read, JSON.parse(JSON.stringify(diffDocument(report))));
    });
});

describe('the report as one HTML file', () => {
  it('holds the whole report in blocks that are not run', () => {
    const report = sampleDiff({ fileCount: 2_250 });
    const [first, ...chunks] = blocksOf(wholeFile({ report, bundle }));
    assert.deepEqual(parseDiffFileHead(first)?.head, diffPageHead(report));
    assert.equal(chunks.length, 3);
    const rows = chunks.flatMap((chunk, at) => rowsOf(parseWireRows(chunk) ?? [], at * rowsPerChunk));
    assert.deepEqual(
      rows.map(({ path }) => path),
      report.files.map(({ path }) => path),
    );
  });

  it('lets no name out of its block', () => {
    const sample = sampleDiff();
    const [name = ''] = hostileNames;
    const evil = '</title></script><script>alert(1)</script>';
    const html = wholeFile({
      report: {
        ...sample,
        left: { ...sample.left, name: evil },
        remarks: [evil, name].map((text) => ({ template: '{text}', args: { text } })),
      },
      bundle,
    });
    assert.equal(html.includes(evil), false);
    assert.deepEqual(
      [...html.matchAll(/<script(?! type="application\/json")[^>]*>/g)].map(([tag]) => tag),
      ['<script type="module">'],
    );
    assert.equal(html.includes('<img'), false);
    assert.equal(/[\u202e\u0000]/.test(html), false, 'what steers a text is escaped');
  });

  it('lets run and style nothing but what it names by hash', () => {
    const html = wholeFile({ report: sampleDiff(), bundle });
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? '';
    const hash = (text: string | undefined): string =>
      `'sha256-${createHash('sha256')
        .update(text ?? '')
        .digest('base64')}'`;
    const style = /<style>(.*?)<\/style>/s.exec(html)?.[1];
    assert.deepEqual(policy.split('; '), [
      "default-src 'none'",
      `script-src ${hash(bundle.script)}`,
      `style-src ${hash(style)}`,
      "base-uri 'none'",
      "form-action 'none'",
    ]);
  });

  it('refuses a program that would end its element', () => {
    assert.throws(() => wholeFile({ report: sampleDiff(), bundle: { ...bundle, script: '"</script>"' } }), {
      code: 'unexpected',
    });
  });
});
