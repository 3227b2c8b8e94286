import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { checkout } from '../../scripts/provision/places.ts';
import { digestOf } from '../../src/core/digest.ts';
import { imageLayers } from '../../src/core/inspect/imageLayers.ts';
import type { HistoryEntry } from '../../src/core/engine/records.ts';
import type { HistoryReport } from '../../src/core/inspect/historyReport.ts';
import { pageReport, type HistoryExtras } from '../../src/report/historyPage.ts';
import type {
  FromWebviewMessage,
  PageState,
  ToWebviewMessage,
  ViewState,
} from '../../src/report/protocol.ts';
import { launchBrowser } from '../support/browser.ts';
import { openPageAlone, pageBundle, type PageAlone, type PageAloneOptions } from '../support/pageAlone.ts';
import '../support/untranslatedVscode.ts';
import { themes, type ThemeName } from '../support/webviewThemes.ts';

const screenshots = join(checkout, 'test/screenshots');

interface Opened extends Omit<PageAlone, 'sent' | 'kept'> {
  readonly kept: () => Promise<ViewState | undefined>;
  readonly sent: () => Promise<readonly FromWebviewMessage[]>;
  readonly show: (state: PageState) => Promise<void>;
}

const { factWords, pageStrings } = await import('../../src/report/historyStrings.ts');

describe('the history page', () => {
  let browser: Browser;
  let bundle: string;
  const opened: PageAlone[] = [];

  before(async function () {
    this.timeout(180_000);
    bundle = await pageBundle('history');
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
      { bundle, styles: ['history.css'] },
      { width: 1100, height: 800, ...options },
    );
    opened.push(alone);
    return {
      ...alone,
      sent: async () => (await alone.sent()) as readonly FromWebviewMessage[],
      kept: async () => (await alone.kept()) as ViewState | undefined,
      show: (state) =>
        alone.tell({
          type: 'show',
          imageId: 'sha256:demo',
          title: 'demo:1',
          language: 'en',
          strings: pageStrings(),
          state,
        } satisfies ToWebviewMessage),
    };
  }

  for (const theme of Object.keys(themes) as ThemeName[]) {
    it(`is readable and free of faults for axe in the ${theme} theme`, async () => {
      const { page, show, problems, axe } = await open({ theme });
      await show(ready(webServer, known(webServer)));
      await page
        .getByRole('button', { name: /apt-get update/ })
        .and(page.locator('.toggle'))
        .first()
        .click();
      await page.mouse.move(0, 0);
      assert.deepEqual(await axe(), []);
      assert.deepEqual(problems, []);
      await page.screenshot({ path: join(screenshots, `history-page-${theme}.png`), animations: 'disabled' });
    });
  }

  it('is readable beside a Dockerfile, in half the width', async () => {
    const { page, show, axe } = await open({ width: 520 });
    await show(ready(webServer));
    assert.deepEqual(await axe(), []);
    const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
    assert.equal(overflow <= 0, true);
    await page.screenshot({ path: join(screenshots, 'history-page-narrow.png'), animations: 'disabled' });
  });

  it('asks for its data once its script runs', async () => {
    const { sent } = await open();
    assert.deepEqual(await sent(), [{ type: 'ready' }]);
  });

  it('shows every step, newest first, with what is known of its layer', async () => {
    const { page, show } = await open();
    await show(ready(webServer));
    const rows = page.locator('tbody tr.step');
    assert.equal(await rows.count(), webServer.layers.length);
    assert.equal(await rows.first().locator('th').textContent(), String(webServer.layers.length));
    assert.match((await rows.first().textContent()) ?? '', /CMD \["nginx", "-g", "daemon off;"\].*empty/s);
    assert.equal(await page.locator('.segment').count(), 4);
  });

  it('shows text that looks like markup as the text it is', async () => {
    const { page, show, problems } = await open();
    const text = 'RUN echo "<img src=x onerror=alert(1)></td><script>alert(2)</script>"';
    await show(
      ready({ ...webServer, name: '<b>demo</b>', layers: [{ ...only(webServer.layers[3]), text }] }),
    );
    await page.locator('.toggle').click();
    assert.equal(await page.locator('.detail pre').textContent(), text);
    assert.equal(await page.locator('h1').textContent(), '<b>demo</b>');
    assert.equal(await page.locator('img, main script').count(), 0);
    assert.deepEqual(problems, []);
  });

  it('filters by words of the instruction, hides empty steps, and says how many are left', async () => {
    const { page, show, kept } = await open();
    await show(ready(webServer));
    await page.getByRole('searchbox').fill('COPY conf');
    assert.equal(await page.locator('tbody tr.step').count(), 1);
    await page.getByRole('searchbox').fill('nothing like this');
    assert.equal(await page.getByText('No step fits the filter.').isVisible(), true);
    await page.getByRole('searchbox').fill('');
    await page.getByRole('checkbox', { name: 'Hide empty steps' }).check();
    assert.equal(await page.locator('.shown').textContent(), `4 of ${webServer.layers.length} steps`);
    assert.equal((await kept())?.hideEmpty, true);
  });

  it('sorts by size and back by order', async () => {
    const { page, show } = await open();
    await show(ready(webServer));
    await page.getByRole('button', { name: 'Size' }).click();
    const first = page.locator('tbody tr.step').first();
    assert.match((await first.textContent()) ?? '', /77.8 MB/);
    assert.equal(
      await page.getByRole('columnheader', { name: 'Size' }).getAttribute('aria-sort'),
      'descending',
    );
    await page.getByRole('button', { name: 'Step', exact: true }).click();
    await page.getByRole('button', { name: 'Step', exact: true }).click();
    assert.equal(await first.locator('th').textContent(), '1');
  });

  it('asks the host to copy by naming what is meant, and says when it is done or why not', async () => {
    const { page, show, sent, tell } = await open();
    await show(ready(webServer));
    await page.getByRole('button', { name: 'Copy as Dockerfile' }).click();
    await page.getByRole('button', { name: 'Copy instruction of step 5' }).click();
    await page.getByRole('button', { name: 'Copy diffID of step 1' }).click();
    await page.getByRole('button', { name: 'Copy image ID', exact: true }).click();
    assert.deepEqual((await sent()).slice(1), [
      { type: 'copy', request: 1, target: { kind: 'dockerfile' } },
      { type: 'copy', request: 2, target: { kind: 'instruction', layer: 5 } },
      { type: 'copy', request: 3, target: { kind: 'diffId', layer: 1 } },
      { type: 'copy', request: 4, target: { kind: 'imageId' } },
    ]);
    await tell({ type: 'answer', request: 4 });
    assert.equal(await page.locator('.toast').textContent(), 'Copied');
    await tell({ type: 'answer', request: 4, error: 'The clipboard is away.' });
    assert.equal(await page.locator('.toast').textContent(), 'The clipboard is away.');
  });

  it('goes by keyboard through the steps and from the bar to a step', async () => {
    const { page, show } = await open();
    await show(ready(webServer));
    const focused = (): Promise<string | null> => page.locator('tr:has(:focus) th').textContent();
    await page.locator('.toggle').first().focus();
    await page.keyboard.press('ArrowDown');
    assert.equal(await focused(), String(webServer.layers.length - 1));
    await page.keyboard.press('Enter');
    assert.equal(await page.locator('.detail:visible').count(), 1);
    await page.keyboard.press('End');
    assert.equal(await focused(), '1');
    await page.getByRole('searchbox').fill('CMD');
    await page.locator('.segment').first().focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    assert.equal(await focused(), '3');
    assert.equal(await page.getByRole('searchbox').inputValue(), '');
  });

  it('tells what is in each layer and who shares it, and asks for more by naming what is meant', async () => {
    const { page, show, sent } = await open();
    await show(ready(webServer, { extras: { diffIds: [], sharedWith: [], tags: [] } }));
    await page.getByRole('button', { name: 'Look Inside' }).click();
    await show(ready(webServer, known(webServer)));
    assert.equal(await page.getByRole('button', { name: 'Look Inside' }).count(), 0);
    const base = page.locator('tbody tr.step').last();
    assert.match((await base.textContent()) ?? '', /files: 3,1001.40 MB wasted already.*other images: 2/s);
    await page.getByRole('button', { name: 'Analyze Image' }).click();
    await page.getByRole('button', { name: 'Show Dockerfile:12' }).click();
    assert.deepEqual((await sent()).slice(1), [
      { type: 'look' },
      { type: 'analyze' },
      { type: 'openLine', layer: 5 },
    ]);
  });

  it('lets two tags of the repository be chosen and compared', async () => {
    const { page, show, sent } = await open();
    await show(ready(webServer, known(webServer)));
    const compare = page.getByRole('button', { name: 'Compare Chosen Tags' });
    assert.equal(await compare.isDisabled(), true);
    await page.getByRole('checkbox', { name: /1\.3\.0/ }).check();
    await page.getByRole('checkbox', { name: /1\.4\.2/ }).check();
    await compare.click();
    assert.deepEqual((await sent()).slice(1), [{ type: 'compare', one: 0, other: 2 }]);
    await page.screenshot({
      path: join(screenshots, 'history-page-tags.png'),
      animations: 'disabled',
      fullPage: true,
    });
    await page.getByRole('checkbox', { name: /1\.4\.0/ }).check();
    assert.equal(await compare.isDisabled(), true);
  });

  it('comes back as it was left', async () => {
    const kept: ViewState = {
      imageId: 'sha256:demo',
      title: 'demo:1',
      filter: 'run',
      hideEmpty: true,
      sort: 'oldest',
      expanded: [3],
    };
    const { page, show } = await open({ kept });
    await show(ready(webServer));
    assert.equal(await page.getByRole('searchbox').inputValue(), 'run');
    assert.equal(await page.getByRole('checkbox').isChecked(), true);
    assert.equal(await page.locator('.detail:visible').count(), 1);
  });

  it('says that it loads, and why it could not with a way to try again', async () => {
    const { page, show, sent, axe } = await open();
    await show({ kind: 'loading' });
    assert.equal(await page.getByText('Asking the engine for the layers…').isVisible(), true);
    await show({ kind: 'failed', message: 'No engine answers at unix:///x.' });
    assert.equal(await page.getByRole('alert').getByText('No engine answers').isVisible(), true);
    assert.deepEqual(await axe(), []);
    await page.getByRole('button', { name: 'Try Again' }).click();
    assert.deepEqual((await sent()).at(-1), { type: 'retry' });
    await page.screenshot({ path: join(screenshots, 'history-page-failed.png'), animations: 'disabled' });
  });

  it('leaves what is read alone when the same report comes again', async () => {
    const { page, show } = await open();
    await show(ready(webServer));
    await page.locator('.toggle').nth(2).focus();
    await show(ready(webServer));
    assert.equal(await page.locator('.toggle').nth(2).and(page.locator(':focus')).count(), 1);
  });

  it('shows 300 layers whole, with the smallest drawn as one in the bar', async () => {
    const { page, show } = await open();
    const history = Array.from({ length: 300 }, (_, index) =>
      step(`RUN /bin/sh -c make target-${index} # buildkit`, index + 1),
    );
    await show(ready(reportOf('many:1', history)));
    assert.equal(await page.locator('tbody tr.step').count(), 300);
    assert.equal(await page.locator('button.segment').count(), 120);
    await page.getByRole('searchbox').fill('target-299');
    assert.equal(await page.locator('tbody tr.step').count(), 1);
  });

  it('ignores messages that are not the host’s', async () => {
    const { page, tell, problems } = await open();
    for (const message of [null, 'x', {}, { type: 'show' }, { type: 'answer', request: 'x' }])
      await tell(message);
    assert.equal(await page.locator('main').textContent(), '');
    assert.deepEqual(problems, []);
  });
});

function step(createdBy: string, sizeBytes = 0, comment = 'buildkit.dockerfile.v0'): HistoryEntry {
  return { createdBy, sizeBytes, comment, tags: [], createdAtMs: Date.UTC(2026, 9, 14, 8, 30) };
}

function reportOf(name: string, history: readonly HistoryEntry[]): HistoryReport {
  const count = history.filter(({ sizeBytes }) => sizeBytes > 0).length;
  const diffIds = Array.from({ length: count }, (_, index) => digestOf(`${name} layer ${index}`));
  return {
    name,
    tags: [name, 'demo:latest'],
    id: digestOf(name),
    createdAtMs: Date.UTC(2026, 9, 14, 8, 30),
    sizeBytes: history.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    platform: 'linux/amd64',
    layerCount: count,
    layers: imageLayers(history, diffIds).map(({ entry, instruction, fill, diffId }) => ({
      ...instruction,
      fill,
      sizeBytes: entry?.sizeBytes ?? 0,
      createdAtMs: entry?.createdAtMs ?? 0,
      ...(diffId === undefined ? {} : { diffId }),
      comment: entry?.comment ?? '',
      tags: [],
    })),
  };
}

function ready(report: HistoryReport, more: Parameters<typeof pageReport>[2] = {}): PageState {
  const nowMs = Date.UTC(2026, 10, 21);
  return { kind: 'ready', report: pageReport(report, { words: factWords(), locale: 'en', nowMs }, more) };
}

/** What is known of an image that was looked into, beside two other tags. */
function known(report: HistoryReport, more: Partial<HistoryExtras> = {}): Parameters<typeof pageReport>[2] {
  const diffIds = report.layers.flatMap(({ diffId }) => diffId ?? []).toReversed();
  const day = 86_400_000;
  const tag = (name: string, age: number, sizeBytes: number): HistoryExtras['tags'][number] => ({
    imageId: name === report.name ? report.id : digestOf(name),
    name,
    createdAtMs: Date.UTC(2026, 10, 21) - age * day,
    sizeBytes,
  });
  return {
    lines: new Map([[4, { file: 'Dockerfile', line: 12 }]]),
    extras: {
      diffIds,
      inside: diffIds.map((_, place) => ({
        fileCount: 3_100 - 900 * place,
        removedCount: place === 1 ? 12 : 0,
        wastedBytes: place === 0 ? 1_400_000 : 0,
        spoiledBytes: place === 1 ? 1_400_000 : 0,
      })),
      sharedWith: diffIds.map((_, place) => (place === 0 ? ['debian:12', 'example/api:3'] : [])),
      tags: [
        tag('example/web:1.3.0', 90, 160_000_000),
        tag('example/web:1.4.0', 50, 190_000_000),
        tag(report.name, 38, 132_000_000),
      ],
      ...more,
    },
  };
}

function only<T>(item: T | undefined): T {
  if (item === undefined) throw new Error('The report of this test has no such layer.');
  return item;
}

const webServer = reportOf('example/web:1.4.2', [
  step('CMD ["nginx" "-g" "daemon off;"]'),
  step('STOPSIGNAL SIGQUIT'),
  step('EXPOSE map[80/tcp:{}]'),
  step('ENTRYPOINT ["/docker-entrypoint.sh"]'),
  step('COPY conf/ /etc/nginx/conf.d/ # buildkit', 4_620),
  step('WORKDIR /srv', 6_200_000),
  step(
    'RUN |1 VERSION=1.27 /bin/sh -c set -x     && apt-get update     && apt-get install --no-install-recommends --no-install-suggests -y nginx=$VERSION ca-certificates curl gettext-base     && rm -rf /var/lib/apt/lists/* # buildkit',
    48_300_000,
  ),
  step('ENV NGINX_VERSION=1.27'),
  step("# debian.sh --arch 'amd64' out/ 'bookworm' '@1760400000'", 77_800_000, 'debuerreotype 0.15'),
]);
