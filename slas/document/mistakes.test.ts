import { describe, expect, test } from 'vitest';
import { unwrap } from '../model/result.ts';
import { parseDocument } from './document.ts';

/** Documents that do not say what their author meant are rejected with a suggestion. */

const BUCKETS =
  'buckets: { f_seconds: [0.1, 0.5, 1], f_milliseconds: [0.5, 100, 500, 1000], f: [100, 500, 1000], f_count: [1, 5], us: [500000] }';

const problemsOf = (objectives: string, service = '', rest = '') => {
  const parsed = parseDocument(
    `apiVersion: sla-harness/v1\nkind: SLA\nname: n\nservice: { selector: { job: j }, ${BUCKETS}${service} }\nobjectives:\n${objectives}\n${rest}`,
  );
  return parsed.ok ? [] : parsed.error.map(({ code, path, message }) => `${code} ${path}: ${message}`);
};
const problemsIn = (objective: string) => problemsOf(`- { id: a, ${objective} }`);
const measureIn = (objective: string) => {
  const parsed = unwrap(
    parseDocument(
      `apiVersion: sla-harness/v1\nkind: SLA\nname: n\nservice: { selector: { job: j }, ${BUCKETS} }\nobjectives:\n- { id: a, ${objective} }\n`,
    ),
  );
  return parsed.objectives[0]!;
};

const latency = (histogram: string, more = '') =>
  `target: < 500ms, latency: { histogram: ${histogram}, percentile: 95${more} }`;
const ratio = (limits: string) => `${limits}, ratio: { bad: { counter: b }, total: { counter: t } }`;

describe('limits that hardly any service misses', () => {
  test.each([
    [
      'target: < 500ms, latency: { histogram: f_seconds, percentile: 0.95 }',
      'write 95, or confirm it with unusual: true',
    ],
    ['target: "> 0/s", throughput: { counter: c }', 'is met by any service that responds at all'],
    ['target: "> 0", throughput: { counter: c }', 'unusual objectives[0].target'],
    [
      'target: "< 15/s", throughput: { counter: c }',
      'is met by a service that receives no requests: a throughput needs a lower limit, write "> 15/s"',
    ],
    ['target: "> 0%", mean: { histogram: m, unit: ratio }', 'unusual objectives[0].target'],
    ['target: < 100%, mean: { histogram: m, unit: ratio }', 'unusual objectives[0].target'],
    ['target: "> 0s", mean: { histogram: m_seconds }', 'unusual objectives[0].target'],
    [
      'target: < 500ms, latency: { histogram: f_seconds, percentile: 5 }',
      'lets 95% of the requests be slower',
    ],
    [
      'target: < 500ms, latency: { histogram: f_seconds, percentile: 49.9 }',
      'unusual objectives[0].latency.percentile',
    ],
    [ratio('target: < 1'), 'write a share such as "< 1%"'],
    [ratio('target: < 0.5'), '"< 0.5" is 50%, half of all events or more: write a share such as "< 0.5%"'],
    [ratio('target: < 60%'), 'write a share such as "< 1%"'],
    [ratio('target: < 1%, alert: "> 0.5"'), 'unusual objectives[0].alert'],
    ['target: "> 1%", uptime: { gauge: g }', 'is met by a service that is down half of the time'],
  ])('%s is refused, unless it is confirmed', (text, says) => {
    expect(problemsIn(text)).toEqual([expect.stringContaining(says)]);
    expect(problemsIn(`unusual: true, ${text}`)).toEqual([]);
  });

  test.each([
    'target: < 500ms, latency: { histogram: f_seconds, percentile: 50 }',
    ratio('target: < 49.9%, alert: "> 49.99%"'),
    'target: ">= 50.1%", alert: "< 10%", uptime: { gauge: g }',
    'target: "> 0.6", mean: { histogram: m }',
  ])('%s is accepted', (text) => expect(problemsIn(text)).toEqual([]));
});

describe('units of time', () => {
  test.each([
    [latency('f_milliseconds'), 'milliseconds'],
    [latency('f', ', unit: milliseconds'), 'milliseconds'],
    [latency('f_milliseconds', ', unit: milliseconds'), 'milliseconds'],
    [latency('us', ', unit: microseconds'), 'microseconds'],
    [latency('f_seconds'), undefined],
    [latency('f_seconds', ', unit: seconds'), undefined],
    ['target: < 250ms, mean: { histogram: m_milliseconds }', 'milliseconds'],
    ['target: < 250ms, mean: { histogram: m, unit: milliseconds }', 'milliseconds'],
    ['target: < 250ms, mean: { histogram: m, unit: seconds }', undefined],
    ['target: < 250ms, mean: { histogram: m_seconds }', undefined],
    ['target: "> 0.85", mean: { histogram: m }', undefined],
    ['target: < 1s, peak: { gauge: wait_ms }', 'milliseconds'],
    ['target: < 1000, peak: { gauge: wait_ms, unit: number }', undefined],
  ])('%s has its values in %s', (text, valuesIn) => {
    const { measure } = measureIn(text);
    const selection = 'histogram' in measure ? measure.histogram : 'gauge' in measure ? measure.gauge : null;
    expect(selection?.valuesIn).toBe(valuesIn);
  });

  test.each([
    [latency('f'), 'no-unit objectives[0].latency.histogram: the name "f" does not say which unit'],
    [latency('f', ', unit: parsecs'), 'wrong-value objectives[0].latency.unit'],
    [
      latency('f_milliseconds', ', unit: seconds'),
      'bad-unit objectives[0].latency.unit: unit is seconds, but the name "f_milliseconds" says milliseconds',
    ],
    ['target: < 1s, mean: { histogram: m_ms, unit: seconds }', 'bad-unit objectives[0].mean.unit'],
    ['target: < 1s, peak: { gauge: w_seconds, unit: microseconds }', 'bad-unit objectives[0].peak.unit'],
    ['target: < 90%, peak: { gauge: cpu_usage_percent }', 'so 0.7 is 0.7% and not 70%: write unit: number'],
    ['target: < 90%, peak: { gauge: cpuPct, unit: ratio }', 'bad-unit objectives[0].peak.unit'],
    ['target: < 90%, mean: { histogram: fill_percentage }', 'bad-unit objectives[0].mean.unit'],
    ['target: "> 0.85", mean: { histogram: m_seconds }', '"0.85" is not a valid duration'],
  ])('%s is refused', (text, says) => expect(problemsIn(text)).toEqual([expect.stringContaining(says)]));

  test('event-loop lag must be in seconds', () => {
    expect(problemsOf(`- { id: a, ${latency('f_seconds')} }`, ', lag: { gauge: lag_ms }')).toEqual([
      'bad-unit service.lag.gauge: "lag_ms" is in milliseconds: name a gauge in seconds',
    ]);
  });
});

describe('metrics of the wrong type', () => {
  const throughput = (counter: string, where = '') =>
    `target: "> 1/s", throughput: { counter: "${counter}"${where} }`;
  test.each([
    [
      throughput('job:http_requests:rate5m'),
      'not-a-counter objectives[0].throughput.counter: "job:http_requests:rate5m" is the result of a recording rule, not a counter of the service: name the counter that the rule reads, for example http_requests',
    ],
    [
      'target: < 1%, ratio: { bad: { counter: "a:b:sum" }, total: { counter: "t:x" } }',
      'not-a-counter objectives[0].ratio.bad.counter',
    ],
    [throughput('f_seconds_bucket'), 'name f_seconds_count, or one bucket by le'],
    [throughput('f_seconds_bucket', ', where: { le: { matches: ".+" } }'), 'or one bucket by le'],
    [throughput('f_seconds_bucket', ', where: { le: { matches: "0.1|0.5" } }'), 'or one bucket by le'],
    [
      throughput('f_created'),
      'is the time at which a counter was created: name the counter itself, as f_total',
    ],
    [
      'target: < 500ms, latency: { histogram: f_seconds_bucket, percentile: 95 }',
      '"f_seconds_bucket" names one of the histogram\'s series: write f_seconds, without _bucket',
    ],
    [
      'target: < 500ms, latency: { histogram: f_seconds_sum, percentile: 95 }',
      'write f_seconds, without _sum',
    ],
    ['target: "< 5", mean: { histogram: size_count, unit: number }', 'write size, without _count'],
    [
      'target: "< 5", mean: { histogram: "job:size:5m", unit: number }',
      'not-a-histogram objectives[0].mean.histogram',
    ],
    ['target: ">= 99%", uptime: { gauge: "job:up:max" }', 'not-scraped objectives[0].uptime.gauge'],
  ])('%s is refused', (text, says) => expect(problemsIn(text)[0]).toContain(says));

  test.each([
    throughput('f_seconds_count'),
    throughput('f_seconds_bucket', ', where: { le: +Inf }'),
    throughput('f_seconds_bucket', String.raw`, where: { le: { matches: '\+Inf' } }`),
    throughput('f_seconds_bucket', ', where: { le: { matches: "0.5" } }'),
    'target: < 100%, peak: { gauge: disk_used, unit: ratio }',
    'unusual: true, target: "< 5", mean: { histogram: size_count, unit: number }',
    'target: "< 5", peak: { gauge: "job:queue:max", unit: number }',
  ])('%s is accepted', (text) => expect(problemsIn(text)).toEqual([]));

  test('service.requests and the requests of a scenario must also be counters', () => {
    const objective = `- { id: a, ${latency('f_seconds')} }`;
    expect(problemsOf(objective, ', requests: { counter: "r:rate1m" }')).toEqual([
      expect.stringContaining('not-a-counter service.requests.counter'),
    ]);
    const scenarios = 'scenarios: { s: { rate: 3600/h, duration: 60s, requests: { counter: "r:rate1m" } } }';
    expect(problemsOf(objective, '', scenarios)).toEqual([
      expect.stringContaining('not-a-counter scenarios.s.requests.counter'),
    ]);
  });
});
