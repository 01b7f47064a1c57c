import { describe, expect, test } from 'vitest';
import { parseDocument } from '../document/document.ts';
import type { SlaDocument } from '../model/model.ts';
import { fail, unwrap } from '../model/result.ts';
import { planScenario, planWindow } from './plan.ts';

/** Complete plans: the queries to Prometheus, the load, and the number of bad requests that ends the load. */

const YAML = `
apiVersion: sla-harness/v1
kind: SLA
name: shop
service:
  selector: { job: shop }
  requests: { counter: r_total, where: { handler: /buy } }
  lag: { gauge: lag_seconds }
  buckets: { took_seconds: [0.2, 0.5] }
  warmUp: { path: /buy, bodies: [{}] }
objectives:
  - { id: slow-p95, title: How slow, target: < 200ms, alert: "> 500ms", latency: { histogram: took_seconds, percentile: 95, client: /buy } }
  - { id: slow-p90, target: <= 500ms, latency: { histogram: took_seconds, percentile: 90 } }
  - { id: errors, target: < 1%, ratio: { bad: { counter: r_total, where: { status: { matches: 5.. } }, absent: zero }, total: { counter: r_total }, lost: bad } }
  - { id: none, target: <= 0%, ratio: { bad: { counter: r_total, where: { status: "503" } }, total: { counter: r_total } } }
  - { id: rate, target: "> 3/s", throughput: { counter: r_total, where: { status: "200" } } }
  - { id: most, target: < 40/s, unusual: true, throughput: { counter: r_total } }
  - { id: up, target: ">= 99%", uptime: { gauge: ready } }
  - { id: size, target: < 12.5, mean: { histogram: size, unit: number } }
scenarios:
  two: { description: d, seed: 7, phases: [{ name: low, rate: 2.5/s, duration: 10s }, { name: high, rate: 30/s, duration: 50s }], objectives: [slow-p95, { id: errors, phases: [high] }, rate, most, size] }
  slow: { rate: 1/s, duration: 10s }
  all: { rate: 25/s, duration: 60s }
`;

function shop(): SlaDocument {
  return unwrap(parseDocument(YAML));
}

test('a document with two phases gives exactly this plan', () => {
  // 2.5/s for 10 s and 30/s for 50 s are 1,525 requests, 5% of which are 76.25. In a phase of 1,500 requests, 15 errors are already 1%.
  // slas/prometheus/stored-text.test.ts compares the selections with the selectors.
  const { selections: _, ...plan } = unwrap(planScenario(shop(), 'two'));
  expect(plan).toStrictEqual({
    schema: 'sla-harness/plan/v1',
    sla: {
      name: 'shop',
      scenario: 'two',
    },
    confidence: null,
    load: {
      scenario: 'two',
      script: 'loadtests/two.ts',
      phases: [
        {
          name: 'low',
          ratePerSecond: 2.5,
          durationSeconds: 10,
        },
        {
          name: 'high',
          ratePerSecond: 30,
          durationSeconds: 50,
        },
      ],
      seed: 7,
      arrivals: 'even',
      requestsPerArrival: 1,
      requestTimeoutSeconds: 10,
      warmUp: {
        path: '/buy',
        bodies: [{}],
      },
      plannedRequests: 1525,
      scheduledSeconds: 60,
      budgets: [
        {
          objective: 'slow-p95',
          phase: null,
          overSeconds: 0.2,
          badStatus: null,
          path: '/buy',
          atMost: 76,
        },
        {
          objective: 'errors · high',
          phase: 'high',
          overSeconds: null,
          badStatus: '5..',
          path: null,
          atMost: 14,
        },
      ],
    },
    up: 'up{job="shop"}',
    processStart: 'process_start_time_seconds{job="shop"}',
    cpu: 'process_cpu_seconds_total{job="shop"}',
    requests: 'r_total{job="shop",handler="/buy"}',
    lag: 'lag_seconds{job="shop"}',
    objectives: [
      {
        id: 'slow-p95',
        title: 'How slow',
        unit: 'seconds',
        measure: {
          kind: 'latency',
          buckets: 'took_seconds_bucket{job="shop"}',
          percentile: 95,
          clientPath: '/buy',
        },
        target: {
          text: '< 200ms',
          comparison: '<',
          value: 0.2,
        },
        alert: {
          text: '> 500ms',
          comparison: '>',
          value: 0.5,
        },
        leastSamples: 59,
      },
      {
        id: 'errors · high',
        phase: 'high',
        title: 'errors',
        unit: 'ratio',
        measure: {
          kind: 'ratio',
          bad: 'r_total{job="shop",status=~"5.."}',
          badAbsent: 'zero',
          total: 'r_total{job="shop"}',
          lost: 'bad',
          badStatus: '5..',
          badLabels: ['status'],
          totalStatus: null,
        },
        target: {
          text: '< 1%',
          comparison: '<',
          value: 0.01,
        },
        alert: null,
        leastSamples: 299,
      },
      {
        id: 'rate',
        title: 'rate',
        unit: 'per_second',
        measure: {
          kind: 'throughput',
          counter: 'r_total{job="shop",status="200"}',
          status: '200',
        },
        target: {
          text: '> 3/s',
          comparison: '>',
          value: 3,
        },
        alert: null,
        leastSamples: 30,
      },
      {
        id: 'most',
        title: 'most',
        unit: 'per_second',
        measure: {
          kind: 'throughput',
          counter: 'r_total{job="shop"}',
          status: null,
        },
        target: {
          text: '< 40/s',
          comparison: '<',
          value: 40,
        },
        alert: null,
        leastSamples: 30,
      },
      {
        id: 'size',
        title: 'size',
        unit: 'number',
        measure: {
          kind: 'mean',
          sum: 'size_sum{job="shop"}',
          count: 'size_count{job="shop"}',
        },
        target: {
          text: '< 12.5',
          comparison: '<',
          value: 12.5,
        },
        alert: null,
        leastSamples: 30,
      },
    ],
    alerts: {
      states: 'ALERTS{sla="shop"}',
      recorded: '{__name__=~"sla:(bad_share|value):over.+",sla="shop"}',
      rules: [
        {
          name: 'SlowP95Target',
          objective: 'slow-p95',
          threshold: 'target',
          forSeconds: 300,
          judged: ['slow-p95'],
        },
        { name: 'SlowP95', objective: 'slow-p95', threshold: 'alert', forSeconds: 300, judged: ['slow-p95'] },
        {
          name: 'ErrorsTarget',
          objective: 'errors',
          threshold: 'target',
          forSeconds: 300,
          judged: ['errors · high'],
        },
        { name: 'RateTarget', objective: 'rate', threshold: 'target', forSeconds: 300, judged: ['rate'] },
        { name: 'MostTarget', objective: 'most', threshold: 'target', forSeconds: 300, judged: ['most'] },
        { name: 'SizeTarget', objective: 'size', threshold: 'target', forSeconds: 300, judged: ['size'] },
      ],
    },
  });
});

describe('what cannot be planned', () => {
  test('a load that is too small for a promised throughput', () => {
    expect(planScenario(shop(), 'slow')).toEqual(
      fail([
        {
          code: 'out-of-reach',
          path: 'scenarios.slow',
          message:
            'scenario "slow" sends 1/s: rate "> 3/s" cannot be met; raise the rate, or remove it from the scenario\'s objectives',
        },
      ]),
    );
  });

  test('a load that exactly equals a strict limit is too small', () => {
    expect(planScenario(shop(), 'slow', { ratePerSecond: 3 })).toMatchObject(
      fail([{ code: 'out-of-reach' }]),
    );
    expect(planScenario(shop(), 'slow', { ratePerSecond: 3.1 })).toHaveProperty('value.objectives');
  });

  test('a missing scenario', () => {
    const message = (document: SlaDocument) => planScenario(document, 'x');
    const problem = { code: 'unknown-scenario', path: 'scenarios.x' };
    expect(message(shop())).toEqual(
      fail([{ ...problem, message: 'the document of shop has no scenario "x": it has two, slow, all' }]),
    );
    expect(message({ ...shop(), scenarios: [] })).toEqual(
      fail([{ ...problem, message: 'the document of shop has no scenario "x": it has none' }]),
    );
  });
});

test('the plan has the minimum number of requests that decide each objective', () => {
  const least = planWindow(shop()).objectives.map(({ id, leastSamples }) => [id, leastSamples]);
  expect(least).toEqual([
    ['slow-p95', 59],
    ['slow-p90', 29],
    ['errors', 299],
    ['none', 1],
    ['rate', 30],
    ['most', 30],
    ['up', 10],
    ['size', 30],
  ]);
});

test('the plan of a document without service.requests, lag and warm-up has none of these', () => {
  const { requests: _, lag: __, warmUp: ___, ...service } = shop().service;
  const plan = unwrap(planScenario({ ...shop(), service }, 'two'));
  expect(plan).toMatchObject({ requests: null, lag: null, load: { warmUp: null } });
});

test('critical alerts wait for one minute; warnings wait longer', () => {
  const alerting = {
    names: { 'slow-p95': { name: 'Slow', severity: 'critical' as const } },
    drift: null,
    raw: [],
  };
  const { alerts } = planWindow({ ...shop(), alerting: { runbooks: null, ...alerting } });
  expect(alerts!.rules.slice(0, 3).map(({ name, forSeconds }) => [name, forSeconds])).toEqual([
    ['SlowTarget', 300],
    ['Slow', 60],
    ['SlowP90Target', 300],
  ]);
});

describe('a plan contains what only some documents need', () => {
  const objectives = `objectives:
  - { id: slow, target: < 200ms, latency: { histogram: took_seconds, percentile: 90, client: /buy } }
  - { id: back, target: < 20s, recovery: { of: slow } }
  - { id: peak, target: < 5, peak: { gauge: depth, unit: number } }
  - { id: mean, target: < 5, mean: { histogram: size, unit: number, client: /buy } }
  - { id: rate, target: "> 3/s", throughput: { counter: r_total } }`;
  const planned = (service: string, named: string) => {
    const text = `apiVersion: sla-harness/v1\nkind: SLA\nname: n\nservice: { selector: { job: j }, buckets: { took_seconds: [0.2] }${service} }\n${objectives}\nscenarios:\n  s: { phases: [{ name: low, rate: 2/s, duration: 30s }, { name: high, rate: 9/s, duration: 30s }], objectives: [${named}] }\n`;
    return planScenario(unwrap(parseDocument(text)), 's');
  };
  const planOf = (service: string, named: string) => unwrap(planned(service, named));
  const MIN = { slow: 29, back: 29, peak: 10, mean: 30 };

  test('recoveries, peaks, and means that are reconciled with the client', () => {
    expect(planOf('', '{ id: back, phases: [low] }, peak, mean')).toMatchObject({
      objectives: [
        {
          id: 'back · low',
          leastSamples: MIN.back,
          measure: { kind: 'recovery', path: '/buy', percentile: 90, withinSeconds: 0.2 },
        },
        { id: 'peak', leastSamples: MIN.peak, measure: { kind: 'peak', gauge: 'depth{job="j"}' } },
        { id: 'mean', leastSamples: MIN.mean, measure: { kind: 'mean', clientPath: '/buy' } },
      ],
    });
  });

  test('elastic replicas, and other clients', () => {
    expect(planOf('', 'slow')).not.toHaveProperty('replicas');
    expect(planOf('', 'slow')).not.toHaveProperty('isolated');
    expect(planOf(', replicas: elastic, isolated: false', 'slow')).toMatchObject({
      replicas: 'elastic',
      isolated: false,
    });
  });

  test('a throughput in the phase that it applies to', () => {
    expect(planned('', '{ id: rate, phases: [high] }')).toMatchObject({ ok: true });
    expect(planned('', '{ id: rate, phases: [low] }')).toMatchObject(
      fail([
        { message: expect.stringContaining('sends 2/s in phase "low": rate · low "> 3/s" cannot be met;') },
      ]),
    );
  });

  test('an objective without a client side has no error budget', () => {
    const { budgets } = unwrap(planScenario(shop(), 'all')).load!;
    expect(budgets.map(({ objective }) => objective)).toEqual(['slow-p95', 'errors']);
  });
});
