import { aptInstall } from './aptInstall.ts';
import { findOnPath } from './findOnPath.ts';

/** The path of a Chromium or Chrome that Playwright can drive; DRYDOCK_CHROMIUM names another one. */
export async function provideChromium(): Promise<string> {
  const chosen = process.env['DRYDOCK_CHROMIUM'] ?? find();
  if (chosen !== undefined) return chosen;
  await aptInstall(['chromium'], ['chromium'], 'Install Chromium or Chrome, or name it in DRYDOCK_CHROMIUM.');
  const installed = find();
  if (installed === undefined) throw new Error('Chromium is not on PATH although it was installed.');
  return installed;
}

function find(): string | undefined {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']) {
    const path = findOnPath(name);
    if (path !== undefined) return path;
  }
  return undefined;
}
