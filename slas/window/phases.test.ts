import fc from 'fast-check';
import { expect, test } from 'vitest';
import { columnsOf } from '../client/columns.ts';
import type { ObjectiveVerdict, Sample, Series } from '../model/model.ts';
import { ORIGIN_SECONDS } from '../testing/case-text.ts';
import { healthy } from '../testing/cases.ts';
import { thin } from '../testing/downsampled.ts';
import { judgeInWords } from '../testing/judge-in-words.ts';

/**
 * Services that stall at random, including at phase edges, with counters derived from each simulated request. The verdict on a phase must
 * hold for the requests that were sent in that phase.
 */

const document = (client: string) => `
apiVersion: sla-harness/v1
kind: SLA
name: stalling
service:
  selector: { job: sentiment-api }
  requests: { counter: http_requests_total, where: { method: POST, handler: /predict } }
  buckets: { http_request_duration_seconds: [0.1, 0.2, 0.5, 1] }
objectives:
  - id: latency-p95
    latency: { histogram: http_request_duration_seconds, where: { status: { matches: 2.. } }, percentile: 95${client} }
    target: "< 200ms"
  - id: quickness
    ratio:
      bad: { counter: http_requests_total, where: { handler: /predict, status: { matches: 5.. } }, absent: zero }
      total: { counter: http_requests_total, where: { handler: /predict } }
    target: "<= 5%"
scenarios:
  steps:
    phases:
      - { name: before, rate: 20/s, duration: 12s }
      - { name: hold, rate: 40/s, duration: 15s }
      - { name: after, rate: 20/s, duration: 12s }
    objectives: [{ id: latency-p95, phases: [before, hold, after] }, { id: quickness, phases: [before, hold, after] }]
`;

const PHASES = [
  { name: 'before', from: 10.2, to: 22.2, rate: 20 },
  { name: 'hold', from: 22.2, to: 37.2, rate: 40 },
  { name: 'after', from: 37.2, to: 49.2, rate: 20 },
];

interface Request {
  readonly sent: number;
  readonly took: number;
  readonly isError: boolean;
}

interface Burst {
  readonly at: number;
  readonly length: number;
  readonly took: number;
  readonly isError: boolean;
}

const requestsWith = (bursts: readonly Burst[]): readonly Request[] =>
  PHASES.flatMap(({ from, to, rate }) =>
    Array.from({ length: Math.round((to - from) * rate) }, (_, index): Request => {
      const sent = from + index / rate;
      const burst = bursts.find(({ at, length }) => sent >= at && sent < at + length);
      return { sent, took: burst?.took ?? 0.05, isError: burst?.isError ?? false };
    }),
  );

const isGood = ({ isError }: Request) => !isError;
const end = ({ sent, took }: Request) => sent + took;

const columns = (requests: readonly Request[]) =>
  columnsOf(
    ORIGIN_SECONDS,
    requests.map((one) => ({
      startSeconds: Math.round(one.sent * 1e6) / 1e6,
      durationSeconds: Math.round(one.took * 1e6) / 1e6,
      blockedSeconds: 0,
      status: isGood(one) ? 200 : 500,
      path: '/predict',
    })),
  );

/** A counter's value at each scrape: the requests answered by then. */
function counted({ labels, samples }: Series, requests: readonly Request[]): Series {
  const limit =
    labels.le === undefined ? Number.POSITIVE_INFINITY : Number(labels.le.replace('+Inf', 'Infinity'));
  const own = requests.filter(
    (one) => one.took <= limit && (labels.status === '500' ? !isGood(one) : isGood(one)),
  );
  const isNone = labels.status !== '200' && labels.status !== '500';
  return {
    labels,
    samples: samples.map(([at]): Sample => {
      const so = own.filter((one) => end(one) <= at - ORIGIN_SECONDS);
      return [at, String(isNone ? 0 : so.length)];
    }),
  };
}

function judged(client: string, bursts: readonly Burst[], everySeconds: number) {
  const requests = requestsWith(bursts);
  const last = Math.max(...requests.map(end));
  const good = requests.filter(isGood).length;
  const text = `${requests.length}x0.05`;
  const built = healthy({
    document: document(client),
    scenario: 'steps',
    scrapes: { every: everySeconds, first: 0, last: 70 },
    window: { from: 10.2, to: last + 0.001 },
    load: { sent: requests.length, '2xx': good, '5xx': requests.length - good, late: 0.01 },
    phases: {},
    client: text,
    series: { latency: { le: '0.1=1 0.2=1 0.5=1 1.0=1 +Inf=1' } },
  });
  const load = { ...built.run.load!, client: columns(requests) };
  const readings = built.evidence.readings.map((reading) =>
    /^http_request/.test(reading.selector)
      ? { ...reading, series: reading.series.map((one) => counted(one, requests)) }
      : reading,
  );
  const [plan, run, evidence] = [built.plan, { ...built.run, load }, { ...built.evidence, readings }];
  return { requests, plan, run, evidence, verdict: judgeInWords(plan, run, evidence) };
}

/**
 * The requests of a phase that the service's counts cover: answered inside the covered interval, or in flight
 * at its end.
 */
function ownOf({ phase, covered }: ObjectiveVerdict, requests: readonly Request[]) {
  const { from, to } = PHASES.find(({ name }) => name === phase)!;
  const [opens, closes] = [covered!.from, covered!.to].map(
    (time) => Date.parse(time) / 1000 - ORIGIN_SECONDS,
  );
  return requests.filter(
    (one) => one.sent >= from && one.sent < to && one.sent < closes! && end(one) > opens!,
  );
}

const burst = fc.record({
  at: fc.double({ min: 8, max: 49, noNaN: true }),
  length: fc.double({ min: 0.02, max: 4, noNaN: true }),
  took: fc.constantFrom(0.15, 0.3, 1.1, 2.5, 6),
  isError: fc.boolean(),
});
const bursts = fc.array(burst, { maxLength: 4 });
const everySeconds = fc.constantFrom(1, 2.5);

test("the service's counts for a phase cover the requests sent in it", () => {
  const outcomes = new Set<string>();
  const property = fc.property(bursts, everySeconds, (some, every) => {
    const { requests, verdict } = judged('', some, every);
    for (const row of verdict.objectives) {
      outcomes.add(`${row.id} ${row.verdict}`);
      if (row.verdict === 'undecided') continue;
      const isLatency = row.id.startsWith('latency');
      const own = ownOf(row, requests).filter((one) => !isLatency || isGood(one));
      const bad = own.filter((one) => (isLatency ? one.took > 0.2 : !isGood(one))).length;
      const isKept = bad <= 0.05 * own.length;
      expect(row.verdict === 'met', `${row.id}: ${bad} of ${own.length}, ${row.reason}`).toBe(isKept);
    }
  });
  fc.assert(property, { seed: 4, numRuns: 120 });
  // The services cover every combination.
  for (const id of ['latency-p95 · hold', 'quickness · hold', 'latency-p95 · after'])
    for (const verdict of ['met', 'missed', 'undecided']) expect(outcomes).toContain(`${id} ${verdict}`);
});

test('client-side, no objective is met unless the requests of its phase were fast enough', () => {
  const property = fc.property(bursts, everySeconds, (some, every) => {
    const { requests, verdict } = judged(', client: /predict', some, every);
    for (const { id, phase, verdict: outcome, reason } of verdict.objectives) {
      if (!id.startsWith('latency') || outcome !== 'met') continue;
      const { from, to } = PHASES.find(({ name }) => name === phase)!;
      const own = requests.filter((one) => one.sent >= from && one.sent < to && isGood(one));
      const slow = own.filter(({ took }) => took > 0.2).length;
      expect(slow, `${id}: ${slow} of ${own.length}, ${reason}`).toBeLessThanOrEqual(0.05 * own.length);
    }
  });
  fc.assert(property, { seed: 5, numRuns: 80 });
});

test('a long window with adjacent phases gives the same result although not every sample is read', () => {
  const counts = ({ id, verdict, samples, share, covered }: ObjectiveVerdict) => ({
    ...{ id, verdict, samples, share, covered },
  });
  const property = fc.property(
    bursts,
    everySeconds,
    fc.integer({ min: 3, max: 30 }),
    (some, every, blocks) => {
      const { plan, run, evidence, verdict } = judged('', some, every);
      const thinned = judgeInWords(plan, run, thin(plan, run, evidence, blocks));
      expect(thinned.objectives.map(counts)).toEqual(verdict.objectives.map(counts));
    },
  );
  fc.assert(property, { seed: 6, numRuns: 60 });
});
