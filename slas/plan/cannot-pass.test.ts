import { describe, expect, test } from 'vitest';
import { parseDocument } from '../document/document.ts';
import type { Plan, PlannedK6Scenario } from '../model/model.ts';
import { unwrap } from '../model/result.ts';
import { SHIPPED_YAML } from '../testing/cases.ts';
import { cannotPass, tooFewScrapes } from './cannot-pass.ts';
import { scenarioWarnings, strictest } from './document-warnings.ts';
import { planScenario } from './plan.ts';
import { planScript } from './plan-script.ts';
import type { PlanOverrides } from './planned-load.ts';

const document = (yaml = SHIPPED_YAML) => unwrap(parseDocument(yaml));
const steady = (overrides: PlanOverrides = {}) => unwrap(planScenario(document(), 'steady', overrides));
const found = (plan: Plan) => cannotPass(plan, plan.load!).map(({ message }) => message);

const SMALL = (objective: string) => `apiVersion: sla-harness/v1
kind: SLA
name: checkout
service:
  selector: { job: checkout }
  buckets: { http_request_duration_seconds: [0.1, 0.5] }
objectives:
${objective}`;
const ERRORS = `  - id: error-rate
    title: Error rate
    ratio:
      bad: { counter: http_requests_total, where: { status: { matches: "5.." } } }
      total: { counter: http_requests_total }
    target: "< 1%"
`;

const arriving = (perSecond: number, seconds: number): PlannedK6Scenario => ({
  ...{ name: 'load', executor: 'constant-arrival-rate', startSeconds: 0, maxDurationSeconds: seconds },
  stages: [{ seconds, fromPerSecond: perSecond, toPerSecond: perSecond }],
  plannedIterations: perSecond * seconds,
});
const CLOSED: PlannedK6Scenario = {
  ...{ name: 'users', executor: 'constant-vus', startSeconds: 0, maxDurationSeconds: 5 },
  ...{ stages: null, plannedIterations: null },
};

function ofScript(yaml: string, scenarios: readonly PlannedK6Scenario[], confidence?: number): Plan {
  const script = {
    ...{ name: 'load', file: '/load.js', scenarios, longestSeconds: 100, maxRequestsPerSecond: null },
    plannedIterations: scenarios.reduce(
      (sum, one) => sum + (one.stages === null ? 0 : one.plannedIterations!),
      0,
    ),
    scheduledSeconds: Math.max(...scenarios.map((one) => one.maxDurationSeconds)),
  };
  return planScript(document(yaml), script, confidence === undefined ? {} : { confidence });
}

describe('a script', () => {
  test('that starts too few iterations, at one request each, is reported with a sufficient duration', () => {
    expect(found(ofScript(SMALL(ERRORS), [arriving(20, 12)]))).toEqual([
      'this run cannot pass if each iteration sends one request: objective "error-rate" (< 1%) needs at least 299 requests, and the script starts 240 iterations; at 20/s the load must last 15 s (now 12 s)',
    ]);
    expect(found(ofScript(SMALL(ERRORS), [arriving(20, 15)]))).toEqual([]);
    expect(found(ofScript(SMALL(ERRORS), [arriving(24, 12.5)]))).toEqual([]);
  });

  test('whose load depends on the service may send any number of requests', () => {
    expect(found(ofScript(SMALL(ERRORS), [CLOSED]))).toEqual([]);
    expect(found(ofScript(SMALL(ERRORS), [CLOSED, arriving(1, 5)]))).toEqual([]);
  });

  test('that is slower than the promised throughput is reported', () => {
    const throughput = (target: string) =>
      SMALL(
        `  - id: throughput\n    title: Throughput\n    throughput: { counter: http_requests_total }\n    target: "${target}"\n`,
      );
    expect(found(ofScript(throughput('> 20/s'), [arriving(20, 60)]))).toEqual([
      'this run cannot pass if each iteration sends one request: objective "throughput" (> 20/s) needs a higher rate than the 20/s at which the script starts iterations',
    ]);
    expect(found(ofScript(throughput('>= 20/s'), [arriving(20, 60)]))).toEqual([]);
  });

  test('needs more requests if they must prove the objective', () => {
    const [message] = found(ofScript(SMALL(ERRORS), [arriving(20, 15)], 0.95));
    expect(message).toMatch(
      /needs at least 3\d\d requests to be proved at 95% confidence, and the script starts 300/,
    );
    const seconds = Number(/must last (\d+) s/.exec(message!)![1]);
    expect(found(ofScript(SMALL(ERRORS), [arriving(20, seconds)], 0.95))).toEqual([]);
    expect(found(ofScript(SMALL(ERRORS), [arriving(20, seconds - 1)], 0.95))).toHaveLength(1);
  });
});

describe('a scenario', () => {
  test('that is long enough has no warning; without a confidence, the minimum number of requests is enough', () => {
    expect(found(steady())).toEqual([]);
    expect(found(steady({ durationSeconds: 15 }))).toEqual([]);
  });

  test('with only the minimum number of requests cannot prove anything if a confidence is requested', () => {
    const messages = found(steady({ durationSeconds: 13, confidence: 0.95 }));
    expect(messages.filter((one) => one.includes('to be proved at 95% confidence'))).not.toEqual([]);
    expect(found(steady({ confidence: 0.95 }))).toEqual([]);
  });

  test('with several looks is decided with the confidence of its last look', () => {
    const until = (maxSeconds: number) => found(steady({ untilDecided: { maxSeconds } }));
    expect(until(13).join()).toMatch(/to be proved at 95(\.\d+)?% confidence/);
    expect(until(300)).toEqual([]);
  });

  test('without an objective that decides the verdict is reported', () => {
    const plan = steady();
    expect(found({ ...plan, objectives: [] })).toEqual([
      'this run cannot pass: no objective of the document applies to it',
    ]);
    const advisory = plan.objectives.map((one) => ({ ...one, advisory: true as const }));
    expect(found({ ...plan, objectives: advisory })).toEqual([
      'this run cannot pass: all of its objectives are advisory or waived',
    ]);
  });

  test('whose advisory objective cannot be decided passes without it', () => {
    const plan = ofScript(SMALL(ERRORS.replace('    target', '    advisory: true\n    target')), [
      arriving(20, 12),
    ]);
    const other = { ...plan.objectives[0]!, id: 'other', leastSamples: 10 };
    const { advisory: _, ...deciding } = other;
    expect(found({ ...plan, objectives: [...plan.objectives, deciding] })).toEqual([]);
  });

  test('with a limit below the lowest bucket edge is reported, unless the objective is also judged client-side', () => {
    const latency = (client: string) =>
      SMALL(
        `  - id: latency-p95\n    title: Latency\n    latency: { histogram: http_request_duration_seconds, percentile: 95${client} }\n    target: "< 50ms"\n`,
      );
    expect(found(ofScript(latency(''), [arriving(20, 60)]))).toEqual([
      'this run cannot pass: the limit of objective "latency-p95" (< 50ms) is below the lowest bucket edge, so nothing can show that it is met',
    ]);
    expect(found(ofScript(latency(', client: /pay'), [arriving(20, 60)]))).toEqual([]);
  });
});

describe('a Prometheus that scrapes rarely', () => {
  const rarely = (plan: Plan, seconds: number) =>
    tooFewScrapes(plan, plan.load!, seconds).map(({ message }) => message);

  test('makes too few scrapes for an uptime', () => {
    expect(rarely(steady(), 30)).toEqual([
      'this run cannot pass: Prometheus scrapes the service every 30 s, and objective "model-uptime" (>= 99.9%) needs 10 scrapes: the load must last 270 s, or scrape it more often',
    ]);
    expect(rarely(steady({ durationSeconds: 270 }), 30)).toEqual([]);
    expect(rarely(steady(), 1)).toEqual([]);
  });

  test('yields too few scrape intervals for a confidence', () => {
    const plan = ofScript(SMALL(ERRORS), [arriving(20, 60)], 0.95);
    expect(rarely(plan, 15)).toEqual([
      'this run cannot pass: Prometheus scrapes the service every 15 s, and a confidence needs 12 scrape intervals: the load must last 180 s, or scrape it more often',
    ]);
    expect(rarely(ofScript(SMALL(ERRORS), [arriving(20, 60)]), 15)).toEqual([]);
  });
});

describe('a document', () => {
  test('as shipped contains no scenario that cannot pass', () => {
    expect(scenarioWarnings(document())).toEqual([]);
  });

  test('with a scenario that is too short, or too slow for its throughput, is warned about', () => {
    const short = SHIPPED_YAML.replace(
      '    rate: 20/s\n    duration: 20s\n',
      '    rate: 20/s\n    duration: 12s\n',
    );
    expect(
      scenarioWarnings(document(short)).map(({ path, message }) => `${path}: ${message}`),
    ).toContainEqual(
      expect.stringMatching(
        /^scenarios\.smoke: scenario "smoke" is too short: .*needs 299 requests, 240 are planned/,
      ),
    );
    const slow = SHIPPED_YAML.replace(
      '    rate: 20/s\n    duration: 20s\n',
      '    rate: 10/s\n    duration: 60s\n',
    );
    expect(scenarioWarnings(document(slow)).map(({ code }) => code)).toEqual(['out-of-reach']);
  });

  test('says how many requests its strictest objective needs', () => {
    expect(strictest(document())).toMatchObject({ leastSamples: 299 });
    const uptime = '  - id: up\n    title: Up\n    uptime: { gauge: up }\n    target: ">= 99%"\n';
    expect(strictest(document(SMALL(uptime)))).toBeNull();
  });
});
