/// <reference lib="dom" />
import { readFileSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Baseline } from '../../slas/compare/compare.ts';
import { judge } from '../../slas/judge/judge.ts';
import type { RunSeries, Verdict } from '../../slas/model/model.ts';
import { inWords } from '../../slas/model/reasons.ts';
import { launchChromium, openFile, SKIPS_BROWSER } from '../testing/chromium.ts';
import { SKIPS_LONG } from '../testing/long.ts';
import {
  EARLIER,
  FAULTY,
  finishMadeRun,
  HEALTHY,
  HOUR,
  type MadeRun,
  makeRun,
  STARVED,
} from '../testing/simulated-run.ts';
import { ROOT, sla, type TemporaryFolder, temporaryFolder } from '../testing/sla.ts';
import { FILES, readRun, type StoredRun, toJson } from './bundle.ts';
import { reportOf } from './report.ts';
import { writeRunsIndex } from './runs-index.ts';

/** Tests reports of real runs in a real browser. One of the runs takes an hour. */

const AXE = readFileSync(join(ROOT, 'node_modules', 'axe-core', 'axe.min.js'), 'utf8');

const TWELVE = [
  'total-predictions',
  'prediction-rate',
  'model-status',
  'error-rate',
  'predictions-by-sentiment',
  'sentiment-distribution',
  'confidence-distribution',
  'batch-sizes',
  'api-latency',
  'http-request-rate',
  'average-confidence',
  'error-types',
];

let folder: TemporaryFolder;
let browser: Browser;
/** A run of a real service with the gate. */
let real: StoredRun;
let passed: StoredRun;
const made: MadeRun[] = [];
const files = new Map<string, string>();

async function gateReal(): Promise<StoredRun> {
  const load = ['--scenario', 'smoke', '--rate', '30', '--duration', '14s', '--no-abort'];
  const out = join(folder.path, 'real');
  const { code, stderr } = await sla(['gate', ...load, '--faults', 'errors=5%,latency=240ms', '--out', out]);
  if (code === 4) throw new Error(stderr);
  return await readRun(join(out, 'latest'));
}

async function writeReport(name: string, stored: StoredRun, verdict: Verdict): Promise<string> {
  const file = join(folder.path, `${name}.html`);
  await writeFile(file, await reportOf(stored, verdict));
  return file;
}

/** The folder for the screenshots of the documentation. */
const PICTURES = process.env.SCREENSHOTS;

async function picture(page: Page, name: string, height: number): Promise<void> {
  await page.setViewportSize({ width: 1180, height });
  await page.screenshot({ path: join(ROOT, PICTURES!, name) });
}

const judged = ({ plan, run, evidence }: StoredRun) => judge(plan, run, evidence!);

beforeAll(async () => {
  folder = await temporaryFolder();
  // Most of this time is spent waiting for the load.
  const gating = gateReal();
  await finishMadeRun(await makeRun(folder.path, EARLIER), null);
  const healthy = await makeRun(folder.path, HEALTHY);
  const faulty = await makeRun(folder.path, FAULTY);
  const hour = await makeRun(folder.path, HOUR);
  made.push(healthy, faulty, hour);
  passed = healthy.stored;
  files.set('passed', await writeReport('passed', passed, healthy.verdict));
  files.set('missed', await writeReport('missed', faulty.stored, faulty.verdict));
  files.set('hour', await writeReport('hour', hour.stored, hour.verdict));
  const starved = await makeRun(folder.path, STARVED);
  made.push(starved);
  files.set('inconclusive', await writeReport('inconclusive', starved.stored, starved.verdict));
  real = await gating;
  files.set('real', join(real.path, FILES.report));
  if (!SKIPS_BROWSER) browser = await launchChromium();
  // On a busy machine, a gated run and the samples of an hour take long.
}, 400_000);

afterAll(async () => {
  await browser?.close();
  await folder?.[Symbol.asyncDispose]();
});

const kinds = ['passed', 'missed', 'inconclusive', 'hour', 'real']
  .flatMap((kind) => (['light', 'dark'] as const).map((scheme) => [kind, scheme] as const))
  .filter(([kind, scheme]) => !SKIPS_LONG || scheme === 'light' || kind === 'missed');

describe.skipIf(SKIPS_BROWSER)('in a browser', () => {
  test.each(kinds)(
    '%s, %s: draws all twelve panels, logs nothing to the console and sends no request',
    async (kind, scheme) => {
      await using opened = await openFile(browser, files.get(kind)!, scheme);
      const drawn = await opened.page.evaluate(marksByPanel);
      expect(TWELVE.filter((id) => !(drawn[id]! > 0))).toEqual([]);
      expect(opened.complaints).toEqual([]);
    },
  );

  test.each(kinds)('%s, %s: has no serious accessibility violation', async (kind, scheme) => {
    await using opened = await openFile(browser, files.get(kind)!, scheme);
    // The page's security policy forbids other scripts, so the accessibility checker is evaluated through the browser's
    // debugger.
    await opened.page.evaluate(AXE);
    const violations = await opened.page.evaluate(seriousViolations);
    expect(violations).toEqual([]);
  });

  // SCREENSHOTS=docs/images ./sla test scripts/runs/report
  test.runIf(PICTURES)('takes the screenshots for the documentation', async () => {
    for (const [kind, scheme] of kinds.filter(([one]) => one !== 'real')) {
      await using opened = await openFile(browser, files.get(kind)!, scheme);
      await picture(opened.page, `report-${kind}-${scheme}.png`, 1480);
    }
    for (const run of made) await finishMadeRun(run, null);
    await using opened = await openFile(browser, await writeRunsIndex(folder.path));
    await picture(opened.page, 'runs-index.png', 800);
  });

  test('by keyboard, the cursor moves, its values are announced, and all plots zoom in and out together', async () => {
    await using opened = await openFile(browser, files.get('hour')!);
    const { page } = opened;
    const latency = page.locator('#plot-api-latency');
    await latency.focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('PageDown');
    const told = await page.locator('#live').textContent();
    expect(told).toMatch(
      /^\d\d:\d\d:\d\d UTC, \+\d+ (s|min \d+ s): p50 [\d.]+ ms, p95 [\d.]+ ms, p99 [\d.]+ ms$/,
    );
    expect(await page.locator('#error-rate .at').textContent()).toBe(told!.split(': p50')[0]);
    const before = await pixels(page, 'plot-cpu');
    await page.keyboard.press('+');
    await expect.poll(() => pixels(page, 'plot-cpu')).not.toBe(before);
    await page.keyboard.press('Escape');
    await expect.poll(() => pixels(page, 'plot-cpu')).toBe(before);
  });

  test('the values of a plot are available as a table', async () => {
    await using opened = await openFile(browser, files.get('passed')!);
    await opened.page.locator('#api-latency summary').click();
    const header = opened.page.locator('#api-latency .numbers tr').first();
    await expect.poll(() => header.allInnerTexts()).toEqual([expect.stringMatching(/UTC\s+p50\s+p95\s+p99/)]);
    const rows = await opened.page.locator('#api-latency .numbers tr').count();
    expect(rows).toBeGreaterThan(5);
  });

  test('text from other sources is not executed as a script', async () => {
    const evil = `</script><img src=x onerror="alert(1)"><script>alert('x')</script>'"\${alert(2)}`;
    const { verdict: judgedVerdict, run, plan } = { ...passed, verdict: judged(passed) };
    const verdict: Verdict = {
      ...judgedVerdict,
      sla: evil,
      scenario: evil,
      run: evil,
      summary: inWords(evil),
      verdict: 'inconclusive',
      objectives: judgedVerdict.objectives.map((one) => ({
        ...one,
        title: evil,
        reasons: [inWords(evil)],
        query: evil,
      })),
      preconditions: judgedVerdict.preconditions.map((one) => ({
        ...one,
        id: evil,
        reasons: [inWords(evil)],
        ok: false,
      })),
    };
    const hostile = await readRun(passed.path);
    const path = join(folder.path, 'evil');
    await rm(path, { recursive: true, force: true });
    const stored: StoredRun = {
      ...hostile,
      path,
      plan: {
        ...plan,
        load: {
          ...plan.load!,
          phases: [20, 30].map((ratePerSecond) => ({ name: evil, ratePerSecond, durationSeconds: 150 })),
        },
      },
      run,
    };
    await mkdir(path);
    const series = JSON.parse(await readFile(join(passed.path, FILES.series), 'utf8')) as RunSeries;
    const tainted = {
      ...series,
      answers: series.answers.map((answer) => ({
        ...answer,
        query: evil,
        series: answer.series.map((one) => ({
          ...one,
          labels: Object.fromEntries(
            Object.keys(one.labels).map((label) => [label, label === 'le' ? '1' : evil]),
          ),
        })),
      })),
    };
    await writeFile(join(path, FILES.series), toJson(tainted));
    await writeFile(join(path, FILES.environment), toJson({ model: evil, [evil]: evil, faults: evil }));
    const baseline = JSON.parse(await readFile(join(passed.path, FILES.baseline), 'utf8')) as Baseline;
    const lured = { ...baseline, manifestSha256: evil, verdict: { ...baseline.verdict, run: evil } };
    await writeFile(join(path, FILES.baseline), toJson({ ...lured, environment: { [evil]: evil } }));
    await writeFile(join(path, FILES.document), await readFile(join(passed.path, FILES.document)));
    await using opened = await openFile(browser, await writeReport('evil', stored, verdict));
    await opened.page.locator('#api-latency summary').click();
    expect(await opened.page.locator('h1').textContent()).toContain('<img src=x');
    expect(await opened.page.locator('img').count()).toBe(0);
    expect(opened.complaints).toEqual([]);
  });
});

describe('the content of the report', () => {
  const textOf = async (kind: string) => (await readFile(files.get(kind)!, 'utf8')).replaceAll('\u00a0', ' ');

  const heading = async (kind: string) => /<h1>(.*)<\/h1>/.exec(await textOf(kind))?.[1];

  test('contains the verdict in one sentence, and what to look at first', async () => {
    expect(await heading('passed')).toBe('<span>Passed.</span> All 6 objectives are met.');
    expect(await heading('missed')).toMatch(
      /^<span>Failed\.<\/span> 95% of responses within 200ms: ≈ [34]\d\d(\.\d)? ms; 99% of responses within 500ms: /,
    );
    expect(await heading('inconclusive')).toBe(
      '<span>Inconclusive.</span> 5 of 6 objectives are undecided: k6 dropped 40 planned requests because no virtual user was free, with at most 2 requests in flight at once; 7,460 of 7,500 planned requests were sent.',
    );
    const first = /id="look-first">.*?<\/section>/s.exec(await textOf('inconclusive'))?.[0];
    expect(first).toContain('a precondition of the verdict does not hold');
  });

  test('shows a fault in the middle of the run with its first second and the changes at that time', async () => {
    const text = await textOf('hour');
    expect(text).toMatch(/p95 first rose above 200ms at 13:40:\d\d UTC, 40 min \d+ s into the run/);
    for (const moved of ['Requests in progress', 'CPU', 'Event-loop lag p99'])
      expect(text).toMatch(new RegExp(`<li><a href="#[a-z-]+">${moved}</a>: `));
  });

  test('compared with the baseline, shows no significant difference for the same service, and a worse one for a faulty service', async () => {
    const rows = (text: string) =>
      [
        ...text.matchAll(/<b class="(?:good|bad|muted)"><span aria-hidden="true">.<\/span> ([\w ]+)<\/b>/g),
      ].map(([, told]) => told);
    expect(rows(await textOf('passed'))).toEqual([
      ...Array.from({ length: 4 }, () => 'within noise'),
      'the same',
      'within noise',
    ]);
    // A fault in one minute of five certainly changes the p99, and may change the p95.
    expect(rows(await textOf('missed')).slice(0, 2)).toEqual(['within noise', 'worse']);
    expect(rows(await textOf('inconclusive'))).toEqual([
      ...Array.from({ length: 4 }, () => 'not comparable'),
      'the same',
      'not comparable',
    ]);
  });

  test('shows injected faults at the top, in the timeline, and as a bar above every plot', async () => {
    const text = await textOf('real');
    expect(text).toContain('<dt>Injected faults</dt><dd>errors=5%,latency=240ms</dd>');
    expect(text).toContain('title="errors=5%,latency=240ms, injected faults"');
    expect(text).toContain('"faults":"errors=5%,latency=240ms"');
    expect(await textOf('hour')).toContain('"faults":null');
  });

  test('shows alerts in a separate section and in the timeline; without rules, the section is absent', async () => {
    const from = new Date(passed.run.window.fromSeconds * 1000).toISOString();
    const to = new Date((passed.run.window.fromSeconds + 30) * 1000).toISOString();
    const held = [
      {
        id: 'HighErrorRate',
        severity: 'critical',
        firing: [{ from, to }],
        agrees: false,
        reasons: [inWords('met')],
      },
      { id: 'HighLatency', severity: null, firing: [], agrees: true, reasons: [inWords('missed')] },
    ];
    const verdict: Verdict = { ...judged(passed), alerts: { held, summary: inWords('2 alerts are listed') } };
    const text = await reportOf(passed, verdict);
    expect(text).toMatch(
      /<span class="stretch alert" style="left:0\.00%;width:\d+\.\d\d%"[^>]*><b>HighErrorRate<\/b> firing/,
    );
    expect(text).toContain('2 alerts are listed. Alerts do not change the verdict.');
    expect(text.match(/<td>(did not fire|fired [\d:]+ to [\d:]+)<\/td>/g)).toHaveLength(2);
    const withoutRules = { ...verdict, alerts: { held: null, summary: inWords('no alerting rules') } };
    expect(await reportOf(passed, withoutRules)).not.toContain('id="alerts"');
  });

  test('shows overdue requests as a series: the planned requests minus the sent ones', async () => {
    expect(await textOf('inconclusive')).toContain('k6 reports 40 dropped iterations');
    expect(await textOf('passed')).toContain('k6 reports 0 dropped iterations');
  });

  test('is smaller than 2 MB for a run of an hour', async () => {
    expect((await textOf('hour')).length).toBeLessThan(2_000_000);
  });

  test('without series, says so and contains the verdict', async () => {
    const path = join(folder.path, 'older');
    await mkdir(path);
    await writeFile(join(path, FILES.document), await readFile(join(passed.path, FILES.document)));
    const text = await reportOf({ ...passed, path }, judged(passed));
    expect(text).toContain('This run stored no series');
    expect(text).toContain('All 6 objectives are met.');
    expect(text).not.toContain('run-data');
  });

  test('is sealed with the run, and verify accepts the folder', async () => {
    const again = await sla(['verify', real.path, '--offline', '--json']);
    expect(again.stdout).toBe(await readFile(join(real.path, FILES.verdict), 'utf8'));
    expect(again.code).toBe(JSON.parse(again.stdout).exitCode);
  });
});

/** How much each panel has drawn: the number of canvas pixels in the first line's colour, or the number of shapes. */
function marksByPanel(): Record<string, number> {
  const probe = document.body.appendChild(document.createElement('i'));
  probe.style.color = 'var(--c1)';
  const wanted = getComputedStyle(probe).color.match(/\d+/g)!.map(Number);
  const isMark = (pixels: Uint8ClampedArray, at: number) =>
    pixels[at + 3]! > 20 && [0, 1, 2].every((part) => Math.abs(pixels[at + part]! - wanted[part]!) < 40);
  const found: Record<string, number> = {};
  for (const figure of document.querySelectorAll<HTMLElement>('figure[data-panel]')) {
    const canvas = figure.querySelector('canvas');
    let marks = [...figure.querySelectorAll('.marks')].filter(
      (one) => one.getBoundingClientRect().width > 0,
    ).length;
    if (canvas !== null) {
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      for (let at = 0; at < data.length; at += 4) if (isMark(data, at)) marks++;
    }
    found[figure.dataset.panel!] = marks;
  }
  return found;
}

async function seriousViolations(): Promise<readonly string[]> {
  interface Axe {
    run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }>;
  }
  const { violations } = await (globalThis as unknown as { axe: Axe }).axe.run();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
}

const pixels = (page: Page, id: string) =>
  page.evaluate((name) => document.querySelector<HTMLCanvasElement>(`#${name} canvas`)!.toDataURL(), id);
