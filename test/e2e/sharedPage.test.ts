import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { fillTemplate } from '../../src/core/errors.ts';
import { historyHtml } from '../../src/report/historyHtml.ts';
import { pageSharing } from '../../src/report/sharedPage.ts';
import type { FromSharedPage, SharedPageState, ToSharedPage } from '../../src/report/sharedProtocol.ts';
import { launchBrowser } from '../support/browser.ts';
import { manyImages, packedSharing, sampleSharing } from '../support/sampleSharing.ts';
import { themes, type ThemeName } from '../support/webviewThemes.ts';

/** The page of shared layers alone, in a real browser, with the bundle, the style sheets and the content policy of VS Code. */
const checkout = join(import.meta.dirname, '../..');
const screenshots = join(checkout, 'test/screenshots');
const origin = 'http://shared.invalid';

// The words are VS Code's to translate; untranslated they are the English ones.
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'vscode'
      ? { url: 'data:text/javascript,export const l10n={t:(text)=>text}', shortCircuit: true }
      : next(specifier, context),
});
const { sharedStrings } = await import('../../src/report/sharedStrings.ts');
const wording = {
  l10n: { t: (text: string, args: Record<string, string | number> = {}) => fillTemplate(text, args) },
  language: 'en',
};

interface Opened {
  readonly page: Page;
  readonly problems: readonly string[];
  readonly sent: () => Promise<FromSharedPage[]>;
  readonly show: (state: SharedPageState) => Promise<void>;
}

describe('the page of shared layers', () => {
  let browser: Browser;
  let bundle: string;
  const sharing = pageSharing(sampleSharing(), wording);
  const pages: Page[] = [];

  before(async function () {
    this.timeout(180_000);
    const built = await esbuild.build({
      entryPoints: [join(checkout, 'src/report/app/shared.ts')],
      bundle: true,
      write: false,
      format: 'esm',
      target: 'es2023',
    });
    bundle = built.outputFiles[0]?.text ?? '';
    browser = await launchBrowser();
    await mkdir(screenshots, { recursive: true });
  });
  after(() => browser.close());
  afterEach(async () => {
    for (const page of pages.splice(0)) await page.close();
  });

  async function open({
    theme = 'dark',
    width = 1100,
  }: { theme?: ThemeName; width?: number } = {}): Promise<Opened> {
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    pages.push(page);
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (entry) => {
      if (entry.type() === 'error') problems.push(entry.text());
    });
    const html = historyHtml({
      nonce: 'bm9uY2U',
      source: origin,
      script: `${origin}/shared.js`,
      style: `${origin}/history.css`,
      moreStyle: `${origin}/shared.css`,
      language: 'en',
    });
    await page.route(`${origin}/**`, async (route) => {
      const { pathname } = new URL(route.request().url());
      if (pathname === '/shared.js') return route.fulfill({ body: bundle, contentType: 'text/javascript' });
      if (pathname === '/') return route.fulfill({ body: html, contentType: 'text/html' });
      if (!pathname.endsWith('.css')) return route.fulfill({ status: 404 });
      const body = await readFile(join(checkout, 'media/report', pathname.slice(1)), 'utf8');
      return route.fulfill({ body, contentType: 'text/css' });
    });
    const { bodyClass, variables } = themes[theme];
    await page.addInitScript({
      content: `
        globalThis.standIn = { sent: [] };
        globalThis.acquireVsCodeApi = () => ({
          postMessage: (message) => standIn.sent.push(message),
          getState: () => standIn.kept,
          setState: (state) => { standIn.kept = state; },
        });
        addEventListener('DOMContentLoaded', () => {
          document.body.className = ${JSON.stringify(bodyClass)};
          for (const [name, value] of ${JSON.stringify(Object.entries(variables))})
            document.documentElement.style.setProperty(name, value);
        });`,
    });
    await page.goto(`${origin}/`);
    return {
      page,
      problems,
      sent: () => page.evaluate('standIn.sent'),
      show: async (state) => {
        const message: ToSharedPage = {
          type: 'show',
          language: 'en',
          strings: sharedStrings(),
          state,
        };
        await page.evaluate(
          `dispatchEvent(new MessageEvent('message', { data: ${JSON.stringify(message)} }))`,
        );
      },
    };
  }

  async function axe(page: Page): Promise<string[]> {
    // The page's policy keeps foreign scripts out, so axe comes in past it, as a debugger does.
    await page.evaluate(await readFile(join(checkout, 'node_modules/axe-core/axe.min.js'), 'utf8'));
    return page.evaluate(`axe.run(document, { iframes: false }).then(({ violations }) =>
      violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => id + ': ' + target.join(' '))))`);
  }

  for (const theme of Object.keys(themes) as ThemeName[])
    it(`is readable and free of faults for axe in the ${theme} theme`, async function () {
      this.timeout(30_000);
      const { page, show, problems } = await open({ theme });
      await show({ kind: 'ready', sharing });
      await page.locator('.segment.two').first().hover();
      assert.deepEqual(await axe(page), []);
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
    const { page, show } = await open();
    await show({ kind: 'ready', sharing: pageSharing(packedSharing(), wording) });
    assert.equal(await page.locator('.segment.untold').count(), 2);
    assert.equal(await page.getByText('20.0 MB to 60.0 MB').isVisible(), true);
    assert.deepEqual(await axe(page), []);
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
    const { page, show, sent } = await open();
    await show({ kind: 'loading' });
    assert.equal(await page.getByRole('status').getByText('Asking the engine').isVisible(), true);
    await show({ kind: 'ready', sharing: pageSharing(manyImages(0), wording) });
    assert.equal(await page.getByText('The engine has no images.').isVisible(), true);
    assert.deepEqual(await axe(page), []);
    await show({ kind: 'failed', message: 'No engine answers.' });
    assert.equal(await page.getByRole('alert').getByText('No engine answers.').isVisible(), true);
    assert.deepEqual(await axe(page), []);
    await page.getByRole('button', { name: 'Try Again' }).press('Enter');
    assert.deepEqual(await sent(), [{ type: 'ready' }, { type: 'retry' }]);
  });
});
