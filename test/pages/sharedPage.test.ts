import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { checkout } from '../../scripts/provision/places.ts';
import { fillTemplate } from '../../src/core/errors.ts';
import { pageSharing } from '../../src/report/sharedPage.ts';
import type { FromSharedPage, SharedPageState, ToSharedPage } from '../../src/report/sharedProtocol.ts';
import { launchBrowser } from '../support/browser.ts';
import { openPageAlone, pageBundle, type PageAlone, type PageAloneOptions } from '../support/pageAlone.ts';
import { manyImages, packedSharing, sampleSharing } from '../support/sampleSharing.ts';
import '../support/untranslatedVscode.ts';
import { themes, type ThemeName } from '../support/webviewThemes.ts';

const screenshots = join(checkout, 'test/screenshots');

const { sharedStrings } = await import('../../src/report/sharedStrings.ts');
const wording = {
  l10n: { t: (text: string, args: Record<string, string | number> = {}) => fillTemplate(text, args) },
  language: 'en',
};

interface Opened extends Omit<PageAlone, 'sent'> {
  readonly sent: () => Promise<readonly FromSharedPage[]>;
  readonly show: (state: SharedPageState) => Promise<void>;
}

describe('the page of shared layers', () => {
  let browser: Browser;
  let bundle: string;
  const sharing = pageSharing(sampleSharing(), wording);
  const opened: PageAlone[] = [];

  before(async function () {
    this.timeout(180_000);
    bundle = await pageBundle('shared');
    browser = await launchBrowser();
    await mkdir(screenshots, { recursive: true });
  });
  after(() => browser.close());
  afterEach(async () => {
    for (const { page } of opened.splice(0)) await page.close();
  });

  async function open(options: PageAloneOptions = {}): Promise<Opened> {
    const alone = await openPageAlone(
      browser,
      { bundle, styles: ['history.css', 'shared.css'] },
      { width: 1100, height: 900, ...options },
    );
    opened.push(alone);
    return {
      ...alone,
      sent: async () => (await alone.sent()) as readonly FromSharedPage[],
      show: (state) =>
        alone.tell({
          type: 'show',
          language: 'en',
          strings: sharedStrings(),
          state,
        } satisfies ToSharedPage),
    };
  }

  for (const theme of Object.keys(themes) as ThemeName[])
    it(`is readable and free of faults for axe in the ${theme} theme`, async function () {
      this.timeout(30_000);
      const { page, show, problems, axe } = await open({ theme });
      await show({ kind: 'ready', sharing });
      await page.locator('.segment.two').first().hover();
      assert.deepEqual(await axe(), []);
      assert.deepEqual(problems, []);
      await page.screenshot({
        path: join(screenshots, `shared-page-${theme}.png`),
        animations: 'disabled',
        fullPage: true,
      });
    });

  it('is readable in half the width, and in forced colours', async () => {
    const { page, show } = await open({ theme: 'light', width: 480 });
    await show({ kind: 'ready', sharing });
    const tooWide = 'document.documentElement.scrollWidth - innerWidth';
    assert.equal((await page.evaluate<number>(tooWide)) <= 0, true);
    await page.emulateMedia({ forcedColors: 'active' });
    await page.screenshot({ path: join(screenshots, 'shared-page-narrow.png'), fullPage: true });
    const looks = await page.evaluate<string[]>(
      `['own', 'two', 'few', 'many'].map((kind) => getComputedStyle(document.querySelector('.swatch.' + kind)).background)`,
    );
    assert.equal(new Set(looks).size, 4);
  });

  it('has bars on one scale, and marks a layer that is pointed at in all images that have it', async () => {
    const { page, show } = await open();
    await show({ kind: 'ready', sharing });
    const widthOf = async (name: string): Promise<number> =>
      (await page.getByRole('group', { name: `Layers of ${name},` }).boundingBox())?.width ?? 0;
    const ratio = (await widthOf('debian:12')) / (await widthOf('python:3.12'));
    assert.equal(Math.abs(ratio - 117 / 195) < 0.01, true, String(ratio));
    await page
      .getByRole('button', { name: /in 2 images/ })
      .first()
      .hover();
    assert.equal(await page.locator('.marked').count(), 2);
    const told = page.locator('.told');
    assert.match((await told.textContent()) ?? '', /62\.0 MB: in 2 images: shop\/api:2\.1, shop\/api:2\.0$/);
    await page.locator('h1').hover();
    assert.equal(await page.locator('.marked').count(), 0);
    assert.match((await told.textContent()) ?? '', /^Point at a layer/);
  });

  it('goes from layer to layer by keyboard, keeps one marked, and lets go of it', async () => {
    const { page, show } = await open();
    await show({ kind: 'ready', sharing });
    const focused = (): Promise<string> =>
      page.evaluate(
        `document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent`,
      );
    // Three headings sort, then comes the picture.
    for (let presses = 0; presses < 4; presses += 1) await page.keyboard.press('Tab');
    assert.match(await focused(), /^Layer 0 .*75\.0 MB: only in redis:7$/);
    await page.keyboard.press('End');
    assert.match(await focused(), /^Layer 2 .*41\.0 MB/);
    await page.keyboard.press('ArrowDown');
    assert.match(await focused(), /^Layer 2 .*30\.0 MB: in 4 images/);
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    assert.equal(await page.getByRole('button', { pressed: true }).count(), 4);
    await page.keyboard.press('Shift+Tab');
    assert.equal(await page.locator('.marked').count(), 4);
    await page.keyboard.press('Tab');
    assert.match(await focused(), /^Layer 1 .*48\.0 MB/);
    await page.keyboard.press('Escape');
    assert.equal(await page.getByRole('button', { pressed: true }).count(), 0);
  });

  it('sorts by name, size and what is given back, and keeps order and place when images come', async () => {
    const { page, show } = await open();
    await show({ kind: 'ready', sharing });
    const first = page.locator('tbody tr').first().locator('code');
    assert.equal(await first.textContent(), 'redis:7');
    await page.getByRole('button', { name: 'Size' }).press('Enter');
    assert.equal(await first.textContent(), 'shop/worker:2.1');
    assert.equal(
      await page.getByRole('columnheader', { name: 'Size' }).getAttribute('aria-sort'),
      'descending',
    );
    await show({ kind: 'ready', sharing: { ...sharing, notes: [] } });
    assert.equal(await first.textContent(), 'shop/worker:2.1');
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Size');
    assert.deepEqual(await page.evaluate('standIn.kept'), { sort: 'size' });
  });

  it('shows names that look like markup, or turn around, as the text they are', async () => {
    const { page, show, problems } = await open();
    await show({ kind: 'ready', sharing });
    assert.equal(await page.getByText(String.raw`shop/<b>web</b>:\u{202e}1`, { exact: true }).count(), 1);
    assert.equal(await page.locator('main b').count(), 0);
    assert.deepEqual(problems, []);
  });

  it('draws apart what the engine does not tell layer by layer', async () => {
    const { page, show, axe } = await open();
    await show({ kind: 'ready', sharing: pageSharing(packedSharing(), wording) });
    assert.equal(await page.locator('.segment.untold').count(), 2);
    assert.equal(await page.getByText('20.0 MB to 60.0 MB').isVisible(), true);
    assert.deepEqual(await axe(), []);
  });

  it('draws 500 images', async function () {
    this.timeout(30_000);
    const { page, show, problems } = await open();
    await show({ kind: 'ready', sharing: pageSharing(manyImages(501), wording) });
    assert.equal(await page.locator('tbody tr').count(), 500);
    assert.equal(await page.getByText('Not shown: 1 images').isVisible(), true);
    assert.deepEqual(problems, []);
  });

  it('says that it asks, that there is nothing, and what went wrong, and asks again', async () => {
    const { page, show, sent, axe } = await open();
    await show({ kind: 'loading' });
    assert.equal(await page.getByRole('status').getByText('Asking the engine').isVisible(), true);
    await show({ kind: 'ready', sharing: pageSharing(manyImages(0), wording) });
    assert.equal(await page.getByText('The engine has no images.').isVisible(), true);
    assert.deepEqual(await axe(), []);
    await show({ kind: 'failed', message: 'No engine answers.' });
    assert.equal(await page.getByRole('alert').getByText('No engine answers.').isVisible(), true);
    assert.deepEqual(await axe(), []);
    await page.getByRole('button', { name: 'Try Again' }).press('Enter');
    assert.deepEqual(await sent(), [{ type: 'ready' }, { type: 'retry' }]);
  });
});
