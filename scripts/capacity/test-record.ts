import type { CapacityRecord, StepRecord } from '../../slas/capacity/record.ts';
import type { StepOutcome } from '../../slas/capacity/search.ts';
import { throughputAt } from '../../slas/capacity/usl.ts';

/** A search on an imaginary service that obeys the Universal Scalability Law, for tests of its report. */

const LAW = { alpha: 0.03, beta: 0.0012, gamma: 60 };
const CAPACITY = 430;
const LIMIT_SECONDS = 0.2;

/** @param isHold whether the step is a hold: a fresh run that takes longer */
export function stepOf(
  ratePerSecond: number,
  outcome: StepOutcome = ratePerSecond <= CAPACITY ? 'met' : 'missed',
  isHold = false,
): StepRecord {
  const concurrency = concurrencyAt(Math.min(ratePerSecond, CAPACITY));
  const p95Seconds = outcome === 'missed' ? 1.4 : 0.03 + 0.1 * (ratePerSecond / CAPACITY) ** 6;
  const cores = Math.min(2, 0.1 + ratePerSecond / 230);
  return {
    ...{ kind: isHold ? 'hold' : 'step', ratePerSecond, outcome, maxSeconds: isHold ? 120 : 60 },
    ...{ tookSeconds: isHold ? 131 : 33, loadedSeconds: isHold ? 120 : 20 },
    ...(outcome === 'invalid' ? { because: 'generator-late' } : {}),
    run: `2026-11-30T03-00-00Z-${isHold ? 'hold' : 'steady'}-${ratePerSecond}`,
    verdict: outcome === 'met' ? 'pass' : outcome === 'missed' ? 'fail' : 'inconclusive',
    missed: outcome === 'missed' ? ['latency-p95'] : [],
    broken: outcome === 'invalid' ? ['generator-on-time'] : [],
    figures: {
      client: {
        successesPerSecond: throughputAt(LAW, concurrency),
        begunPerSecond: ratePerSecond,
        meanSeconds: concurrency / ratePerSecond,
        concurrency,
        p95Seconds,
      },
      service: { ratePerSecond, meanSeconds: null, concurrency: 0.95 * concurrency },
      latencies: [
        { objective: 'latency-p95', percentile: 95, limitSeconds: LIMIT_SECONDS, seconds: p95Seconds },
      ],
      ...{ sent: 20 * ratePerSecond, unanswered: 0, dropped: 0 },
      resources: [
        { name: 'cpu', value: cores },
        { name: 'memory', value: 5.1e8, peak: 5.4e8 },
        { name: 'event-loop', value: outcome === 'missed' ? 0.4 : 0.012 },
        { name: 'queue', value: outcome === 'missed' ? 180 : 0.4 },
        { name: 'unanswered', value: 0 },
      ],
    },
  };
}

function concurrencyAt(ratePerSecond: number): number {
  let [low, high] = [0, 28];
  for (let step = 0; step < 50; step++) {
    const middle = (low + high) / 2;
    if (throughputAt(LAW, middle) < ratePerSecond) low = middle;
    else high = middle;
  }
  return low;
}

export const recordOf = (
  steps: readonly StepRecord[] = [25, 50, 100, 200, 400, 800, 600, 500, 450, 425, 438].map((rate) =>
    stepOf(rate),
  ),
): CapacityRecord => ({
  schema: 'sla-harness/capacity/v1',
  id: '2026-11-30T03-00-00Z-capacity-steady-0000',
  sla: 'sentiment-api',
  asked: { scenario: 'steady', headroom: 0.3, targetPerSecond: 1000 },
  documentSha256: 'f'.repeat(64),
  settings: {
    ...{ startPerSecond: 25, minPerSecond: 16.5, maxPerSecond: 10_000, confidence: 0.95 },
    ...{ stepSeconds: { min: 20, max: 60, close: 120 }, holdSeconds: 120 },
    ...{ budgetSeconds: 900, aroundSeconds: 12 },
  },
  workload: 'sentiment-api',
  replicas: 1,
  cores: 2,
  steps,
});
