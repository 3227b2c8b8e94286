import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { fillTemplate } from '../../src/core/errors.ts';
import { pageAnalysis } from '../../src/report/analysisPage.ts';
import type {
  AnalysisPageState,
  FromAnalysisPage,
  PageAnalysis,
  ToAnalysisPage,
} from '../../src/report/analysisProtocol.ts';
import { historyHtml } from '../../src/report/historyHtml.ts';
import { launchBrowser } from '../support/browser.ts';
import { sampleAnalysis } from '../support/sampleAnalysis.ts';
import { themes, type ThemeName } from '../support/webviewThemes.ts';

/** The analysis page alone, in a real browser, with the bundle, the style sheets and the content policy of VS Code. */
const checkout = join(import.meta.dirname, '../..');
const screenshots = join(checkout, 'test/screenshots');
const origin = 'http://analysis.invalid';

// The words are VS Code's to translate; untranslated they are the English ones.
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'vscode'
      ? { url: 'data:text/javascript,export const l10n={t:(text)=>text}', shortCircuit: true }
      : next(specifier, context),
});
const { analysisStrings } = await import('../../src/report/analysisStrings.ts');

interface Opened {
  readonly page: Page;
  readonly problems: readonly string[];
  readonly sent: () => Promise<FromAnalysisPage[]>;
  readonly show: (state: AnalysisPageState) => Promise<void>;
}

describe('the analysis page', () => {
  let browser: Browser;
  let bundle: string;
  let analysis: PageAnalysis;
  const pages: Page[] = [];

  before(async function () {
    this.timeout(180_000);
    const built = await esbuild.build({
      entryPoints: [join(checkout, 'src/report/app/analysis.ts')],
      bundle: true,
      write: false,
      format: 'esm',
      target: 'es2023',
    });
    bundle = built.outputFiles[0]?.text ?? '';
    analysis = pageAnalysis(await sampleAnalysis(), {
      l10n: { t: (text, args = {}) => fillTemplate(text, args) },
      language: 'en',
    });
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
      script: `${origin}/analysis.js`,
      style: `${origin}/history.css`,
      moreStyle: `${origin}/analysis.css`,
      language: 'en',
    });
    await page.route(`${origin}/**`, async (route) => {
      const { pathname } = new URL(route.request().url());
      if (pathname === '/analysis.js') return route.fulfill({ body: bundle, contentType: 'text/javascript' });
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
          setState: () => undefined,
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
        const message: ToAnalysisPage = {
          type: 'show',
          key: { imageId: 'sha256:demo', title: 'app:1' },
          language: 'en',
          strings: analysisStrings(),
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
      await show({ kind: 'ready', analysis });
      await page.locator('summary').click();
      assert.deepEqual(await axe(page), []);
      assert.deepEqual(problems, []);
      await page.screenshot({
        path: join(screenshots, `analysis-page-${theme}.png`),
        animations: 'disabled',
        fullPage: true,
      });
    });

  it('is readable in half the width', async () => {
    const { page, show } = await open({ width: 480 });
    await show({ kind: 'ready', analysis });
    assert.equal(
      (await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')) <= 0,
      true,
    );
    await page.screenshot({
      path: join(screenshots, 'analysis-page-narrow.png'),
      animations: 'disabled',
      fullPage: true,
    });
  });

  it('shows findings with the remedy, layers with bars, paths, and who shares the layers', async () => {
    const { page, show } = await open();
    await show({ kind: 'ready', analysis });
    const first = page.locator('.findings > .finding').first();
    assert.match(
      (await first.textContent()) ?? '',
      /high.*A file looks like a secret.*layer 2.*Remedy: Take it out/s,
    );
    assert.equal(await first.locator('.fix code').first().textContent(), 'RUN --mount=type=secret');
    assert.equal(await page.locator('table[aria-label^="Waste by layer"] tbody tr').count(), 4);
    const wasted = page
      .locator('table[aria-label^="Waste by layer"] tbody tr')
      .nth(1)
      .locator('.share .wasted');
    assert.equal((await wasted.boundingBox())?.width !== 0, true);
    assert.equal(await page.getByText('Removing this image alone gives back 59.0 MB.').isVisible(), true);
  });

  it('shows text that looks like markup as the text it is', async () => {
    const { page, show, problems } = await open();
    await show({ kind: 'ready', analysis: { ...analysis, name: '<b>app</b>' } });
    await page.locator('summary').click();
    assert.equal(await page.locator('h1').textContent(), '<b>app</b>');
    assert.equal(await page.getByText('/tmp/<img src=x onerror=alert(1)>').count(), 1);
    assert.equal(await page.locator('main img, main b').count(), 0);
    assert.deepEqual(problems, []);
  });

  it('asks by keyboard for the history, to read the image, and to try again', async () => {
    const { page, show, sent } = await open();
    await show({ kind: 'ready', analysis });
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await show({ kind: 'unread' });
    assert.deepEqual(await axe(page), []);
    await page.getByRole('button', { name: 'Look Inside' }).press('Enter');
    await show({ kind: 'failed', message: 'No engine answers.' });
    assert.equal(await page.getByRole('alert').getByText('No engine answers.').isVisible(), true);
    await page.getByRole('button', { name: 'Try Again' }).press('Enter');
    assert.deepEqual(await sent(), [
      { type: 'ready' },
      { type: 'history' },
      { type: 'retry' },
      { type: 'retry' },
    ]);
  });

  it('says that nothing was found where nothing was', async () => {
    const { page, show } = await open();
    await show({ kind: 'loading' });
    assert.equal(await page.getByText('Looking into the layers…').isVisible(), true);
    const bare = { ...analysis, findings: [], baseFindings: [], paths: [], sharing: [], sharedWith: [] };
    await show({ kind: 'ready', analysis: bare });
    assert.equal(await page.getByText('Nothing was found that could be done better.').isVisible(), true);
    assert.equal(await page.getByText('No layer takes away what another one brought.').isVisible(), true);
    assert.equal(await page.getByText('Shared layers').count(), 0);
  });
});
