import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { checkout } from '../../scripts/provision/places.ts';
import { fillTemplate } from '../../src/core/errors.ts';
import { pageAnalysis } from '../../src/report/analysisPage.ts';
import type {
  AnalysisPageState,
  FromAnalysisPage,
  PageAnalysis,
  ToAnalysisPage,
} from '../../src/report/analysisProtocol.ts';
import { launchBrowser } from '../support/browser.ts';
import { openPageAlone, pageBundle, type PageAlone, type PageAloneOptions } from '../support/pageAlone.ts';
import { sampleAnalysis } from '../support/sampleAnalysis.ts';
import '../support/untranslatedVscode.ts';
import { themes, type ThemeName } from '../support/webviewThemes.ts';

const screenshots = join(checkout, 'test/screenshots');

const { analysisStrings } = await import('../../src/report/analysisStrings.ts');

interface Opened extends Omit<PageAlone, 'sent'> {
  readonly sent: () => Promise<readonly FromAnalysisPage[]>;
  readonly show: (state: AnalysisPageState) => Promise<void>;
}

describe('the analysis page', () => {
  let browser: Browser;
  let bundle: string;
  let analysis: PageAnalysis;
  const opened: PageAlone[] = [];

  before(async function () {
    this.timeout(180_000);
    bundle = await pageBundle('analysis');
    analysis = pageAnalysis(await sampleAnalysis(), {
      l10n: { t: (text, args = {}) => fillTemplate(text, args) },
      language: 'en',
    });
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
      { bundle, styles: ['history.css', 'analysis.css'] },
      { width: 1100, height: 900, ...options },
    );
    opened.push(alone);
    return {
      ...alone,
      sent: async () => (await alone.sent()) as readonly FromAnalysisPage[],
      show: (state) =>
        alone.tell({
          type: 'show',
          key: { imageId: 'sha256:demo', title: 'app:1' },
          language: 'en',
          strings: analysisStrings(),
          state,
        } satisfies ToAnalysisPage),
    };
  }

  for (const theme of Object.keys(themes) as ThemeName[])
    it(`is readable and free of faults for axe in the ${theme} theme`, async function () {
      this.timeout(30_000);
      const { page, show, problems, axe } = await open({ theme });
      await show({ kind: 'ready', analysis });
      await page.locator('summary').click();
      assert.deepEqual(await axe(), []);
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
    const { page, show, sent, axe } = await open();
    await show({ kind: 'ready', analysis });
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await show({ kind: 'unread' });
    assert.deepEqual(await axe(), []);
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
