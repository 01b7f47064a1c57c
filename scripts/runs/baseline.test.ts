import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { renderReportText } from '../../dashboards/report/text.ts';
import { judge } from '../../slas/judge/judge.ts';
import type { Plan } from '../../slas/model/model.ts';
import { verdictDocument } from '../../slas/render/json.ts';
import { readVerdict } from '../../slas/render/stored.ts';
import { healthy, type Judged } from '../../slas/testing/cases.ts';
import { type TemporaryFolder, temporaryFolder } from '../testing/sla.ts';
import { findBaseline } from './baseline.ts';
import { FILES, readRun, toJson } from './bundle.ts';
import { reportInputOf, reportOf } from './report.ts';
import { seal } from './seal.ts';

/** Tests which earlier run becomes the baseline, and that the run's own folder is then enough for the report. */

let runs: TemporaryFolder;
beforeEach(async () => {
  runs = await temporaryFolder();
});
afterEach(() => runs[Symbol.asyncDispose]());

const id = (day: number) => `2021-11-${String(day).padStart(2, '0')}T05-31-02Z-steady-00aa`;

interface Left {
  readonly judged?: Judged;
  readonly plan?: (plan: Plan) => Plan;
  readonly environment?: object;
  readonly sealed?: boolean;
}

/** Creates the folder of an earlier run. For `today`, creates the state just before the load. */
async function leave(
  day: number,
  { judged = healthy(), plan = (one) => one, environment = { faults: 'none' }, sealed = true }: Left = {},
): Promise<string> {
  const path = join(runs.path, id(day));
  await mkdir(path);
  const run = { ...judged.run, id: id(day) };
  const planned = plan(judged.plan);
  const verdict = verdictDocument(judge(planned, run, judged.evidence));
  const { document, evidence } = judged;
  const files = { plan: planned, run, evidence, verdict, document, environment };
  for (const [name, data] of Object.entries(files)) await writeFile(join(path, `${name}.json`), toJson(data));
  if (sealed) await seal(path);
  return path;
}

const chosen = async (today: string) => (await findBaseline(today))?.verdict.run ?? null;

const failed = healthy({
  series: { latency: { le: '0.1=0 0.2=0 0.3=0 0.5=0 1.0=1000 +Inf=1500' } },
});
const longer = (plan: Plan): Plan => ({ ...plan, load: { ...plan.load!, seed: 99 } });
const withoutBudgets = (plan: Plan): Plan => ({ ...plan, load: { ...plan.load!, budgets: [] } });

describe('the baseline', () => {
  test('is the newest earlier run that passed', async () => {
    await leave(1);
    await leave(2);
    await leave(3, { judged: failed });
    await leave(5);
    expect(await chosen(await leave(4))).toBe(id(2));
  });

  test('is null if no earlier run qualifies', async () => {
    expect(await chosen(await leave(4))).toBeNull();
  });

  test.each<[string, Left]>([
    ['had another plan', { plan: longer }],
    ['had injected faults', { environment: { faults: 'latency=20ms' } }],
    ['does not record whether it had injected faults', { environment: {} }],
    ['tested a service that the gate did not start', { environment: { faults: null } }],
    ['was never sealed', { sealed: false }],
  ])('is not a run that %s', async (_, left) => {
    await leave(1);
    await leave(2, left);
    expect(await chosen(await leave(4))).toBe(id(1));
  });

  test('is never a run that was altered after it was sealed', async () => {
    const path = await leave(2);
    await writeFile(join(path, FILES.environment), toJson({ faults: 'none', model: 'another' }));
    expect(await chosen(await leave(4))).toBeNull();
  });

  test('may have a different setting of --no-abort, which does not change the plan', async () => {
    await leave(2);
    expect(await chosen(await leave(4, { plan: withoutBudgets }))).toBe(id(2));
  });

  test('for an external service is also a run of an external service', async () => {
    await leave(1, { environment: { faults: null } });
    expect(await chosen(await leave(4, { environment: { faults: null } }))).toBe(id(1));
  });
});

describe('the report', () => {
  const slower = healthy({
    series: { latency: { le: '0.1=0 0.15=0 0.2=1450 0.3=1490 0.5=1497 1.0=1500 +Inf=1500' } },
  });

  async function reportedToday() {
    await leave(2, {
      judged: healthy({
        series: { latency: { le: '0.1=1490 0.15=1495 0.2=1500 0.3=1500 0.5=1500 1.0=1500 +Inf=1500' } },
      }),
      environment: { faults: 'none', git: { commit: 'a1b2' } },
    });
    const path = await leave(4, { judged: slower, environment: { faults: 'none', git: { commit: 'c3d4' } } });
    await writeFile(join(path, FILES.baseline), toJson(await findBaseline(path)));
    const stored = await readRun(path);
    return { stored, verdict: readVerdict(JSON.parse(stored.verdictText!)) };
  }

  test('compares each objective with that of the baseline, and lists other differences', async () => {
    const { stored, verdict } = await reportedToday();
    expect(verdict.verdict).toBe('pass');
    const text = renderReportText(await reportInputOf(stored, verdict));
    expect(text).toContain(`The baseline is ${id(2)} (`);
    expect(text).toMatch(
      /95% of responses within 200ms +≈ \d\d(\.\d+)? ms \(between 0 ms and 100 ms\) +≈ 1\d\d(\.\d+)? ms \(between 150 ms and 200 ms\) +\+\d+(\.\d)? ms +worse: the intervals do not overlap/,
    );
    expect(text).toMatch(/Error rate < 1% .* within noise: the intervals overlap/);
    expect(text).toContain('git commit: a1b2 in the baseline, c3d4 in this run');
    const page = await reportOf(stored, verdict);
    expect(page).toContain('<h2 id="baseline">Compared with the baseline</h2>');
    expect(page).toMatch(/↘<\/span> worse<\/b>/);
  });

  test('is byte-identical if the baseline’s folder is gone, because the run’s own folder is enough', async () => {
    const { stored, verdict } = await reportedToday();
    const before = await reportOf(stored, verdict);
    await rm(join(runs.path, id(2)), { recursive: true });
    expect(await reportOf(await readRun(stored.path), verdict)).toBe(before);
  });

  test('has no comparison if the run has no baseline', async () => {
    const path = await leave(4);
    const stored = await readRun(path);
    const verdict = readVerdict(JSON.parse(await readFile(join(path, FILES.verdict), 'utf8')));
    expect(await reportOf(stored, verdict)).not.toContain('id="baseline"');
    expect(renderReportText(await reportInputOf(stored, verdict))).not.toContain('baseline');
  });
});
