/**
 * A real VS Code in a real browser with the packaged extension installed, for test/e2e.
 *
 *     const vscode = await openVsCode({ workspace, engineHost: testHost() });
 *     await vscode.openContainer('Drydock');              // the activity bar's container, waited for
 *     await vscode.page.getByRole('treeitem', { name: /demo/ }).click();
 *     await vscode.runCommand('Drydock: Load Archive');   // through the palette
 *     const frame = await vscode.webview();               // the document inside the last webview
 *     const serious = await vscode.axe(frame);            // what axe finds, serious or critical
 *     await vscode.screenshot('trees');                   // test/screenshots/trees.png
 *     await vscode.close();
 *
 * Each call has a server, a profile and a browser of its own: one per test file, in `before`, closed in `after`.
 * `screenshot(name, {readme: true})` also writes media/screenshots/name.png when DRYDOCK_UPDATE_SCREENSHOTS=1.
 * The VSIX is made by scripts/test.ts and named in DRYDOCK_TEST_VSIX.
 */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Frame, Page } from 'playwright-core';
import { startCodeServer, type RunningCodeServer } from '../../scripts/codeServer/startCodeServer.ts';
import { checkout } from '../../scripts/provision/places.ts';
import { launchBrowser } from './browser.ts';

export interface OpenVsCodeOptions {
  /** The folder that is open. */
  readonly workspace: string;
  /** As in DOCKER_HOST. */
  readonly engineHost: string;
  /** The display language, e.g. "zh-cn", of the extension's own texts; VS Code's stay English. */
  readonly locale?: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly env?: NodeJS.ProcessEnv;
  /** Shows VS Code's question about trust; by default every workspace is trusted. */
  readonly workspaceTrust?: boolean;
  readonly viewport?: { readonly width: number; readonly height: number };
}

export interface OpenedVsCode {
  readonly page: Page;
  readonly server: RunningCodeServer;
  /** Shows the activity bar's container of that name. */
  openContainer(name: string): Promise<void>;
  /** Runs a command by its palette title; picks the entry that begins with the title. */
  runCommand(title: string): Promise<void>;
  /** The document inside the newest webview, once it is shown. */
  webview(): Promise<Frame>;
  /** Violations of weight serious or critical, as "rule: target" lines; an empty list is good. */
  axe(frame: Frame | Page): Promise<string[]>;
  screenshot(name: string, options?: { readonly readme?: boolean }): Promise<string>;
  close(): Promise<void>;
}

/** Starts VS Code on that workspace and returns once the workbench stands. */
export async function openVsCode(options: OpenVsCodeOptions): Promise<OpenedVsCode> {
  const vsix = process.env['DRYDOCK_TEST_VSIX'];
  if (vsix === undefined || vsix === '')
    throw new Error('DRYDOCK_TEST_VSIX is not set: run these tests with "npm run test:e2e".');
  const folder = await mkdtemp(join(process.env['DRYDOCK_TEST_FOLDER'] ?? tmpdir(), 'vscode-'));
  const server = await startCodeServer({
    folder,
    vsix,
    env: { ...options.env, DOCKER_HOST: options.engineHost },
    ...(options.locale === undefined ? {} : { locale: options.locale }),
    ...(options.settings === undefined ? {} : { settings: options.settings }),
    ...(options.workspaceTrust === undefined ? {} : { workspaceTrust: options.workspaceTrust }),
  });
  const browser = await launchBrowser();
  const close = async () => {
    await browser.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const context = await browser.newContext({
      viewport: options.viewport ?? { width: 1280, height: 800 },
      permissions: ['clipboard-read', 'clipboard-write'],
      ...(options.locale === undefined ? {} : { locale: options.locale }),
    });
    const page = await context.newPage();
    await page.goto(server.address(options.workspace));
    await page.locator('.monaco-workbench .part.statusbar').waitFor({ timeout: 60_000 });
    return {
      page,
      server,
      openContainer: (name) => openContainer(page, name),
      runCommand: (title) => runCommand(page, title),
      webview: () => webview(page),
      axe: (frame) => axe(frame),
      screenshot: (name, shot) => screenshot(page, name, shot?.readme === true),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openContainer(page: Page, name: string): Promise<void> {
  const tab = page.locator('.activitybar').getByRole('tab', { name, exact: true });
  await tab.waitFor({ timeout: 30_000 });
  if ((await tab.getAttribute('aria-selected')) !== 'true') await tab.click();
  await page.locator('.part.sidebar').getByRole('treeitem').first().waitFor({ timeout: 30_000 });
}

async function runCommand(page: Page, title: string): Promise<void> {
  await page.keyboard.press('F1');
  const input = page.locator('.quick-input-widget:visible input').first();
  await input.fill(`>${title}`);
  // Other commands may begin alike; what stands behind a comma says more of the same one.
  const name = new RegExp(`^${title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}…?(?:,|$)`);
  await page.locator('.quick-input-widget:visible').getByRole('option', { name }).first().click();
}

async function webview(page: Page): Promise<Frame> {
  const outer = page.locator('iframe.webview.ready').last();
  await outer.waitFor({ timeout: 30_000 });
  const inner = outer.contentFrame().locator('iframe#active-frame');
  await inner.waitFor({ timeout: 30_000 });
  const handle = await inner.elementHandle();
  const frame = await handle.contentFrame();
  if (!frame) throw new Error('The webview has no document.');
  await frame.waitForLoadState('domcontentloaded');
  return frame;
}

async function axe(frame: Frame | Page): Promise<string[]> {
  const path = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
  await frame.evaluate(await readFile(path, 'utf8'));
  const violations: unknown = await frame.evaluate(
    'axe.run(document, {iframes: false}).then((result) => result.violations.map((one) => ({ id: one.id, impact: one.impact, targets: one.nodes.map((node) => String(node.target)) })))',
  );
  const list = violations as { id: string; impact: string; targets: string[] }[];
  return list
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, targets }) => targets.map((target) => `${id}: ${target}`));
}

async function screenshot(page: Page, name: string, readme: boolean): Promise<string> {
  const folders = [join(checkout, 'test/screenshots')];
  if (readme && process.env['DRYDOCK_UPDATE_SCREENSHOTS'] === '1')
    folders.push(join(checkout, 'media/screenshots'));
  for (const folder of folders) {
    await mkdir(folder, { recursive: true });
    await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' });
  }
  return join(checkout, 'test/screenshots', `${name}.png`);
}
