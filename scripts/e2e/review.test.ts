/// <reference lib="dom" />
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FILES } from '../runs/bundle.ts';
import { reportOf } from '../runs/report.ts';
import { writeRunsIndex } from '../runs/runs-index.ts';
import { launchChromium, openFile, SKIPS_BROWSER } from '../testing/chromium.ts';
import { serve } from '../testing/http-server.ts';
import { FAULTY, finishMadeRun, HEALTHY, type MadeRun, makeRun } from '../testing/simulated-run.ts';
import { ROOT, sla, slaHere, type TemporaryFolder, temporaryFolder } from '../testing/sla.ts';

/** What users look at after a run: the report in a browser, the list of runs, and Grafana. */

let folder: TemporaryFolder;
let healthy: MadeRun;
let faulty: MadeRun;

/** A folder as a gate leaves it. */
async function finished(made: MadeRun, withReport: boolean): Promise<MadeRun> {
  await finishMadeRun(made, withReport ? await reportOf(made.stored, made.verdict) : null);
  return made;
}

beforeAll(async () => {
  folder = await temporaryFolder();
  healthy = await finished(await makeRun(folder.path, HEALTHY), true);
  faulty = await finished(await makeRun(folder.path, FAULTY), false);
}, 300_000);

afterAll(async () => {
  if (faulty) await rm(join(ROOT, '.sla', 'reports', `${faulty.stored.run.id}.html`), { force: true });
  await folder?.[Symbol.asyncDispose]();
});

describe('review', () => {
  test('prints the verdict, what to look at first, one line per panel, and the path if there is no display', async () => {
    const { stdout, stderr, code } = await slaHere(['review', healthy.stored.path, '--text']);
    expect(stdout).toContain('PASS  all 6 objectives are met');
    expect(stdout).toMatch(/What to look at first\n {2}\S/);
    expect(stdout).toMatch(
      /\n {2}API Latency p50\/p95\/p99, p95 +[▁▂▃▄▅▆▇█ ]{40} +\d[\d.]* ms to \d[\d.]* ms\n/,
    );
    expect(stdout).toContain(`report: ${join(healthy.stored.path, FILES.report)}\n`);
    expect(stderr).toContain(`all runs: ${join(folder.path, 'index.html')}`);
    expect(stderr).not.toContain('does not match its seal');
    expect(code).toBe(0);
  });

  test('writes the report of a run that was sealed without one outside the run folder, which stays unchanged', async () => {
    const { stdout, stderr } = await slaHere(['review', faulty.stored.path, '--text']);
    const file = join('.sla', 'reports', `${faulty.stored.run.id}.html`);
    expect(stdout).toContain(`report: ${file}\n`);
    expect(await readFile(join(ROOT, file), 'utf8')).toContain('<span>Failed.</span>');
    expect(stdout).toMatch(/p95 first rose above 200ms at 13:03:\d\d UTC/);
    expect(stderr).not.toContain('does not match its seal');
  });

  test('an altered run is shown with a warning', async () => {
    await using other = await temporaryFolder();
    const { stored } = await finished(
      await makeRun(other.path, { suffix: '00dd', durationSeconds: 40, trouble: null }),
      true,
    );
    await writeFile(join(stored.path, 'verdict.txt'), 'all is well');
    const { stderr, code } = await slaHere(['review', stored.path, '--text']);
    expect(stderr).toMatch(/verdict\.txt: the run does not match its seal/);
    expect(code).toBe(0);
  });

  test('reports a missing run as invalid usage', async () => {
    const { stderr, code } = await slaHere(['review', join(folder.path, 'nowhere')]);
    expect(stderr).toContain('there is no run folder');
    expect(code).toBe(2);
  });
});

describe.skipIf(SKIPS_BROWSER)('the list of runs, in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  test('lists each run with its verdict, its latency over time and its report, and sorts by the clicked column', async () => {
    await using opened = await openFile(browser, await writeRunsIndex(folder.path));
    const { page, complaints } = opened;
    const cells = () => page.locator('tbody tr td:nth-child(5)').allInnerTexts();
    const verdicts = await page.locator('tbody tr td:nth-child(3)').allInnerTexts();
    expect(verdicts.map((text) => text.trim()).sort()).toEqual(['✓ pass', '✗ fail']);
    expect(await page.locator('tbody polyline').count()).toBe(2);
    const links = await page.locator('tbody a').evaluateAll((all) => all.map((a) => a.getAttribute('href')));
    expect(links).toEqual([`${healthy.stored.run.id}/report.html`]);
    const [before] = [await cells()];
    await page.getByRole('button', { name: 'Latency' }).click();
    const sorted = await cells();
    const inMs = (text: string) => Number.parseFloat(text.replace('p95 ', ''));
    expect(sorted.map(inMs)).toEqual(before.map(inMs).sort((a, b) => b - a));
    await page.getByRole('button', { name: 'Latency' }).click();
    expect(await cells()).toEqual(sorted.toReversed());
    expect(complaints).toEqual([]);
  });
});

describe('review --grafana', () => {
  interface Arrived {
    readonly method: string;
    readonly url: string;
    readonly authorization: string | undefined;
    readonly body: Record<string, unknown>;
  }

  /** Records requests and responds according to Grafana's API reference; it is not a real Grafana. */
  async function listening(status: number, annotations: readonly unknown[]) {
    const arrived: Arrived[] = [];
    const server = await serve(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString();
      const { authorization } = request.headers;
      arrived.push({
        method: request.method!,
        url: request.url!,
        authorization,
        body: text === '' ? {} : JSON.parse(text),
      });
      const answer =
        request.method === 'GET' ? annotations : status === 200 ? {} : { message: 'invalid API key' };
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
    return { ...server, url: `${server.url}/grafana`, arrived };
  }

  const review = (url: string) =>
    sla(['review', healthy.stored.path, '--grafana', url], { env: { GRAFANA_TOKEN: 'glsa_of_a_test_1234' } });

  test("sends every dashboard and the run's annotations, and prints where to look", async () => {
    await using grafana = await listening(200, []);
    const { stdout, stderr, code } = await review(grafana.url);
    expect(code).toBe(0);
    const { arrived } = grafana;
    expect(new Set(arrived.map(({ authorization }) => authorization))).toEqual(
      new Set(['Bearer glsa_of_a_test_1234']),
    );
    const dashboards = arrived.filter(({ url }) => url === '/grafana/api/dashboards/db');
    expect(dashboards[0]!.body).toMatchObject({
      overwrite: true,
      dashboard: { id: null, uid: 'sentiment-production', title: 'Sentiment Analysis Production Monitoring' },
    });
    const { run } = healthy.stored;
    const made = arrived.filter(({ method, url }) => method === 'POST' && url === '/grafana/api/annotations');
    expect(made[0]!.body).toEqual({
      time: Math.round(run.window.fromSeconds * 1000),
      timeEnd: Math.round(run.window.toSeconds * 1000),
      tags: ['sla-run', run.id, 'pass', 'verdict'],
      text: `PASS ${run.id}: all 6 objectives are met`,
    });
    expect(made.map(({ body }) => (body.tags as string[])[2])).toEqual(['pass', 'start', 'phase']);
    expect(stdout).toMatch(
      new RegExp(`^${grafana.url}/d/sentiment-production\\?from=\\d{13}&to=\\d{13}\\n$`),
    );
    expect(stdout + stderr).not.toContain('glsa_of_a_test');
  });

  test('existing annotations are not created twice', async () => {
    await using grafana = await listening(200, [{ id: 7 }]);
    expect((await review(grafana.url)).stderr).toContain('its annotations already exist');
    expect(
      grafana.arrived.filter(({ method, url }) => method === 'POST' && url.includes('annotations')),
    ).toEqual([]);
  });

  test("an error is reported with Grafana's message", async () => {
    await using grafana = await listening(401, []);
    const { stderr, code } = await review(grafana.url);
    expect(stderr).toContain('status 401: {"message":"invalid API key"}');
    expect(code).toBe(4);
  });
});
