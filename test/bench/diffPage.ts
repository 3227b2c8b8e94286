/** A diff report of 100,000 files on its page: what the host and the browser are held up by. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { rowsPerChunk } from '../../src/core/diff/diffPageData.ts';
import { diffPageHead, diffPageRows } from '../../src/core/diff/diffPageOf.ts';
import { englishDiffStrings } from '../../src/core/diff/diffPageStrings.ts';
import type { DiffReport } from '../../src/core/diff/diffReport.ts';
import { launchBrowser } from '../support/browser.ts';
import { openPageAlone, pageBundle } from '../support/pageAlone.ts';
import { sampleDiff } from '../support/sampleDiff.ts';
import type { BenchRow } from './report.ts';

const fileCount = 100_000;

export async function benchDiffPage(): Promise<readonly BenchRow[]> {
  const report = sampleDiff({ fileCount });
  const host = await packed(report);
  const browser = await launchBrowser();
  try {
    const { page } = await openPageAlone(browser, {
      bundle: await pageBundle('diff'),
      styles: ['history.css', 'diff.css'],
    });
    await prepare(page, host.messages);
    const shown = await during(page, 'bench.show()');
    const steps = {
      scroll: await during(page, 'bench.scroll()'),
      'search and back': await during(page, 'bench.search()'),
      'expand all': await during(page, 'bench.expandAll()'),
      'scroll all': await during(page, 'bench.scroll()'),
      table: await during(page, 'bench.table()'),
      sort: await during(page, 'bench.sort()'),
      'scroll table': await during(page, 'bench.scroll()'),
    };
    const plain = await during(page, 'bench.plainTable()');
    const note = Object.entries(steps)
      .map(([name, { longestMs }]) => `${name} ${longestMs.toFixed(0)} ms`)
      .join(', ');
    const longestMs = Math.max(...Object.values(steps).map((step) => step.longestMs));
    return [
      {
        what: `show ${fileCount} differing files: tree, map and list`,
        ours: { seconds: shown.seconds },
        peer: 'the same rows as a plain table',
        theirs: { seconds: plain.seconds },
        note: `longest task of the page ${shown.longestMs.toFixed(0)} ms (plain table ${plain.longestMs.toFixed(0)} ms); the host packs them in ${(host.seconds * 1000).toFixed(0)} ms, longest stop of its event loop ${host.longestMs.toFixed(0)} ms`,
      },
      {
        what: 'the longest task while they are looked through',
        ours: { seconds: longestMs / 1000 },
        peer: 'a task that is felt',
        theirs: { seconds: 0.05 },
        goal: 1,
        note,
      },
    ];
  } finally {
    await browser.close();
  }
}

/** The messages of the host, made as it makes them: a chunk at a time. */
async function packed(
  report: DiffReport,
): Promise<{ readonly messages: readonly string[]; readonly seconds: number; readonly longestMs: number }> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const start = performance.now();
  const state = { kind: 'ready', generation: 1, head: diffPageHead(report) };
  const messages = [
    JSON.stringify({ type: 'show', key: 'key', language: 'en', strings: englishDiffStrings, state }),
  ];
  for (let from = 0; from < report.files.length; from += rowsPerChunk) {
    await setImmediate();
    messages.push(
      JSON.stringify({ type: 'rows', generation: 1, start: from, rows: diffPageRows(report, from) }),
    );
  }
  await setImmediate();
  const seconds = (performance.now() - start) / 1000;
  delay.disable();
  return { messages, seconds, longestMs: delay.max / 1e6 };
}

/** What is done on the page, in the page: whoever drives a browser from outside takes part in what is measured. */
async function prepare(page: Page, messages: readonly string[]): Promise<void> {
  await page.evaluate(`globalThis.messages = ${JSON.stringify(messages)}`);
  await page.evaluate(`
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const until = async (isSo) => { while (!isSo()) await frame(); };
    const grid = () => document.querySelector('.grid');
    const rows = () => Number(grid()?.getAttribute('aria-rowcount'));
    const button = (text) => [...document.querySelectorAll('button')].find((one) => one.textContent === text);
    const choose = (text) => [...document.querySelectorAll('.switch label')]
      .find((one) => one.textContent === text).querySelector('input').click();
    const type = (text) => {
      const search = document.querySelector('input[type=search]');
      search.value = text;
      search.dispatchEvent(new Event('input'));
    };
    globalThis.bench = {
      async show() {
        const [head, ...chunks] = messages;
        standIn.sent.length = 0;
        const tell = (text) => dispatchEvent(new MessageEvent('message', { data: JSON.parse(text) }));
        tell(head);
        for (const chunk of chunks) {
          await frame();
          tell(chunk);
        }
        await until(() => rows() > 1);
        await frame();
      },
      async scroll() {
        const height = grid().scrollHeight;
        for (let step = 0; step <= 120; step++) {
          grid().scrollTop = step < 60 ? step * 240 : (height * (step - 60)) / 60;
          await frame();
        }
        await frame();
      },
      async search() {
        const before = rows();
        type('libcrypto-1');
        await until(() => rows() !== before);
        await frame();
        const found = rows();
        type('');
        await until(() => rows() !== found);
        await frame();
      },
      async expandAll() {
        button('Expand All').click();
        await until(() => rows() > ${fileCount});
        await frame();
      },
      async table() {
        choose('Table');
        await until(() => grid().getAttribute('role') === 'grid' && rows() > ${fileCount});
        await frame();
      },
      async sort() {
        button('Difference').click();
        await until(() => document.querySelector('[aria-sort=descending]') !== null);
        await frame();
      },
      async plainTable() {
        const table = document.createElement('table');
        for (const text of messages.slice(1))
          for (const [, name, kind] of JSON.parse(text).rows) {
            const row = table.insertRow();
            row.insertCell().textContent = String(kind);
            row.insertCell().textContent = name;
          }
        document.body.replaceChildren(table);
        await frame();
        await frame();
      },
    };
  `);
}

/** How long it took, and the longest task meanwhile; tasks of less than 50 ms are not told of and count as 0. */
async function during(
  page: Page,
  work: string,
): Promise<{ readonly seconds: number; readonly longestMs: number }> {
  return page.evaluate(`(async () => {
    let longestMs = 0;
    const observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) longestMs = Math.max(longestMs, duration);
    });
    observer.observe({ type: 'longtask' });
    const start = performance.now();
    await ${work};
    const seconds = (performance.now() - start) / 1000;
    // Long tasks are told of some time after they ended.
    await new Promise((resolve) => setTimeout(resolve, 300));
    observer.disconnect();
    return { seconds, longestMs };
  })()`);
}
