import { describe, expect, test } from 'vitest';
import { parseDocument } from '../document/document.ts';
import type { PlannedK6Scenario } from '../model/model.ts';
import { unwrap } from '../model/result.ts';
import { amountInWords, loadInWords } from '../render/load-in-words.ts';
import { SHIPPED_YAML } from '../testing/cases.ts';
import { peakPerSecond } from './k6-rate.ts';
import { type PlannedScript, planScript } from './plan-script.ts';
import { analysePower, tooShort } from './power-analysis.ts';

const steady = (perSecond: number, seconds: number, startSeconds = 0): PlannedK6Scenario => ({
  ...{ name: 'buy', executor: 'constant-arrival-rate', startSeconds, maxDurationSeconds: seconds },
  stages: [{ seconds, fromPerSecond: perSecond, toPerSecond: perSecond }],
  plannedIterations: perSecond * seconds,
});

const closed = (seconds: number): PlannedK6Scenario => ({
  ...{ name: 'browse', executor: 'constant-vus', startSeconds: 0, maxDurationSeconds: seconds },
  ...{ stages: null, plannedIterations: null },
});

const script = (scenarios: readonly PlannedK6Scenario[], change: Partial<PlannedScript> = {}) => ({
  ...{ name: 'shop', file: '/home/me/shop.js', scenarios, plannedIterations: 0, scheduledSeconds: 60 },
  ...{ longestSeconds: 210, maxRequestsPerSecond: null },
  ...change,
});

const document = (more = '') => unwrap(parseDocument(SHIPPED_YAML + more));

describe('the plan of a script', () => {
  test('judges every general objective, with the document’s checks, and has no error budgets', () => {
    const plan = planScript(document('\nchecks: ">= 99%"\n'), script([closed(60)]));
    expect(plan.sla).toEqual({ name: 'sentiment-api', scenario: 'shop' });
    expect(plan.objectives.map(({ id }) => id)).toContain('latency-p95');
    expect(plan.checks).toMatchObject({ text: '>= 99%' });
    expect(plan.load).toMatchObject({
      ...{ scenario: 'shop', script: '/home/me/shop.js', phases: [], budgets: [], plannedRequests: 0 },
      k6: { scenarios: [closed(60)], longestSeconds: 210 },
    });
    expect(plan.load!.k6).not.toHaveProperty('maxRequestsPerSecond');
    expect(plan.load!.warmUp).not.toBeNull();
  });

  test('keeps the rate limit that k6 enforces, and the requested confidence', () => {
    const plan = planScript(document(), script([closed(60)], { maxRequestsPerSecond: 50 }), {
      confidence: 0.95,
    });
    expect(plan.load!.k6!.maxRequestsPerSecond).toBe(50);
    expect(plan.confidence).toBe(0.95);
  });

  test('knows only the number of scrapes: the number of requests per iteration is unknown', () => {
    const plan = planScript(document(), script([steady(25, 60)], { plannedIterations: 1500 }));
    const planned = new Map(analysePower(plan, plan.load!).map((one) => [one.id, one]));
    expect(planned.get('latency-p95')).toMatchObject({
      planned: null,
      detectable: { independent: null, dependent: null },
    });
    expect(planned.get('model-uptime')!.planned).toBe(61);
    expect(tooShort(plan, plan.load!)).toEqual([]);
  });

  test('is too short if it has too few scrapes to decide', () => {
    const plan = planScript(document(), script([steady(25, 5)], { scheduledSeconds: 5 }));
    expect(tooShort(plan, plan.load!)).toMatchObject([
      {
        path: '--script',
        message: expect.stringContaining('the script is too short: objective "model-uptime"'),
      },
    ]);
  });
});

describe('the load of a script in words', () => {
  const wordsOf = (...scenarios: PlannedK6Scenario[]) =>
    loadInWords(planScript(document(), script(scenarios)).load!);

  test('a single scenario is described without its name, several with their names', () => {
    expect(wordsOf(steady(25, 60))).toBe('25/s for 60 s');
    expect(wordsOf(steady(25, 60), closed(60))).toBe('buy 25/s for 60 s, browse constant-vus for 60 s');
  });

  test('a ramp has its lowest and its highest rate, and its start time', () => {
    const stages = [{ seconds: 60, fromPerSecond: 1 / 3, toPerSecond: 20 }];
    expect(wordsOf({ ...steady(1, 60, 30), stages })).toBe('0.333/s to 20/s for 60 s starting at 30 s');
  });

  test('the planned amount is a number of iterations, which is unknown for a closed model', () => {
    const amountOf = (...scenarios: PlannedK6Scenario[]) =>
      amountInWords(planScript(document(), script(scenarios)).load!);
    expect(amountOf(steady(25, 60))).toBe('1,500 iterations in at most 60 s');
    expect(amountOf(steady(25, 60), closed(60))).toBe(
      'at most 60 s, with as many iterations as the service allows',
    );
  });
});

describe('the highest rate of iterations', () => {
  const ramp = (...targets: (readonly [seconds: number, from: number, to: number])[]): PlannedK6Scenario => ({
    ...steady(1, 1),
    stages: targets.map(([seconds, fromPerSecond, toPerSecond]) => ({ seconds, fromPerSecond, toPerSecond })),
  });

  test('scenarios are added up only where they overlap', () => {
    expect(peakPerSecond([steady(10, 60), steady(20, 60)])).toBe(30);
    expect(peakPerSecond([steady(10, 60), steady(20, 60, 60)])).toBe(20);
    expect(peakPerSecond([closed(60)])).toBe(0);
  });

  test('the end of a ramp and a jump are included', () => {
    expect(peakPerSecond([ramp([10, 0, 50])])).toBe(50);
    expect(peakPerSecond([ramp([10, 0, 10], [0, 10, 80], [10, 80, 0])])).toBe(80);
    expect(peakPerSecond([ramp([10, 0, 50]), steady(5, 60)])).toBe(55);
    expect(peakPerSecond([ramp([10, 50, 0]), steady(5, 60, 5)])).toBe(50);
  });
});
