import { join } from 'node:path';
import { format } from 'node:util';
import { startCodeServer } from '../../scripts/codeServer/startCodeServer.ts';
import { beforeExit } from '../../scripts/provision/cleanups.ts';
import { launchBrowser } from '../support/browser.ts';
import type { HostRun } from './run.ts';

const limitMs = 8 * 60_000;

/** Runs the suite in the extension host of VS Code's server; returns how it ended, "exit 0" when all is well. */
export async function runInCodeServer(run: HostRun): Promise<string> {
  const server = await startCodeServer({
    folder: join(run.folder, 'vscode'),
    env: run.env,
    smokeTestDriver: true,
  });
  const browser = await launchBrowser();
  const closeBrowser = beforeExit(() => browser.close());
  try {
    const page = await (await browser.newContext()).newPage();
    const exited = new Promise<string>((resolve) => {
      void page.exposeFunction('codeAutomationExit', (code: number) => {
        resolve(`exit ${code}`);
      });
      page.once('crash', () => {
        resolve('the page crashed');
      });
      page.once('close', () => {
        resolve('the page was closed');
      });
    });
    await page.exposeFunction('codeAutomationLog', (type: string, args: unknown[]) => {
      const text = format(...args);
      if (type === 'error' && process.env['DRYDOCK_TEST_VERBOSE'] === '1') console.log(text);
    });
    const died = new Promise<string>((resolve) => {
      page.on('console', (message) => {
        const text = message.text();
        if (/Extension Host Process exited|Remote Extension host.*terminated/i.test(text)) resolve(text);
      });
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => {
        resolve(`nothing after ${limitMs / 60_000} minutes`);
      }, limitMs);
    });
    // A remote address gives the tests the Node host; a plain path would give them the web worker.
    const remote = (path: string) => `vscode-remote://127.0.0.1:${server.port}${path}`;
    await page.goto(
      server.address(run.workspace, [
        ['extensionDevelopmentPath', remote(run.extension)],
        ['extensionTestsPath', remote(run.suite)],
      ]),
    );
    return await Promise.race([exited, died, late, server.ended]).finally(() => {
      clearTimeout(timer);
    });
  } finally {
    await closeBrowser();
    await server.stop();
  }
}
