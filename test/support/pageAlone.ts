/**
 * A page of ours alone in a real browser, with the bundle, the style sheets and the content policy that VS Code gets.
 * The test stands in for VS Code: it takes the page's messages and sends the host's.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { checkout } from '../../scripts/provision/places.ts';
import { pageHtml } from '../../src/report/pageHtml.ts';
import { themes, type ThemeName } from './webviewThemes.ts';

const origin = 'http://page.invalid';

export interface PageAlone {
  readonly page: Page;
  /** Errors of scripts and of the content policy. */
  readonly problems: readonly string[];
  /** What the page told its host. */
  readonly sent: () => Promise<readonly unknown[]>;
  /** What the page keeps over a reload. */
  readonly kept: () => Promise<unknown>;
  readonly tell: (message: unknown) => Promise<void>;
  /** What axe finds. */
  readonly axe: () => Promise<readonly string[]>;
}

export interface PageAloneOptions {
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly height?: number;
  readonly kept?: unknown;
}

/** The program of `src/report/app/NAME.ts`. */
export async function pageBundle(name: string): Promise<string> {
  const built = await esbuild.build({
    entryPoints: [join(checkout, `src/report/app/${name}.ts`)],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2023',
  });
  return built.outputFiles[0]?.text ?? '';
}

/** Opens the page in a window of its own; `styles` are sheets of media/report. */
export async function openPageAlone(
  browser: Browser,
  { bundle, styles }: { readonly bundle: string; readonly styles: readonly [string, string?] },
  { theme = 'dark', width = 1280, height = 900, kept }: PageAloneOptions = {},
): Promise<PageAlone> {
  const page = await browser.newPage({ viewport: { width, height } });
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (entry) => {
    if (entry.type() === 'error') problems.push(entry.text());
  });
  const [style, moreStyle] = styles;
  const html = pageHtml({
    nonce: 'bm9uY2U',
    source: origin,
    script: `${origin}/page.js`,
    style: `${origin}/${style}`,
    ...(moreStyle !== undefined && { moreStyle: `${origin}/${moreStyle}` }),
    language: 'en',
  });
  await page.route(`${origin}/**`, async (route) => {
    const name = new URL(route.request().url()).pathname.slice(1);
    if (name === 'page.js') return route.fulfill({ body: bundle, contentType: 'text/javascript' });
    if (name === '') return route.fulfill({ body: html, contentType: 'text/html' });
    if (!styles.includes(name)) return route.fulfill({ status: 404 });
    const body = await readFile(join(checkout, 'media/report', name), 'utf8');
    return route.fulfill({ body, contentType: 'text/css' });
  });
  await page.addInitScript({ content: standIn(kept, theme) });
  await page.goto(`${origin}/`);
  return {
    page,
    problems,
    sent: () => page.evaluate('standIn.sent'),
    kept: () => page.evaluate('standIn.kept'),
    tell: async (message) => {
      await page.evaluate(`dispatchEvent(new MessageEvent('message', { data: ${JSON.stringify(message)} }))`);
    },
    axe: async () => {
      // The page's policy keeps foreign scripts out, so axe comes in past it, as a debugger does.
      await page.evaluate(await readFile(join(checkout, 'node_modules/axe-core/axe.min.js'), 'utf8'));
      return page.evaluate(`axe.run(document, { iframes: false }).then(({ violations }) =>
        violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => id + ': ' + target.join(' '))))`);
    },
  };
}

/** A script that stands in for VS Code in the page: its API, and the theme's class and colours. */
function standIn(kept: unknown, theme: ThemeName): string {
  const { bodyClass, variables } = themes[theme];
  return `
    globalThis.standIn = { sent: [], kept: ${kept === undefined ? 'undefined' : JSON.stringify(kept)} };
    globalThis.acquireVsCodeApi = () => ({
      postMessage: (message) => standIn.sent.push(message),
      getState: () => standIn.kept,
      setState: (state) => { standIn.kept = state; },
    });
    addEventListener('DOMContentLoaded', () => {
      document.body.className = ${JSON.stringify(bodyClass)};
      for (const [name, value] of ${JSON.stringify(Object.entries(variables))})
        document.documentElement.style.setProperty(name, value);
    });`;
}
