/**
 * A real browser for tests: `const browser = await launchBrowser()` and `await browser.close()`.
 */
import { chromium, type Browser } from 'playwright-core';
import { provideChromium } from '../../scripts/provision/provideChromium.ts';

/** Headless Chromium that calls nobody. */
export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: await provideChromium(),
    headless: true,
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-dev-shm-usage', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
  });
}
