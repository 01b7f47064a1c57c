import { describe, expect, test } from 'vitest';
import { parseDocument } from '../document/document.ts';
import type { SlaDocument } from '../model/model.ts';
import { fail, unwrap } from '../model/result.ts';
import { SHIPPED_YAML } from '../testing/cases.ts';
import { planScenario, planWindow } from './plan.ts';

function documentOf(yaml: string): SlaDocument {
  return unwrap(parseDocument(yaml));
}

const shipped = () => documentOf(SHIPPED_YAML);
const planned = (name: string, overrides = {}, document = shipped()) =>
  unwrap(planScenario(document, name, overrides));

describe('a scenario', () => {
  test('carries its load', () => {
    expect(planned('smoke').load).toMatchObject({
      scenario: 'smoke',
      plannedRequests: 400,
      scheduledSeconds: 20,
    });
    expect(planned('steady').load).toMatchObject({ plannedRequests: 1500, scheduledSeconds: 60 });
  });

  test('rate and duration can be changed independently', () => {
    expect(planned('steady', { ratePerSecond: 50 }).load).toMatchObject({
      plannedRequests: 3000,
      scheduledSeconds: 60,
    });
    expect(planned('steady', { durationSeconds: 10 }).load).toMatchObject({
      plannedRequests: 250,
      scheduledSeconds: 10,
    });
  });

  test('takes its confidence from the document, or from the caller', () => {
    const sure = documentOf(SHIPPED_YAML.replace('objectives:\n', 'confidence: 0.9\nobjectives:\n'));
    expect(planned('steady').confidence).toBeNull();
    expect(planned('steady', {}, sure).confidence).toBe(0.9);
    expect(planned('steady', { confidence: 0.99 }, sure).confidence).toBe(0.99);
    expect(planWindow(sure).confidence).toBe(0.9);
    expect(planned('steady', { confidence: 0.99 }).load!.phases[0]).toEqual(
      planned('steady').load!.phases[0],
    );
  });

  test.each([0.51, 0.899, 1, 95, '"0.95"'])('with a confidence of %s is rejected', (confidence) => {
    const text = SHIPPED_YAML.replace('objectives:\n', `confidence: ${confidence}\nobjectives:\n`);
    expect(parseDocument(text)).toMatchObject({
      ok: false,
      error: [{ path: 'confidence', line: expect.any(Number) }],
    });
  });

  test('with a confidence has no error budget that could stop it', () => {
    expect(planned('steady').load!.budgets).not.toEqual([]);
    expect(planned('steady', { confidence: 0.95 }).load!.budgets).toEqual([]);
  });

  test('needs more requests for a higher confidence', () => {
    const least = (confidence: number) =>
      planned('steady', { confidence })
        .objectives.slice(0, 3)
        .map(({ leastSamples }) => leastSamples);
    expect(least(0.99)).toEqual([90, 459, 459]);
    expect(least(0.8)).toEqual([59, 299, 299]);
  });

  test('that does not exist is reported with a list of the existing scenarios', () => {
    expect(planScenario(shipped(), 'nope')).toEqual(
      fail([
        {
          code: 'unknown-scenario',
          path: 'scenarios.nope',
          message: expect.stringContaining('smoke, steady'),
        },
      ]),
    );
  });

  test('has only the objectives that it names, in the order of the document', () => {
    const document = documentOf(
      SHIPPED_YAML.replace('rate: 20/s\n', 'rate: 20/s\n    objectives: [confidence, error-rate]\n'),
    );
    expect(planned('smoke', {}, document).objectives.map(({ id }) => id)).toEqual([
      'error-rate',
      'confidence',
    ]);
    expect(planned('steady', {}, document).objectives).toHaveLength(6);
    expect(planWindow(document).objectives).toHaveLength(6);
  });

  test('with several phases adds up their requests', () => {
    const phases = `
    phases:
      - { name: low, rate: 60/s, duration: 30s }
      - { name: high, rate: 0.5/s, duration: 1m }`;
    const document = documentOf(`${SHIPPED_YAML.split('scenarios:')[0]}scenarios:\n  ramp:${phases}\n`);
    expect(planned('ramp', {}, document).load).toMatchObject({
      script: 'loadtests/ramp.ts',
      plannedRequests: 1830,
      scheduledSeconds: 90,
      phases: [
        { name: 'low', ratePerSecond: 60, durationSeconds: 30 },
        { name: 'high', ratePerSecond: 0.5, durationSeconds: 60 },
      ],
    });
  });
});

describe('error budgets', () => {
  test('are the largest numbers of bad requests that the whole plan allows, by the rule of each objective', () => {
    const budgets = planned('steady').load!.budgets.map(({ objective, atMost }) => [objective, atMost]);
    // 5% and 1% of 1,500 may be slow; errors must stay below 1%, so 15 are too many.
    expect(budgets).toEqual([
      ['latency-p95', 75],
      ['latency-p99', 15],
      ['error-rate', 14],
    ]);
  });

  test('say which requests are bad', () => {
    expect(planned('steady').load!.budgets).toMatchObject([
      { overSeconds: 0.2, badStatus: null, path: '/predict' },
      { overSeconds: 0.5, badStatus: null, path: '/predict' },
      { overSeconds: null, badStatus: '3..|5..|429|499', path: null },
    ]);
  });

  test('of a status class are used up by the codes of that class, under any label name', () => {
    const labels = [
      ['status: { matches: "3..|5..|429|499" }', 'status: 5xx'],
      ['status: { matches: "3..|5..|429|499" }', 'http_response_status_code: { matches: 5xx|429 }'],
      ['status: { matches: "3..|5..|429|499" }', 'response_code_class: "5"'],
    ] as const;
    const budgets = labels.map(
      ([from, to]) =>
        planned('steady', {}, documentOf(SHIPPED_YAML.replace(from, to))).load!.budgets.at(-1)!.badStatus,
    );
    expect(budgets).toEqual(['5..', '429|5..', '5..']);
  });
});

test('a load smaller than the promised throughput is rejected', () => {
  expect(planScenario(shipped(), 'steady', { ratePerSecond: 10 })).toMatchObject(
    fail([
      {
        code: 'out-of-reach',
        message: expect.stringContaining('sends 10/s: throughput "> 15/s" cannot be met'),
      },
    ]),
  );
});

describe('a plan', () => {
  test('has the minimum number of requests to decide', () => {
    const least = planWindow(shipped()).objectives.map(({ id, leastSamples }) => [id, leastSamples]);
    expect(Object.fromEntries(least)).toEqual({
      'latency-p95': 59,
      'latency-p99': 299,
      'error-rate': 299,
      throughput: 30,
      'model-uptime': 10,
      confidence: 30,
    });
  });

  test('queries only plain selectors of the service', () => {
    const plan = planWindow(shipped());
    expect(plan.load).toBeNull();
    expect(plan.up).toBe('up{job="sentiment-api"}');
    expect(plan.requests).toBe('http_requests_total{job="sentiment-api",method="POST",handler="/predict"}');
    expect(plan.objectives.map(({ measure }) => measure)).toMatchObject([
      { kind: 'latency', percentile: 95, buckets: expect.stringContaining('_bucket{job="sentiment-api"') },
      { kind: 'latency', percentile: 99 },
      {
        kind: 'ratio',
        badAbsent: 'zero',
        lost: 'bad',
        bad: expect.stringContaining('status=~"3..|5..|429|499"'),
      },
      { kind: 'throughput' },
      { kind: 'uptime', gauge: 'sentiment_model_loaded{job="sentiment-api"}' },
      {
        kind: 'mean',
        sum: 'sentiment_prediction_confidence_sum{job="sentiment-api"}',
        count: 'sentiment_prediction_confidence_count{job="sentiment-api"}',
      },
    ]);
  });

  test('is the same after being written as JSON and read again', () => {
    const plan = planned('steady');
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  });
});

describe('objectives in phases', () => {
  const text = SHIPPED_YAML.replace(
    'scenarios:\n',
    `  - { id: recovery, recovery: { of: latency-p95 }, target: "< 10s" }

scenarios:
  jolt:
    phases: [{ name: before, rate: 20/s, duration: 30s }, { name: spike, rate: 100/s, duration: 5s }, { name: after, rate: 20/s, duration: 30s }]
    objectives:
      - { id: recovery, phases: [spike] }
      - { id: latency-p95, phases: [after, before] }
      - error-rate
      - latency-p95
`,
  );
  const document = documentOf(text);
  const plan = planned('jolt', {}, document);

  test('have one row each, in the order of the document and of the phases', () => {
    expect(plan.objectives.map(({ id, phase }) => [id, phase ?? null])).toEqual([
      ['latency-p95', null],
      ['latency-p95 · before', 'before'],
      ['latency-p95 · after', 'after'],
      ['error-rate', null],
      ['recovery · spike', 'spike'],
    ]);
    expect(plan.objectives.at(-1)).toMatchObject({
      unit: 'seconds',
      leastSamples: 59,
      measure: { kind: 'recovery', path: '/predict', percentile: 95, withinSeconds: 0.2 },
    });
  });

  test('have error budgets for their phase', () => {
    expect(plan.load!.budgets.map(({ objective, phase, atMost }) => [objective, phase, atMost])).toEqual([
      ['latency-p95', null, 85],
      ['latency-p95 · before', 'before', 30],
      ['latency-p95 · after', 'after', 30],
      ['error-rate', null, 16],
    ]);
  });

  test('apply to the whole window if it has no load, without recovery objectives', () => {
    const { objectives } = planWindow(document);
    expect(objectives.map(({ id }) => id)).toEqual(planWindow(shipped()).objectives.map(({ id }) => id));
    expect(objectives.map(({ measure }) => measure.kind)).not.toContain('recovery');
  });

  test('a throughput must be reachable in its phase', () => {
    const out = documentOf(
      text
        .replace('      - error-rate\n', '      - { id: throughput, phases: [before] }\n')
        .replace('before, rate: 20/s', 'before, rate: 15/s'),
    );
    expect(planScenario(out, 'jolt')).toMatchObject(
      fail([{ code: 'out-of-reach', message: expect.stringContaining('15/s in phase "before"') }]),
    );
  });
});
