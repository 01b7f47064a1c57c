import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ListeningService, readSeries, startListening } from './testing/service.ts';

let service: ListeningService;
let app: FastifyInstance;
beforeAll(async () => {
  service = await startListening();
  app = service.app;
});
afterAll(() => service[Symbol.asyncDispose]());

test('the page is a single file that loads nothing and runs only its own script and style', async () => {
  const { body, headers, statusCode } = await app.inject('/');
  expect([statusCode, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
  expect(body).not.toMatch(/https?:|\/\/[a-z]|@import|url\(/);
  expect(body).not.toMatch(/innerHTML|outerHTML|insertAdjacent|document\.write|eval\(| on[a-z]+=/);
  const policy = String(headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain('unsafe');
  for (const tag of ['script', 'style']) {
    const [, text] = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(body)!;
    expect(policy).toContain(`'sha256-${createHash('sha256').update(text!).digest('base64')}'`);
  }
  expect((await readSeries(app)).get('sentiment_feature_uses_total{feature="page"}')).toBeGreaterThan(0);
});

/** The path of an installed browser; without a browser, these tests are skipped. */
function findBrowser(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  const found = folders.flatMap((folder) => names.map((name) => join(folder, name))).find(existsSync);
  return process.env.CHROMIUM_BIN ?? found;
}

const browserPath = findBrowser();
const axeFile = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

describe.skipIf(browserPath === undefined)('in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: browserPath!, args: ['--no-sandbox'] });
  });
  afterAll(() => browser.close());

  async function open(colorScheme: 'light' | 'dark' = 'light') {
    const context = await browser.newContext({ colorScheme, bypassCSP: false });
    const page = await context.newPage();
    const trouble: string[] = [];
    page.on('pageerror', (error) => trouble.push(error.message));
    page.on('console', (message) => message.type() === 'error' && trouble.push(message.text()));
    page.on('dialog', (dialog) => trouble.push(`a dialog: ${dialog.message()}`));
    page.on('request', (request) => {
      if (!/^(http:\/\/127\.0\.0\.1:|data:)/.test(request.url())) trouble.push(request.url());
    });
    await page.goto(app.listeningOrigin);
    return { page, trouble, [Symbol.asyncDispose]: () => context.close() };
  }

  const answerOf = (page: Page) => page.getByRole('status').innerText();

  test('a text can be predicted and confirmed with the keyboard alone', async () => {
    await using opened = await open();
    const { page, trouble } = opened;
    await page.getByLabel('English text').fill('I love it, it works great');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText(/Confidence [0-9.]+%, by sentiment-small/).waitFor();
    expect(await answerOf(page)).toContain('Positive');
    await page.getByRole('button', { name: 'It is right' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('Your feedback: right').waitFor();
    const row = page.getByRole('row', { name: 'Positive feedback' });
    await row.getByText('1 of 1').waitFor();
    expect(trouble).toEqual([]);
  });

  test('markup in a text is shown as text, in the prediction and in the explanation', async () => {
    await using opened = await open();
    const { page, trouble } = opened;
    const attack = '<img/src=x/onerror=alert(1)> <script>alert(2)</script> awful';
    await page.getByLabel('English text').fill(attack);
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.getByRole('rowheader', { name: '<img/src=x/onerror=alert(1)>' }).waitFor();
    expect(await page.locator('#words tbody tr').count()).toBe(3);
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(trouble).toEqual([]);
  });

  test('an error message from the service is shown unchanged', async () => {
    await using opened = await open();
    await opened.page.getByLabel('English text').fill('   ');
    await opened.page.getByRole('button', { name: 'Predict' }).click();
    await opened.page.getByText('"text" is blank').waitFor();
  });

  test.each(['light', 'dark'] as const)(
    '%s: axe finds no problem, before and after a prediction',
    async (scheme) => {
      await using opened = await open(scheme);
      const { page } = opened;
      const barriers = async () => {
        return page.evaluate(async () => {
          // biome-ignore lint/suspicious/noExplicitAny: it lives in the page
          const { axe } = globalThis as any;
          const found = (await axe.run()).violations as { id: string; nodes: { html: string }[] }[];
          return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
        });
      };
      await page.addInitScript({ path: axeFile });
      await page.reload();
      await page.getByText('Since the service started').waitFor();
      expect(await barriers()).toEqual([]);
      await page.getByRole('button', { name: 'Explain' }).click();
      await page.locator('#words tbody tr').first().waitFor();
      expect(await barriers()).toEqual([]);
      await page.getByRole('button', { name: 'Predict' }).click();
      await page.getByRole('button', { name: 'It is wrong' }).waitFor();
      expect(await barriers()).toEqual([]);
      if (process.env.SCREENSHOTS) {
        await page.getByRole('button', { name: 'Explain' }).click();
        await page.locator('#words tbody tr').first().waitFor();
        await page.screenshot({ path: join(process.env.SCREENSHOTS, `page-${scheme}.png`), fullPage: true });
      }
    },
  );

  test('the API page works under its content security policy', async () => {
    await using opened = await open();
    const { page, trouble } = opened;
    await page.goto(`${app.listeningOrigin}/docs`);
    await page.getByText('/predict/batch').waitFor();
    await page.getByText('The sentiment of one text').click();
    await page.getByRole('button', { name: 'Execute' }).click();
    await page.getByText('"sentiment": "POSITIVE"').first().waitFor();
    expect(trouble).toEqual([]);
    if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, 'docs.png') });
  });
});
