import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Locator } from 'playwright-core';
import { checkout } from '../../scripts/provision/places.ts';
import { rowsPerChunk } from '../../src/core/diff/diffPageData.ts';
import { diffPageHead, diffPageRows } from '../../src/core/diff/diffPageOf.ts';
import { englishDiffStrings } from '../../src/core/diff/diffPageStrings.ts';
import type { DiffReport } from '../../src/core/diff/diffReport.ts';
import type { DiffPageState, ToDiffPage } from '../../src/report/diffProtocol.ts';
import { launchBrowser } from '../support/browser.ts';
import { openPageAlone, pageBundle, type PageAlone, type PageAloneOptions } from '../support/pageAlone.ts';
import { hostileNames, sampleDiff } from '../support/sampleDiff.ts';
import { themes, type ThemeName } from '../support/webviewThemes.ts';
import { eventually } from '../support/workbench.ts';

const screenshots = join(checkout, 'test/screenshots');

describe('the diff page', function () {
  this.timeout(60_000);
  let browser: Browser;
  let bundle: string;
  let opened: PageAlone[];

  before(async () => {
    bundle = await pageBundle('diff');
    browser = await launchBrowser();
    await mkdir(screenshots, { recursive: true });
  });
  after(() => browser.close());
  beforeEach(() => {
    opened = [];
  });
  afterEach(async () => {
    for (const { page } of opened) await page.close();
  });

  async function open(options: PageAloneOptions = {}): Promise<PageAlone> {
    const alone = await openPageAlone(browser, { bundle, styles: ['history.css', 'diff.css'] }, options);
    opened.push(alone);
    return alone;
  }

  function shown(state: DiffPageState): ToDiffPage {
    return { type: 'show', key: 'key', language: 'en', strings: englishDiffStrings, state };
  }

  /** Shows a report and answers until the page has all of its rows. */
  async function show({ tell, sent, page }: PageAlone, report: DiffReport, generation = 1): Promise<void> {
    await tell(shown({ kind: 'ready', generation, head: diffPageHead(report) }));
    for (let start = 0; start < report.files.length; start += rowsPerChunk) {
      const asked = (await sent()).at(-1);
      assert.deepEqual(asked, { type: 'rows', generation, start });
      await tell({ type: 'rows', generation, start, rows: diffPageRows(report, start) });
    }
    await page.locator('.grid-body .grid-row, .files .nothing:visible').first().waitFor();
  }

  /** Something that happened, or a way that a page looks, once its work in turns is done. */
  async function isSoon(locator: Locator, count: number): Promise<void> {
    await eventually(async () => (await locator.count()) === count);
  }

  const focusedName = ({ page }: PageAlone): Promise<string | null> =>
    page.locator('.grid-row:focus .file-name').textContent();

  for (const theme of Object.keys(themes) as ThemeName[]) {
    it(`is readable and free of faults for axe in the ${theme} theme`, async () => {
      const alone = await open({ theme, height: 1_300 });
      await show(alone, sampleDiff());
      const { page, axe, problems } = alone;
      await page.getByRole('row', { name: /README-11s\.js/ }).click();
      await page.mouse.move(0, 0);
      assert.deepEqual(await axe(), []);
      await page.screenshot({ path: join(screenshots, `diff-page-${theme}.png`), animations: 'disabled' });
      for (const tab of ['Packages', 'Config', 'History', 'Remarks']) {
        await page.getByRole('tab', { name: tab }).click();
        assert.deepEqual(await axe(), []);
        if (theme === 'dark' || theme === 'light')
          await page.screenshot({ path: join(screenshots, `diff-page-${theme}-${tab}.png`) });
      }
      assert.deepEqual(problems, []);
    });
  }

  it('is readable in half the width', async () => {
    const alone = await open({ width: 520 });
    await show(alone, sampleDiff());
    assert.deepEqual(await alone.axe(), []);
    const overflow = await alone.page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
    assert.equal(overflow <= 0, true);
    await alone.page.screenshot({ path: join(screenshots, 'diff-page-narrow.png'), fullPage: true });
  });

  it('shows names that look like markup, turn text around or are no text as what they are', async () => {
    const alone = await open();
    await show(alone, sampleDiff());
    await alone.page.getByRole('searchbox').fill('srv/');
    const names = alone.page.locator('.grid-row .file-name:not(.folder)');
    await isSoon(names, hostileNames.length);
    const texts = await names.allTextContents();
    for (const text of [
      '<img src=x onerror=alert(1)>.html',
      'right\\u{202e}to-left.txt',
      'line\\u{a}break\\u{9}and\\u{0}nul',
      'no-utf8-\\xff\\x80',
    ])
      assert.ok(texts.includes(text), `${text} in ${texts.join('\n')}`);
    assert.equal(await alone.page.locator('img, main script').count(), 0);
    assert.deepEqual(alone.problems, []);
  });

  it('goes through the tree by keyboard, and tells a screen reader where it is', async () => {
    const alone = await open();
    const { page } = alone;
    await show(alone, sampleDiff());
    await page.locator('.grid-row[tabindex="0"]').focus();
    assert.equal(await focusedName(alone), 'app');
    const current = page.locator('.grid-row:focus');
    assert.equal(await current.getAttribute('aria-level'), '1');
    assert.equal(await current.getAttribute('aria-expanded'), 'true');
    await page.keyboard.press('ArrowRight');
    assert.equal(await focusedName(alone), 'dist/assets');
    assert.equal(await current.getAttribute('aria-level'), '2');
    await page.keyboard.press('ArrowRight');
    await page.locator('.grid-row:focus[aria-expanded="true"]').waitFor();
    await page.keyboard.press('ArrowRight');
    assert.equal(await current.getAttribute('aria-level'), '3');
    assert.equal(await current.getAttribute('aria-posinset'), '1');
    await page.keyboard.press('ArrowLeft');
    assert.equal(await focusedName(alone), 'dist/assets');
    await page.keyboard.press('ArrowLeft');
    await page.locator('.grid-row:focus[aria-expanded="false"]').waitFor();
    await page.keyboard.press('End');
    const last = Number(await current.getAttribute('aria-rowindex'));
    assert.equal(await page.getByRole('treegrid').getAttribute('aria-rowcount'), String(last));
    await page.keyboard.press('PageUp');
    assert.ok(Number(await current.getAttribute('aria-rowindex')) < last - 3);
    await page.keyboard.press('Home');
    assert.equal(await focusedName(alone), 'app');
    await page.keyboard.type('usr');
    assert.equal(await focusedName(alone), 'usr');
  });

  it('shows both sides of the chosen file, and names it to the host by its place', async () => {
    const alone = await open();
    const { page, sent } = alone;
    const report = sampleDiff();
    await show(alone, report);
    const row = report.files.findIndex(({ kind, fields }) => kind === 'content' && fields.includes('mode'));
    const path = report.files[row]?.path ?? assert.fail();
    await page.getByRole('searchbox').fill(path);
    await page.getByRole('row', { name: new RegExp(path.split('/').at(-1) ?? '') }).click();
    assert.equal(await page.locator('.details h3').textContent(), `/${path}`);
    assert.equal(await page.locator('.facts-table .changed').count(), 3);
    await page.getByRole('button', { name: 'Compare Contents' }).click();
    await page.getByRole('button', { name: 'Open Left' }).click();
    await page.getByRole('button', { name: 'Copy Path' }).click();
    await page.getByRole('row', { name: new RegExp(path.split('/').at(-1) ?? '') }).press('Enter');
    const told = (await sent()).slice(-4);
    assert.deepEqual(told, [
      { type: 'compare', generation: 1, row },
      { type: 'open', generation: 1, row, side: 'left' },
      { type: 'copy', generation: 1, row },
      { type: 'compare', generation: 1, row },
    ]);
    await alone.tell({ type: 'copied' });
    assert.equal(await page.locator('.toast').textContent(), 'Copied');
  });

  it('asks the host for the other strictness, the other way round, and a file', async () => {
    const alone = await open();
    await show(alone, sampleDiff());
    await alone.page.getByRole('radio', { name: 'Strict' }).check();
    await alone.page.getByRole('button', { name: 'Swap Sides' }).click();
    await alone.page.getByRole('button', { name: 'Export…' }).click();
    assert.deepEqual((await alone.sent()).slice(-3), [
      { type: 'strictness', strictness: 'strict' },
      { type: 'swap' },
      { type: 'export' },
    ]);
  });

  it('shows one kind alone, in the list and in the pictures', async () => {
    const alone = await open();
    const { page } = alone;
    const report = sampleDiff();
    await show(alone, report);
    const removed = report.files.filter(({ kind }) => kind === 'removed').length;
    const card = page.getByRole('button', { name: /^Removed/ });
    await card.click();
    assert.equal(await card.getAttribute('aria-pressed'), 'true');
    await eventually(
      async () => (await page.locator('.shown').textContent()) === `${removed} of ${report.files.length}`,
    );
    assert.equal(await page.locator('.map-cell.kind-added').count(), 0);
    await card.click();
    await eventually(async () => (await page.locator('.map-cell.kind-added').count()) > 0);
  });

  it('goes into a folder of the map and out again by keyboard, and from a file to its row', async () => {
    const alone = await open();
    const { page } = alone;
    await show(alone, sampleDiff());
    const all = await page.locator('.map-cell').count();
    await page.getByRole('button', { name: /^\/usr: / }).focus();
    await page.keyboard.press('Enter');
    assert.equal(await page.locator('.crumbs [aria-current]').textContent(), 'usr');
    assert.notEqual(await page.locator('.map-cell').count(), all);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('.map-cell').count(), all);
    const file = page.locator('button.map-cell.leaf', { hasText: 'libcrypto' }).first();
    const name = (await file.locator('.map-name').textContent()) ?? '';
    await file.click();
    await page.locator('.grid-row:focus').waitFor();
    assert.equal(await focusedName(alone), name);
  });

  it('sorts the table by each heading, and says how', async () => {
    const alone = await open();
    const { page } = alone;
    await show(alone, sampleDiff());
    await page.getByRole('radio', { name: 'Table' }).check();
    await page.getByRole('grid').waitFor();
    await page.getByRole('columnheader', { name: 'Difference' }).getByRole('button').click();
    const heading = page.getByRole('columnheader', { name: 'Difference' });
    await page.locator('[role=columnheader][aria-sort=descending]').waitFor();
    assert.equal(await heading.getAttribute('aria-sort'), 'descending');
    const first = await page.locator('.grid-body .grid-row .cell.delta').first().textContent();
    await heading.getByRole('button').click();
    await page.locator('[role=columnheader][aria-sort=ascending]').waitFor();
    assert.notEqual(await page.locator('.grid-body .grid-row .cell.delta').first().textContent(), first);
    assert.deepEqual(await alone.axe(), []);
  });

  it('keeps what was looked at when it comes back', async () => {
    const first = await open();
    await show(first, sampleDiff());
    await first.page.getByRole('radio', { name: 'Table' }).check();
    await first.page.getByRole('searchbox').fill('libcrypto');
    await eventually(async () => JSON.stringify(await first.kept()).includes('"query":"libcrypto"'));
    const again = await open({ kept: await first.kept() });
    await show(again, sampleDiff());
    assert.equal(await again.page.getByRole('searchbox').inputValue(), 'libcrypto');
    assert.equal(await again.page.getByRole('grid').count(), 1);
  });

  it('has some dozens of rows in the document, however many there are', async () => {
    const alone = await open({
      kept: {
        key: 'key',
        tab: 'files',
        arrangement: 'table',
        query: '',
        kinds: [],
        sort: { column: 'path', isDescending: false },
      },
    });
    const { page } = alone;
    await show(alone, sampleDiff({ fileCount: 30_000 }));
    assert.equal(await page.getByRole('grid').getAttribute('aria-rowcount'), '30001');
    assert.ok((await page.locator('.grid-row').count()) < 100);
    await page.locator('.grid-row[tabindex="0"]').focus();
    await page.keyboard.press('End');
    assert.equal(await page.locator('.grid-row:focus').getAttribute('aria-rowindex'), '30001');
    assert.ok((await page.locator('.grid-row').count()) < 100);
  });

  it('says that it compares, why it could not, and what it could compare again', async () => {
    const { page, tell, axe, sent } = await open();
    await tell(shown({ kind: 'loading' }));
    assert.equal(await page.getByRole('status').getByText('Comparing…').isVisible(), true);
    await tell(shown({ kind: 'failed', message: 'No engine answers.' }));
    assert.equal(await page.getByRole('alert').getByText('No engine answers.').isVisible(), true);
    await tell(shown({ kind: 'asking', reason: 'reloaded', left: 'app:1', right: 'app:2' }));
    assert.match((await page.locator('main').textContent()) ?? '', /app:1 and app:2 may have changed/);
    assert.deepEqual(await axe(), []);
    await page.getByRole('button', { name: 'Compare Again' }).click();
    assert.deepEqual((await sent()).at(-1), { type: 'retry' });
    await page.screenshot({ path: join(screenshots, 'diff-page-asking.png') });
  });

  it('says so when nothing differs', async () => {
    const alone = await open();
    await show(alone, { ...sampleDiff(), files: [], packages: [], config: [], history: [], remarks: [] });
    assert.equal(await alone.page.getByText('No file differs.').isVisible(), true);
    assert.deepEqual(await alone.axe(), []);
  });

  it('ignores rows of another comparison and messages that are not the host’s', async () => {
    const { page, tell, problems } = await open();
    const report = sampleDiff();
    for (const message of [
      null,
      'x',
      {},
      { type: 'show' },
      { type: 'rows', generation: 1, start: 0, rows: [1] },
    ])
      await tell(message);
    assert.equal(await page.locator('main').textContent(), '');
    await tell(shown({ kind: 'ready', generation: 2, head: diffPageHead(report) }));
    await tell({ type: 'rows', generation: 1, start: 0, rows: diffPageRows(report, 0) });
    assert.match((await page.locator('main').textContent()) ?? '', /Reading 0 of 400/);
    assert.deepEqual(problems, []);
  });
});
