import { describe, expect, test } from 'vitest';
import { parseDocument } from '../document/document.ts';
import type { Load, Plan } from '../model/model.ts';
import { unwrap } from '../model/result.ts';
import { renderPowerAnalysis } from '../render/power-analysis.ts';
import { SHIPPED_YAML } from '../testing/cases.ts';
import { planScenario } from './plan.ts';
import type { PlanOverrides } from './planned-load.ts';
import { analysePower, tooShort } from './power-analysis.ts';

const planned = (overrides: PlanOverrides = {}) => {
  return unwrap(planScenario(unwrap(parseDocument(SHIPPED_YAML)), 'steady', overrides));
};
const load = (plan: Plan) => plan.load as Load;
const shares = (plan: Plan) =>
  Object.fromEntries(analysePower(plan, load(plan)).map(({ id, detectable }) => [id, detectable]));
const messages = (overrides: PlanOverrides) => {
  const plan = planned(overrides);
  return tooShort(plan, load(plan)).map(({ code, message }) => `${code}: ${message}`);
};

describe('the power analysis', () => {
  // 1,500 requests; the first missed counts are 76, 16 and (for a strict limit) 15. Beta quantiles computed
  // with SciPy.
  test('is computed for runs in which the observed share decides', () => {
    const found = shares(planned());
    expect(found['latency-p95']!.independent).toBeCloseTo(0.0602665, 6);
    expect(found['latency-p99']!.independent).toBeCloseTo(0.0153565, 6);
    expect(found['error-rate']!.independent).toBeCloseTo(0.0145526, 6);
    expect(found['latency-p99']!.dependent).toBeCloseTo(0.0205457, 6);
    expect(found.throughput).toEqual({ independent: null, dependent: null });
  });

  test('is computed for runs that are decided by 95% bounds', () => {
    const found = shares(planned({ confidence: 0.95 }));
    expect(found['latency-p99']!.independent).toBeCloseTo(0.0208774, 6);
    expect(found['error-rate']!.independent).toBeCloseTo(0.0208774, 6);
  });

  test('counts scrapes for uptime', () => {
    const plan = planned();
    expect(analysePower(plan, load(plan)).find(({ id }) => id === 'model-uptime')).toMatchObject({
      planned: 61,
      plannedWhat: 'scrapes',
      least: 10,
    });
  });
});

describe('a limit that is not a bucket edge', () => {
  const withEdges = (edges: string, client = true) => {
    const yaml = SHIPPED_YAML.replace(/(http_request_duration_seconds:\s*)\[[^\]]*\]/, `$1[${edges}]`);
    const planned = unwrap(planScenario(unwrap(parseDocument(yaml)), 'steady'));
    const objectives = planned.objectives.map((one) =>
      client || one.measure.kind !== 'latency'
        ? one
        : { ...one, measure: { ...one.measure, clientPath: null } },
    );
    const plan = { ...planned, objectives };
    return { plan, p95: analysePower(plan, load(plan)).find(({ id }) => id === 'latency-p95')! };
  };

  test('counts only requests over the next higher edge as slow', () => {
    const { plan, p95 } = withEdges('0.1, 0.25, 0.3, 0.5', false);
    expect([p95.overSeconds, p95.detectable.independent]).toEqual([0.25, expect.closeTo(0.0602665, 6)]);
    expect(renderPowerAnalysis(plan, load(plan))).toContain(
      'latency-p95: "< 200ms" is not a bucket edge; MDE counts requests over 250 ms, the next edge above it.',
    );
  });
  test('detects nothing without a bucket edge above the limit', () => {
    const { plan, p95 } = withEdges('0.05, 0.1', false);
    expect([p95.overSeconds, p95.detectable]).toEqual([null, { independent: null, dependent: null }]);
    expect(renderPowerAnalysis(plan, load(plan))).toContain(
      'no edge lies above it, so it can never be missed.',
    );
  });
  test('has an exact effect if the latency is judged client-side', () => {
    expect(withEdges('0.05, 0.1').p95.overSeconds).toBeUndefined();
    expect(withEdges('0.05, 0.1').p95.detectable.independent).toBeCloseTo(0.0602665, 6);
  });
});

describe('a plan too short for its document', () => {
  test('is not a plan with exactly the required number of requests', () => {
    expect(messages({ durationSeconds: 12 })).toEqual([]);
    expect(messages({ durationSeconds: 9, ratePerSecond: 40 })).toEqual([]);
    expect(messages({ durationSeconds: 12, ratePerSecond: 40, confidence: 0.95 })).toEqual([]);
  });

  test('names each objective with too few requests', () => {
    const why = 'needs 299 requests, 275 are planned; make it at least 12 s long';
    expect(messages({ durationSeconds: 11 })).toEqual([
      `too-short: scenario "steady" is too short: objective "latency-p99" ${why}`,
      `too-short: scenario "steady" is too short: objective "error-rate" ${why}`,
    ]);
  });

  test('lacks scrapes for uptime', () => {
    expect(messages({ durationSeconds: 8, ratePerSecond: 40 })).toEqual([
      expect.stringContaining(
        'objective "model-uptime" needs 10 scrapes, 9 are planned; make it at least 9 s long',
      ),
    ]);
  });

  test('lacks requests or blocks for its confidence', () => {
    expect(messages({ durationSeconds: 12, confidence: 0.99 })[0]).toContain(
      'needs 459 requests, 300 are planned',
    );
    expect(messages({ durationSeconds: 11, ratePerSecond: 40, confidence: 0.95 })).toEqual([
      expect.stringContaining('a confidence needs 12 intervals between scrapes, 11 are planned'),
    ]);
  });
});

describe('phases', () => {
  const text = (after: string) =>
    SHIPPED_YAML.replace(
      'scenarios:\n',
      `  - { id: recovery, recovery: { of: latency-p95 }, target: "< 10s" }

scenarios:
  jolt:
    phases: [{ name: before, rate: 20/s, duration: 13s }, { name: spike, rate: 100/s, duration: 5s }, { name: after, rate: 20/s, duration: ${after} }]
    objectives: [{ id: recovery, phases: [spike] }, { id: latency-p95, phases: [before] }, { id: latency-p99, phases: [before] }, { id: model-uptime, phases: [before] }]
`,
    );
  const plan = (after: string, confidence?: number) => {
    const overrides = confidence === undefined ? {} : { confidence };
    return unwrap(planScenario(unwrap(parseDocument(text(after))), 'jolt', overrides));
  };

  test('are analysed by their own requests and scrapes; a recovery is analysed by those of the next phase', () => {
    const found = analysePower(plan('30s'), load(plan('30s')));
    expect(found.map(({ id, planned: count, least }) => [id, count, least])).toEqual([
      ['latency-p95 · before', 260, 59],
      ['latency-p99 · before', 260, 299],
      ['model-uptime · before', 13, 10],
      ['recovery · spike', 600, 59],
    ]);
  });

  test('that are too short are reported', () => {
    const told = (after: string, confidence?: number) =>
      tooShort(plan(after, confidence), load(plan(after))).map(({ message }) => message);
    expect(told('13s')).toEqual([
      expect.stringContaining(
        '"latency-p99 · before" needs 299 requests, 260 are planned; make phase "before" at least 15 s long',
      ),
    ]);
    expect(told('12s')[1]).toContain('make the phase after "spike" at least 13 s long (now 12 s)');
    // 13 s contain 13 scrapes, and 12 blocks between them.
    expect(told('13s', 0.95)).toHaveLength(1);
  });
});

test('the power analysis is printed as a table', () => {
  const plan = planned({ confidence: 0.95 });
  const text = renderPowerAnalysis(plan, load(plan));
  expect(text).toContain('steady: 1,500 requests in 60 s · decided at 95% confidence');
  expect(text).toMatch(/latency-p99 +< 500ms +1,500 requests +299 +2\.088% +3\.\d+%\n/);
  expect(text).toMatch(/model-uptime +>= 99\.9% +61 scrapes +10 +– +–\n/);
});
