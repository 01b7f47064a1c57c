import { describe, expect, test } from 'vitest';
import { parseDocument } from '../document/document.ts';
import type { Plan } from '../model/model.ts';
import { unwrap } from '../model/result.ts';
import { renderDecisionTimes } from '../render/decision-times.ts';
import { seeded } from '../simulation/queues.ts';
import { shareBounds } from '../statistics/intervals.ts';
import { SHIPPED_YAML } from '../testing/cases.ts';
import { decisionTimes, effectsOf, isSameLoad, proposedMaximum } from './decision-times.ts';
import { planScenario } from './plan.ts';
import type { PlanOverrides } from './planned-load.ts';

const document = unwrap(parseDocument(SHIPPED_YAML));
const planned = (overrides: PlanOverrides = { untilDecided: { maxSeconds: 600 } }, scenario = 'smoke') =>
  unwrap(planScenario(document, scenario, overrides));
const timesOf = (plan: Plan, effects: Record<string, number> = {}) =>
  decisionTimes(plan, plan.load!, new Map(Object.entries(effects)));
const of = (id: string, plan = planned(), effects = {}) =>
  timesOf(plan, effects).find((one) => one.id === id)!;

/** Simulates independent requests at 20/s, and returns the share of runs that have decided by the given look. */
function decidedBy(atSeconds: number, share: number, budget: number, runs: number): number {
  const { looks, atLeastSeconds } = planned().sequential!;
  const random = seeded(5);
  const decides = () => {
    let [bad, all] = [0, 0];
    for (const look of looks.filter((one) => one.atSeconds <= atSeconds)) {
      for (; all < 20 * look.atSeconds; all++) if (random() < share) bad++;
      const effect = { factor: 1, blocks: look.atSeconds };
      const { high } = shareBounds({ bad, all, effect }, look.confidence);
      // Five of the six objectives have bounds, and Holm's correction divides the error among them.
      const { low } = shareBounds({ bad, all, effect }, 1 - (1 - look.confidence) / 5);
      if (low > budget || (high <= budget && look.atSeconds >= atLeastSeconds)) return true;
    }
    return false;
  };
  return Array.from({ length: runs }, decides).filter(Boolean).length / runs;
}

describe('how long 80% of runs need to decide', () => {
  test.each([
    ['latency-p95', 0.05],
    ['latency-p99', 0.01],
  ])(
    '%s: at the stated look, but not at the one before, 80%% of simulated runs have decided',
    (id, budget) => {
      const { looks, atLeastSeconds } = planned().sequential!;
      const { better, worse } = of(id).independent;
      for (const [time, share] of [
        [better, budget / 2],
        [worse, 1.5 * budget],
      ] as const) {
        expect(decidedBy(time.atSeconds!, share, budget, 300)).toBeGreaterThan(0.77);
        const before = looks.findLast((look) => look.atSeconds < time.atSeconds!);
        // No objective is met before the shortest duration.
        if (before !== undefined && (share > budget || before.atSeconds >= atLeastSeconds))
          expect(decidedBy(before.atSeconds, share, budget, 300)).toBeLessThan(0.83);
      }
    },
  );

  test('dependent requests take longer by about the factor of their design effect', () => {
    const { independent, dependent } = of('latency-p99', planned(), { 'latency-p99': 10 });
    expect(dependent!.designEffect).toBe(10);
    const ratio = dependent!.worse.maxSeconds! / independent.worse.maxSeconds!;
    expect(ratio).toBeGreaterThan(7);
    expect(ratio).toBeLessThan(13);
    expect(dependent!.worse.atSeconds).toBeNull();
  });

  test('an objective that no run of four hours decides has no decision time, and no maximum duration is proposed', () => {
    const times = timesOf(planned(), { 'error-rate': 5000 });
    expect(times.find(({ id }) => id === 'error-rate')!.dependent!.better.maxSeconds).toBeNull();
    expect(proposedMaximum(times)).toBeNull();
    expect(renderDecisionTimes(times, [], 600, 'run')).toContain('not decided within 4 h');
  });

  test('is computed only for shares, and only for runs that last until they are decided', () => {
    expect(timesOf(planned()).map(({ id }) => id)).toEqual(['latency-p95', 'latency-p99', 'error-rate']);
    expect(timesOf(planned({}))).toEqual([]);
    expect(renderDecisionTimes([], [], 60, null)).toBe('');
  });

  test('a run of the proposed duration decides each objective, whether it is met or missed', () => {
    const proposed = proposedMaximum(timesOf(planned()))!;
    expect(proposed % 60).toBe(0);
    const again = timesOf(planned({ untilDecided: { maxSeconds: proposed } }));
    for (const { independent } of again) {
      expect(independent.better.atSeconds).not.toBeNull();
      expect(independent.worse.atSeconds).not.toBeNull();
    }
  });

  test('the words say whether a plan is too short, and whether an earlier run was found', () => {
    const text = renderDecisionTimes(timesOf(planned({ untilDecided: {} }, 'steady')), [], 60, null);
    expect(text).toMatch(/latency-p99 +needs \d+ s +needs \d+ s\n/);
    expect(text).toContain('no earlier run of this plan');
    expect(text).toContain('60 s is not enough');
    const known = renderDecisionTimes(timesOf(planned(), { 'latency-p95': 12.34 }), [], 600, 'the-run');
    expect(known).toMatch(/latency-p95 .* 12 /);
    expect(known).toContain('as dependent as in run the-run');
    expect(known).toMatch(/error-rate .* unknown/);
  });
});

describe('design effects of an earlier run', () => {
  const verdictOf = (id: string, factor: number, bad: number, all: number) => {
    const bounds = shareBounds({ bad, all, effect: { factor, blocks: Number.POSITIVE_INFINITY } }, 0.95);
    const isLatency = id !== 'error-rate';
    const share = isLatency ? 1 - bad / all : bad / all;
    const [low, high] = isLatency ? [1 - bounds.high, 1 - bounds.low] : [bounds.low, bounds.high];
    const one = { id, share, samples: all, interval: { low, high, confidence: 0.95 } };
    return { objectives: [one] } as unknown as Parameters<typeof effectsOf>[0];
  };

  test.each([
    ['latency-p95', 1, 20, 1500],
    ['latency-p95', 23, 60, 9000],
    ['error-rate', 7, 0, 1500],
    ['error-rate', 7, 30, 1500],
  ])('%s: a design effect of %d is recovered from the bounds', (id, factor, bad, all) => {
    const found = effectsOf(verdictOf(id, factor, bad, all), planned()).get(id)!;
    expect(found / factor).toBeCloseTo(1, 3);
  });

  test('are taken only from a run with the same objectives and rates; duration and confidence may differ', () => {
    expect(isSameLoad(planned(), planned({ durationSeconds: 30, confidence: 0.99 }))).toBe(true);
    expect(isSameLoad(planned(), planned({ ratePerSecond: 30 }))).toBe(false);
    expect(isSameLoad(planned(), planned({}, 'steady'))).toBe(false);
  });
});
