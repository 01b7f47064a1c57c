/// <reference lib="dom" />
import { type Browser, chromium, type Page } from 'playwright-core';
import { findChromium } from '../tools/chromium.ts';

/** Debian's Chromium, which opens reports as users would. */

export const SKIPS_BROWSER = process.env.SLA_SKIP_BROWSER === '1';
if (SKIPS_BROWSER) console.warn('SLA_SKIP_BROWSER=1: no report is opened in a browser');

const QUIET = [
  '--headless',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium(process.env);
  if (executablePath === undefined) {
    throw new Error(
      'there is no Chromium to open reports in: apt-get install chromium (or set CHROMIUM_BIN), or leave these tests out with SLA_SKIP_BROWSER=1',
    );
  }
  // Its sandbox does not start as root.
  const args = process.getuid?.() === 0 ? [...QUIET, '--no-sandbox'] : QUIET;
  return await chromium.launch({ executablePath, args });
}

export interface OpenedPage extends AsyncDisposable {
  readonly page: Page;
  /** Console and script errors, requests to other addresses, and dialogs. A correct report causes none of them. */
  readonly complaints: readonly string[];
}

/** Opens a file and waits until its script, if it has one, has drawn everything. */
export async function openFile(
  browser: Browser,
  file: string,
  colorScheme: 'light' | 'dark' = 'light',
): Promise<OpenedPage> {
  const page = await browser.newPage({ colorScheme, viewport: { width: 1240, height: 900 } });
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (request.url() !== `file://${file}`) complaints.push(`request: ${request.url()}`);
  });
  await page.goto(`file://${file}`);
  await page.waitForFunction(
    () =>
      document.getElementById('run-data') === null || document.documentElement.dataset.drawn !== undefined,
  );
  return { page, complaints, [Symbol.asyncDispose]: () => page.close() };
}
