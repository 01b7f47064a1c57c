import { describe, expect, test } from 'vitest';
import type { StepOutcome } from '../../slas/capacity/search.ts';
import { parseDocument } from '../../slas/document/document.ts';
import type { LoadRecord, Reading, Sample } from '../../slas/model/model.ts';
import { planScenario } from '../../slas/plan/plan.ts';
import { knownDocument } from '../selftest/at-limit/known-document.ts';
import { checkShares } from './replica-shares.ts';

/** Which replicas received the requests of a step, from the samples of their counters. */

const parsed = parseDocument(knownDocument({ ratePerSecond: 20, maxSeconds: 60, atLeastSeconds: 20 }));
if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
const planned = planScenario(parsed.value, 'selftest');
if (!planned.ok) throw new Error(JSON.stringify(planned.error));
const plan = planned.value;

const WINDOW = { fromSeconds: 1000, toSeconds: 1020 };
const addressOf = (index: number) => `10.0.0.${index + 1}:8000`;

interface Step {
  /** What each replica counted. */
  readonly counted: readonly number[];
  readonly sent: number;
  readonly everySeconds?: number;
}

/** A counter grows evenly between the scrape before the step and the scrape after it. */
function measured({ counted, sent, everySeconds = 5 }: Step) {
  const times = Array.from({ length: 9 }, (_, index) => 1000 + (index - 4) * everySeconds + 0.5);
  const [open, close] = [times.findLast((at) => at <= 1000)!, times.find((at) => at >= 1020)!];
  const reading = (selector: string, name: string, valueAt: (part: number, whole: number) => number) => {
    const series = counted.map((whole, index) => ({
      labels: { __name__: name, job: 'known', instance: addressOf(index) },
      samples: times.map((at): Sample => {
        const part = Math.min(1, Math.max(0, (at - open) / (close - open)));
        return [at, String(valueAt(part, whole))];
      }),
    }));
    const query = `${selector}[60s]`;
    return { selector, query, atSeconds: 1060, series, warnings: [], error: null } satisfies Reading;
  };
  const load = { sent } as LoadRecord;
  return {
    plan,
    run: { schema: 'sla-harness/run/v1', id: 'run', window: WINDOW, load, incidents: null } as const,
    evidence: {
      schema: 'sla-harness/evidence/v1',
      prometheus: { url: 'http://127.0.0.1:9090' },
      readings: [
        reading(plan.up, 'up', () => 1),
        reading(plan.requests!, 'http_requests_total', (part, whole) => Math.round(part * whole)),
      ],
    } as const,
  };
}

const check = (step: Step, outcome: StepOutcome = 'met', replicas = 2) =>
  checkShares(measured(step), outcome, {}, replicas);

describe('behind a Service', () => {
  test.each<[string, Step, number]>([
    ['equal shares', { counted: [200, 200], sent: 400 }, 2],
    ['unequal shares', { counted: [300, 100], sent: 400 }, 2],
    ['a small share of one of many', { counted: [...Array(15).fill(26), 10], sent: 400 }, 16],
    [
      'a scrape interval that is longer than the step',
      { counted: [200, 200], sent: 400, everySeconds: 30 },
      2,
    ],
    ['probes and scrapes that are counted', { counted: [240, 240], sent: 400 }, 2],
    ['a single replica', { counted: [400], sent: 400 }, 1],
  ])('%s are accepted', (_, step, replicas) => {
    expect(() => check(step, 'met', replicas)).not.toThrow();
  });

  test.each<[string, Step]>([
    ['received nothing', { counted: [400, 0], sent: 400 }],
    ['received only probes and scrapes', { counted: [440, 40], sent: 400 }],
    ['received a few requests of other clients', { counted: [410, 10], sent: 400 }],
  ])('a replica that %s ends the search, whether the step was met, undecided or missed', (_, step) => {
    for (const outcome of ['met', 'undecided', 'missed'] as const)
      expect(() => check(step, outcome)).toThrow('only 1 of 2 replicas received requests');
  });

  test('a replica that is not scraped ends the search', () => {
    expect(() => check({ counted: [400], sent: 400 }, 'undecided')).toThrow('only 1 of 2 replicas');
  });

  test('a replica that stopped responding may have received requests that nothing counted', () => {
    expect(() => check({ counted: [200, 0], sent: 400 }, 'missed')).not.toThrow();
  });

  test('a replica that counted nothing ends a search whose step was met, even if some requests were counted by no replica', () => {
    const step = { counted: [...Array(15).fill(26), 0], sent: 394 };
    expect(() => check(step, 'met', 16)).toThrow('only 15 of 16 replicas received requests');
    expect(() => check(step, 'undecided', 16)).not.toThrow();
  });

  test('a step that was met with more replicas than were requested ends the search', () => {
    expect(() => check({ counted: [200, 100, 100], sent: 400 })).toThrow(
      '3 replicas were scraped during this step, but the Deployment was scaled to 2',
    );
    expect(() => check({ counted: [200, 100, 100], sent: 400 }, 'undecided')).not.toThrow();
  });

  test('an invalid step, and one whose counts cannot be used, are not checked', () => {
    const step = measured({ counted: [400, 0], sent: 400 });
    expect(() => checkShares(step, 'invalid', {}, 2)).not.toThrow();
    const failed = step.evidence.readings.map((one) => ({ ...one, error: 'timeout' }));
    const unread = { ...step, evidence: { ...step.evidence, readings: failed } };
    expect(() => checkShares(unread, 'undecided', {}, 2)).not.toThrow();
  });
});

test('processes of this machine should receive the same number of requests', () => {
  const replicaUrls = [0, 1].map((index) => `http://${addressOf(index)}`);
  const turns = (counted: readonly number[], outcome: StepOutcome) =>
    checkShares(measured({ counted, sent: 400 }), outcome, { replicaUrls }, 2);
  expect(() => turns([210, 190], 'met')).not.toThrow();
  expect(() => turns([350, 50], 'met')).toThrow(
    'replica 2 (http://10.0.0.2:8000) received 50 of 400 requests, but each of 2 replicas should receive the same number',
  );
  // A process that ended under the load is a result.
  expect(() => turns([350, 50], 'missed')).not.toThrow();
});
